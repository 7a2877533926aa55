"""What a run looks like: HTML that needs no JavaScript, and text."""
