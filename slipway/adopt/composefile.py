"""Compose files, as far as they tell how a service runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from slipway.adopt import yaml
from slipway.adopt.files import Files
from slipway.adopt.findings import at

PATTERNS = ("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml", "compose.*.y*ml",
            "docker-compose.*.y*ml", "docker-compose-*.y*ml", "compose-*.y*ml")  # fmt: skip
DEVELOPMENT = re.compile(r"override|dev|local|test|ci|debug")
PRODUCTION = re.compile(r"prod|deploy|release")
POSTGRES = re.compile(r"(^|/)(postgres|postgis|timescaledb|pgvector|postgresql|paradedb|citus)[^/]*$")


@dataclass(frozen=True)
class Service:
    """A service of a Compose file; `environment` has None for what is passed on."""

    name: str
    where: str
    file: str
    image: str = ""
    context: str = ""
    dockerfile: str = ""
    target: str = ""
    command: str = ""
    environment: dict[str, str | None] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    health: str = ""
    mounts: tuple[str, ...] = ()  # files and folders of this machine, as seen from the project
    args: dict[str, str | None] = field(default_factory=dict)

    @property
    def is_postgres(self) -> bool:
        """Whether it is a PostgreSQL."""
        return bool(POSTGRES.search(self.image.partition("@")[0]))


def services(files: Files) -> list[Service]:
    """Return the services of all Compose files, those of production first, those of development last."""
    names = [name for name in files.called(*PATTERNS) if name.count("/") - name.count("../") * 2 <= 1]
    names.sort(key=lambda name: (_rank(name), name.startswith(".."), name.count("/")))
    return [one for name in names for one in _of(files, name)]


def _rank(name: str) -> int:
    own = name.rpartition("/")[2]
    if DEVELOPMENT.search(own):
        return 2
    return 0 if PRODUCTION.search(own) else 1


def _of(files: Files, name: str) -> Iterator[Service]:
    try:
        document = yaml.load(files.text(name))
    except (ValueError, RecursionError):
        files.unread[name] = "it is not YAML as Compose files are"
        return
    found = document.get("services") if isinstance(document, dict) else None
    found = found if isinstance(found, yaml.Table) else yaml.Table()
    for key, said in found.items():
        if isinstance(said, dict):
            yield _service(files, name, key, said, found.lines.get(key, found.lines.get("services", 0)))


def _service(files: Files, file: str, key: str, said: dict[str, Any], line: int) -> Service:
    build = said.get("build")
    build = {"context": build} if isinstance(build, str) else build if isinstance(build, dict) else {}
    folder = PurePosixPath(file).parent
    context = files.relative(folder / (_text(build.get("context")) or ".")) if build else ""
    dockerfile = _text(build.get("dockerfile")) or "Dockerfile"
    health = said.get("healthcheck")
    return Service(
        key, at(file, line), file,
        image=_text(said.get("image")),
        context=context,
        dockerfile=files.relative(PurePosixPath(context) / dockerfile) if build else "",
        target=_text(build.get("target")),
        command=f"{_words(said.get('entrypoint'))} {_words(said.get('command'))}".strip(),
        environment=_environment(said.get("environment")),
        env_files=tuple(files.relative(folder / one) for one in _env_files(said.get("env_file"))),
        ports=tuple(_port(one) for one in _list(said.get("ports"))),
        health=_words(health.get("test")) if isinstance(health, dict) else "",
        mounts=tuple(files.relative(folder / one) for one in _mounts(said.get("volumes"))),
        args=_environment(build.get("args")),
    )  # fmt: skip


def _mounts(value: Any) -> Iterator[str]:
    # https://docs.docker.com/reference/compose-file/services/#volumes: a path begins with a dot, a slash or a tilde.
    for one in _list(value):
        kind, source = (_text(one.get("type")), _text(one.get("source"))) if isinstance(one, dict) else ("", _text(one))
        source = source if kind else source.partition(":")[0] if ":" in source else ""
        if kind in ("", "bind") and source.startswith("."):
            yield source


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _words(value: Any) -> str:
    words = " ".join(one for one in _list(value) if isinstance(one, str))
    return re.sub(r"^(CMD-SHELL|CMD|NONE)\b\s*", "", words)


def _env_files(value: Any) -> list[str]:
    return [_text(one.get("path")) if isinstance(one, dict) else _text(one) for one in _list(value)]


def _environment(value: Any) -> dict[str, str | None]:
    if isinstance(value, dict):
        return {key: _scalar(one) for key, one in value.items()}
    pairs = (one.partition("=") for one in _list(value) if isinstance(one, str))
    return {key: after if separator else None for key, separator, after in pairs}


def _scalar(value: Any) -> str | None:
    # As Compose spells it.
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else None


def _port(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_text(value.get('published'))}:{_text(value.get('target'))}"
    return _text(value)
