"""What a run leaves in its folder: as it goes on, and at its end."""
