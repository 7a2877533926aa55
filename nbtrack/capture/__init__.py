"""Turning a running cell, function or block into a run."""
