"""What is installed in an image; runs inside it, with the standard library alone.

Prints JSON: Python's version, the distributions of the virtual environment and of the base image with their sizes in
bytes (bytecode included), and the packages of the system.
"""

import importlib.metadata
import importlib.util
import json
import platform
import site
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

BESIDE = "/opt/slipway/packages"  # in the image of a project's own Dockerfile: what Slipway has added


def distributions(folders: list[str]) -> Iterator[dict[str, object]]:
    """Yield the distributions in some folders."""
    for one in sorted(importlib.metadata.distributions(path=folders), key=lambda one: one.metadata["Name"].lower()):
        licenses = [c.rpartition(" :: ")[2] for c in one.metadata.get_all("Classifier", []) if c.startswith("License")]
        yield {
            "name": one.metadata["Name"],
            "version": one.version,
            "summary": field(one, "Summary"),
            "expression": field(one, "License-Expression"),
            "license": field(one, "License"),
            "classifiers": licenses,
            "requires": one.requires or [],
            "size": sum(map(size, (Path(str(file.locate())) for file in one.files or []))),
            "archive": archive(one),
        }


def archive(one: importlib.metadata.Distribution) -> dict[str, str]:
    """Return the name and the SHA-256 of the file that a distribution comes from, when that was no index's.

    A pip before 23.1 doesn't note the hash, which is "" then.
    """
    note = json.loads(one.read_text("direct_url.json") or "{}")
    if "archive_info" not in note:
        return {}
    digest = note["archive_info"].get("hashes", {}).get("sha256", "")
    return {"file": unquote(note["url"].rpartition("/")[2]), "sha256": digest}


def field(one: importlib.metadata.Distribution, name: str) -> str:
    """Return a field of the metadata, "" when it is not there."""
    return "".join(one.metadata.get_all(name, [])[:1])


def size(path: Path) -> int:
    """Return the bytes of a file and of its bytecode."""
    files = [path, Path(importlib.util.cache_from_source(str(path)))] if path.suffix == ".py" else [path]
    return sum(file.lstat().st_size for file in files if file.exists())


def system() -> dict[str, object]:
    """Return the system's name, version and packages (Debian's or Alpine's)."""
    release = platform.freedesktop_os_release()
    status = [Path("/var/lib/dpkg/status"), *Path("/var/lib/dpkg/status.d").glob("*"), Path("/lib/apk/db/installed")]
    found = [
        {
            "name": fields.get("Package") or fields["P"],
            "version": fields.get("Version") or fields["V"],
            "arch": fields.get("Architecture") or fields.get("A", ""),
            "source": fields.get("Source", "").partition(" ")[0] or fields.get("o", ""),
            "license": fields.get("L", ""),
        }
        for file in status
        if file.is_file()
        for fields in paragraphs(file.read_text(encoding="utf-8"))
        if fields.get("Status", "installed").endswith("installed") and ("Package" in fields or "P" in fields)
    ]
    found.sort(key=lambda one: (one["name"], one["arch"]))
    return {"id": release.get("ID", ""), "version": release.get("VERSION_ID", ""), "packages": found}


def paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each paragraph."""
    for paragraph in text.split("\n\n"):
        pairs = (line.partition(":") for line in paragraph.splitlines() if line[:1].isalpha())
        yield {name: value.strip() for name, _, value in pairs}


if __name__ == "__main__":
    outside = {"base": sys.base_prefix, "platbase": sys.base_prefix}
    environment, below = site.getsitepackages(), sysconfig.get_path("purelib", "posix_prefix", outside)
    everything = {
        "python": platform.python_version(),
        "environment": list(distributions([*environment, BESIDE])),
        "base": list(distributions([below] if below not in environment else [])),
        "system": system(),
    }
    print(json.dumps(everything))  # noqa: T201
