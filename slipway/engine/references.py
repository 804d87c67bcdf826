"""References of images: HOST/NAME:TAG@DIGEST, and their parts."""

import re


def host(tag: str) -> str:
    """Return the registry of a reference.

    That is its first part, where it is an address.
    """
    first, slash, _ = tag.partition("/")
    return first if slash and (set(".:") & set(first) or first == "localhost") else "docker.io"


def name(reference: str) -> str:
    """Return a reference without its tag and digest."""
    plain = reference.partition("@")[0]
    head, _, tail = plain.rpartition("/")
    return f"{head}/{tail.partition(':')[0]}" if head else tail.partition(":")[0]


def tag(reference: str) -> str:
    """Return the tag of a reference, "" for none."""
    return reference.partition("@")[0].rpartition("/")[2].partition(":")[2]


def digest(reference: str) -> str:
    """Return the digest of a reference, "" for none."""
    return reference.partition("@")[2]


def canonical(name: str) -> str:
    """Return a repository's one name.

    Those of Docker Hub have several.
    """
    return re.sub(r"^(index\.)?docker\.io/(library/)?", "", name)


def plain(reference: str) -> str:
    """Return a reference as engines list it.

    By its digest when it has one, else by its tag.
    """
    return f"{canonical(name(reference))}@{digest(reference)}" if digest(reference) else reference


def pinned(reference: str, digest: str) -> str:
    """Return a reference with its tag and its digest.

    The tag is for people, the digest is what counts.
    """
    return f"{reference.partition('@')[0]}@{digest}"
