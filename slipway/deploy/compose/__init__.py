"""Releases on one Docker Engine, through Compose."""
