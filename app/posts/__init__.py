"""Posts of the users."""
