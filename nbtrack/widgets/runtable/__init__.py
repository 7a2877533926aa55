"""The run table that lives in the notebook: a grid in the browser, and its half in the kernel."""
