"""A Docker Engine, Compose, registries."""
