"""The machinery behind the verbs of tasks.py.

One idea a module. All it knows of the service stands in `[tool.slipway]` of pyproject.toml.
"""
