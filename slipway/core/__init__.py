"""What every package needs; knows nothing of a service."""
