"""The project in its folder: configuration, settings, tree."""
