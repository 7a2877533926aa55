"""The detail view that lives in the notebook: note and tags are edited in place, and a run under way is followed."""
