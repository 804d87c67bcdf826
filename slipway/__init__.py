"""Slipway: what takes a service from a laptop to a server.

One idea a module. All it knows of the service stands in `[tool.slipway]` of pyproject.toml.
"""

__version__ = "0.2.0"
