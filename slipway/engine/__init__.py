"""A Docker Engine, Compose, registries."""

from slipway.engine import calls as calls
