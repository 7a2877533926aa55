"""The store: journals that take every value at once, a DuckDB file that they are folded into, and the reads."""
