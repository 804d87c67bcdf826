"""`.venv`: what it is, whether it serves, and how it gets its packages; the standard library alone."""
