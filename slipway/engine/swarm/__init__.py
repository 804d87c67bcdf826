"""A Docker Swarm: what its managers tell, and do."""
