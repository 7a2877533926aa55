"""Two or more runs side by side: what differs between them, as HTML that needs nothing to run."""
