"""The labels of an image, what it says of itself; and those that a container has of its process.

https://specs.opencontainers.org/image-spec/annotations/
"""

VERSION = "org.opencontainers.image.version"
CREATED = "org.opencontainers.image.created"
BASE_NAME = "org.opencontainers.image.base.name"
PREVIOUS = "dev.slipway.previous"  # the version released before
SCHEMA = "dev.slipway.schema"  # the newest revisions
ACCEPTS = "dev.slipway.accepts"  # the secrets that it reads, by name
INPUTS = "dev.slipway.inputs"  # the hash of what went in
FORMAT = "dev.slipway.format"  # the number of how it is made; see formats.py
SINGLE = "dev.slipway.single"  # of a container: never two of its service are at work
