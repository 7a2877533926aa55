"""Everything about one run: static HTML, text, and a form whose note and tags are edited in place."""
