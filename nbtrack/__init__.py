"""nbtrack: a Jupyter-first experiment tracker that tells the truth about notebooks."""
