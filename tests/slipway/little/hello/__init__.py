"""Another service, to show that the machinery knows nothing of the first."""
