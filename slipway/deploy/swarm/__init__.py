"""Releases on a Docker Swarm, through the Engine API."""
