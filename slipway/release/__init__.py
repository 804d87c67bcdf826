"""A version: gates, commit, tag, publication."""
