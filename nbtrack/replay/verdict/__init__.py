"""Saying whether a replay gave the metrics, and why it did not."""
