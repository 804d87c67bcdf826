"""Where an image comes from, and who has signed that."""
