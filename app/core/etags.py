"""Conditional requests (RFC 9110, section 13)."""

import hashlib
import re
import zlib

from fastapi import Request, Response

# An answer may be kept by its reader alone, who asks each time whether it still holds.
REVALIDATE = {"Cache-Control": "private, no-cache"}
_VERSION = re.compile(r'"([0-9]{1,9})-[0-9a-f]{8}"')


def of_content(content: bytes) -> str:
    """Return an ETag of an answer that has no version."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def of_version(version: int, shape: str) -> str:
    """Return the ETag of a row's version; `shape` says which fields are shown of it."""
    return f'"{version}-{zlib.crc32(shape.encode()):08x}"'


def versions(if_match: str | None) -> set[int] | None:
    """Return the versions that If-Match allows; None for any."""
    if if_match is None or if_match.strip() == "*":
        return None
    # What is weak, longer than a version can be or not ours matches nothing.
    return {int(match[1]) for tag in if_match.split(",") if (match := _VERSION.fullmatch(tag.strip()))}


def answer(request: Request, content: bytes, etag: str) -> Response:
    """Answer a read with JSON; 304 when the client has it already."""
    held = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    headers = {**REVALIDATE, "ETag": etag}
    if held & {etag, "*"}:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")
