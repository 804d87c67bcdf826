"""A release, as its provenance says where it comes from."""

from slipway.trust.provenance import Origin

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "d" * 64
ORIGIN = Origin(
    version="1.4.2",
    commit=COMMIT,
    source="https://example.com/shop",
    arguments={"PORT": "8000", "TITLE": "shop", "VERSION": "1.4.2", "REVISION": COMMIT},
    base="python:3.13-slim",
    base_digest="sha256:" + "b" * 64,
    lock="c" * 64,
    gates={"tests": "passed", "deploy": "left out: --skip"},
    builder="urn:slipway:by:a@b",
    tools={"docker": "26.1"},
    began="2026-11-25T01:00:00Z",
    ended="2026-11-25T01:02:00Z",
    sbom="e" * 64,
)
