"""Scene and camera files."""
