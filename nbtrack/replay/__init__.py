"""Replaying what a run depends on: in a fresh kernel as it was, with other params or seeds; or as a file to run."""
