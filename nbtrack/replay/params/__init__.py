"""Setting params in the code that a replay runs."""
