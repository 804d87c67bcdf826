"""A package that is a folder of a project."""
