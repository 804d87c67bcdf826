"""The image: its name, what goes in, its build, what is in it."""
