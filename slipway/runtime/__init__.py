"""Where the service runs: a Docker Engine, or this machine."""
