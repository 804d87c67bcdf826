"""pip's requirements files in which every package has its version and hashes.

https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slipway.project.locks import beside, conditions
from slipway.project.locks.package import ARCHIVE, DIRECTORY, FILE, Content, Package, Unusable, canonical, file_name

LINE = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?P<extras>\[[^]]*\])?\s*"
    r"(?:@\s*(?P<url>\S+)|\(?(?P<pin>[^;@)]*)\)?)\s*(?:;\s*(?P<marker>.*))?"
)
PINNED = re.compile(r"===?\s*(?P<version>[A-Za-z0-9][\w.!+-]*)")
OPTION = re.compile(r"(?P<name>-{1,2}[a-z][a-z-]*)(?:[\s=]\s*(?P<value>.*))?|-(?P<short>[a-z])(?P<rest>.*)")
HASH = re.compile(r"\s--hash[=\s]\s*(?P<hash>\w+:[0-9A-Fa-f]+)(?=\s|$)")
ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
INDEXES = ("--index-url", "-i", "--extra-index-url", "--find-links", "-f", "--no-index", "--pre", "--prefer-binary")
KEPT = (*INDEXES, "--no-binary", "--only-binary", "--trusted-host")
FILES, CONSTRAINTS, EDITABLE = ("-r", "--requirement"), ("-c", "--constraint"), ("-e", "--editable")
UNHASHED = "{} has no hash for {}: make it with `uv pip compile --generate-hashes` or `pip-compile --generate-hashes`"


@dataclass
class _Found:
    packages: list[Package] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    source: str = ""


def read(path: Path) -> Content:
    """Read a file, and those that it includes; raises Unusable."""
    found = _Found()
    _file(path, path.parent, found, ())
    return Content(beside.merged(found.packages), found.source, tuple(dict.fromkeys(found.options)))


def _file(path: Path, root: Path, found: _Found, above: tuple[Path, ...]) -> None:
    if path in above:
        raise Unusable(f"{path.name} includes itself")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        if above:
            raise Unusable(f"{above[-1].name} includes {path.name}, which cannot be read: {error.strerror}") from None
        raise
    for line in _lines(text):
        if line.startswith("-"):
            _option(line, path, root, found, above)
        else:
            found.packages.append(_package(line, path, root))


def _lines(text: str) -> Iterator[str]:
    # As pip does: lines are joined first, and a comment ends a joined one.
    joined = ""
    for line in text.splitlines():
        comment = re.match(r"\s*#", line)
        if line.endswith("\\") and not comment:
            joined += line[:-1] + " "
            continue
        whole = re.sub(r"(^|\s)#.*$", "", joined + ("" if comment else line)).strip()
        joined = ""
        if whole:
            yield whole
    if joined.strip():
        yield joined.strip()


def _option(line: str, path: Path, root: Path, found: _Found, above: tuple[Path, ...]) -> None:
    option = OPTION.fullmatch(line)
    name, value = (
        (option["name"] or f"-{option['short']}", option["value"] or option["rest"] or "") if option else ("", "")
    )
    value = value.strip()
    if name in FILES:
        _file(path.parent / value, root, found, (*above, path))
    elif name in EDITABLE:
        place = _place(re.sub(r"^file:(//)?", "", value), path, root)
        if place == "." or (root / place).resolve() == root.resolve():
            found.source = "."
        else:
            found.packages.append(_folder(place, root, path, ""))
    elif name in KEPT:
        found.options.append(line)
    elif name not in CONSTRAINTS and name not in ("--require-hashes", "--use-feature"):
        raise Unusable(f"{path.name} has the line {line!r}, which is no package with its version and hashes")


def _package(line: str, path: Path, root: Path) -> Package:
    hashes = [one["hash"] for one in HASH.finditer(line)]
    bare = HASH.sub("", line).strip()
    place, _, marker = (part.strip() for part in bare.partition(" ;"))
    if _is_path(place):
        return _of_path(place, marker, hashes, path, root)
    one = LINE.fullmatch(bare)
    if not one:
        raise Unusable(f"{path.name} has the line {bare!r}, which is no package with its version and hashes")
    if one["url"]:
        return _of_url(one, hashes, path, root)
    pinned = PINNED.fullmatch(one["pin"].strip())
    if not hashes:
        raise Unusable(UNHASHED.format(path.name, one["name"]))
    if not pinned or pinned["version"].endswith(".*"):
        raise Unusable(f"{path.name} does not say which version of {one['name']}")
    return Package(one["name"], pinned["version"], _groups(one["marker"] or ""), {one: one for one in hashes})


def _of_url(one: re.Match[str], hashes: list[str], path: Path, root: Path) -> Package:
    url, fragment = one["url"].partition("#")[::2]
    if given := re.search(r"(?:^|&)(sha\d+)=([0-9a-f]+)", fragment):
        hashes = [*hashes, f"{given[1]}:{given[2]}"]
    if url.startswith("file:") or _is_path(url):
        return _of_path(url, one["marker"] or "", hashes, path, root, one["name"])
    markers = _groups(one["marker"] or "")
    name, version = one["name"], _name_and_version(file_name(url))[1]
    if hashes and urlsplit(url).scheme in ("http", "https"):
        return Package(name, version, markers, {file_name(url): hashes[0]}, url, kind=ARCHIVE)
    return Package(name, version, markers, {}, url, kind="git" if url.startswith("git+") else "url")


def _of_path(place: str, marker: str, hashes: list[str], path: Path, root: Path, name: str = "") -> Package:
    place = unquote(re.sub(r"^file:(//(localhost)?)?", "", place)) if place.startswith("file:") else place
    origin = _place(place, path, root)
    if not origin.endswith(ARCHIVES):
        return _folder(origin, root, path, marker, name)
    found, version = _name_and_version(file_name(origin))
    if not hashes:
        raise Unusable(UNHASHED.format(path.name, place))
    return Package(
        name or found, version, _groups(marker), {Path(origin).name: one for one in hashes}, origin, kind=FILE
    )


def _folder(origin: str, root: Path, path: Path, marker: str, name: str = "") -> Package:
    try:
        about = tomllib.loads((root / origin / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
        found = name or about["name"]
        return Package(found, str(about.get("version", "")), _groups(marker), {}, origin, kind=DIRECTORY)
    except (OSError, ValueError, KeyError, AttributeError):
        raise Unusable(f"{path.name} names {origin}, which is no folder of a package with its name") from None


def _groups(marker: str) -> dict[str, str]:
    if "extra" not in marker:
        conditions.parse(marker)
        return {"main": marker.strip()}
    return conditions.by_extra(marker)


def _is_path(place: str) -> bool:
    if place.startswith((".", "/", "file:")):
        return True
    return ("/" in place or place.endswith(ARCHIVES)) and " @ " not in place and ":" not in place


def _place(place: str, path: Path, root: Path) -> str:
    # As seen from the folder of the file that includes all others.
    return os.path.normpath(os.path.relpath(path.parent / place, root) if path.parent != root else place)


def _name_and_version(file: str) -> tuple[str, str]:
    if file.endswith(".whl") and file.count("-") >= 4:
        name, version = file.split("-")[:2]
        return canonical(name), version
    stem = next((file.removesuffix(end) for end in ARCHIVES if file.endswith(end)), file)
    name, _, version = stem.rpartition("-")
    return canonical(name or stem), version if name else ""
