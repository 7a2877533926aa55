"""Runs as one page that needs nothing else: a table to sort, each run in full, and how they differ."""
