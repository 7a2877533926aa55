"""Finding the places where code sets a seed, and putting another there."""
