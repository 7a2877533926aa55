"""Writing a run's slice as a notebook or script that stands by itself."""
