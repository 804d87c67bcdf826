"""What other orchestrators read, rendered from a project's Compose files: manifests of Kubernetes."""
