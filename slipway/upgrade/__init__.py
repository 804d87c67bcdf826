"""Another version of Slipway in a project: its files merged with the project's, and nothing of the project's lost."""
