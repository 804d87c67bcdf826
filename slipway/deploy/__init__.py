"""One release in the place of another, without losing a request."""
