"""Running the cells of a recipe in a fresh kernel that cannot touch the user's files."""
