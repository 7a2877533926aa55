"""What replays of runs come to, as frozen dataclasses that say it in words."""
