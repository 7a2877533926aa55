"""What is typed in a notebook: ``%load_ext nbtrack``, ``%%track`` and ``%nbtrack``."""
