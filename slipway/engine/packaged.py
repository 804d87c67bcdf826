"""Slipway's Compose files for a project that has none of their kind: rendered out of the package, below .slipway.

They are the files of this version's template with the project's variables, secrets and folders in them: nothing of
them stands twice. Compose reads them with the project's folder as its own.
"""

import json
import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.core import resources
from slipway.core.errors import Problem
from slipway.project import adopted, database, values, written
from slipway.project.config import Project
from slipway.project.dotenv import FOREIGN
from slipway.project.processes import package as of_service

FOLDER = "files"  # in .slipway
COMPOSE = (
    "compose.yaml", "compose.override.yaml", "compose.prod.yaml", "compose.release.yaml", "compose.https.yaml",
    "compose.ipv6.yaml", "compose.test.yaml",
)  # fmt: skip
OVERRIDE = "compose.override.yaml"
OTHERS = ("Caddyfile",)
SEEN = "image.json"  # in .slipway: what the last build has found in the image
# What gunicorn.conf.py reads.
SERVER = (
    "FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY", "WORKER_CLASS", "BODY_IDLE_SECONDS", "BODIES_PER_CLIENT", "LOG_FORMAT",
)  # fmt: skip
# What `inv` and the Compose files read, and the service's container has otherwise.
OTHERWISE = frozenset((
    "BIND_ADDRESS", "TRUSTED_PROXIES", "DOMAIN", "PORT", "HTTPS_PORT", "METRICS_PORT", "ACME_EMAIL", "ACME_CA",
    "ACME_CA_ROOT", "WEB_MEMORY", "DATABASE_MEMORY", "PROXY_MEMORY",
))  # fmt: skip
SETTINGS = re.compile(r"(?m)^(x-settings: &settings\n)(?:  [A-Z_]+:\n)+")
RESETS = re.compile(rf"(?m)^( +){database.PASSWORD}: !reset null\n(?:\1[A-Z_]+: !reset null\n)*")
BUILD = re.compile(r"(?m)^    build: \.\n")
METRICS = re.compile(r', METRICS_PORT: "\d+"\}.*$', re.M)
RELOAD = re.compile(r', RELOAD: "1"')
MOUNTS = re.compile(r"(?m)^    volumes:\n(?:      - \./.*\n)+")
# The service's, and in production those of its one-offs: of no other container.
TMPFS = {
    "compose.release.yaml": re.compile(r'(?m)^(    tmpfs: \["/tmp:.*)\]$'),
    "compose.prod.yaml": re.compile(r'(?m)^(    tmpfs: \["/tmp:.*"/run/secrets:.*)\]$'),
}
EXTENDED = re.compile(r"(?<=\{file: )compose\.yaml")
NAMED = re.compile(r"(?m)^name: .*\n")
# The database's own: its container, what waits for it, its volumes.
OF_DATABASE = re.compile(
    r"(?m)(?:^  # .*\n)*^  db:\n(?:    .*\n|\n(?=    ))+\n?"
    r"|^    depends_on:\n      db: .*\n(?!      )|^      db: \{condition: .*\n"
    r"|^volumes:\n  db:\n(?!  )|^  secrets:  # the database's.*\n"
)


@dataclass(frozen=True)
class Seen:
    """What the project's image was like when it was built last: where the service's package lies, and its folder.

    Both are "" before.
    """

    place: str = ""
    workdir: str = ""


def where(project: Project) -> str:
    """Return the folder of the Compose files, as seen from the project's."""
    return f".slipway/{FOLDER}" if adopted.has_packaged_files(project) else ""


def named(project: Project) -> list[str]:
    """Return the variables that the service's containers may have, by name.

    What the image makes itself of DATABASE_* is left out: it would show a password.
    """
    try:
        own = values.names(project)
    except Problem:  # of a .env that cannot be read, which is said by who needs it
        own = []
    known = [*database.NAMES, *SERVER, *own, *project.secrets]
    left_out = {*OTHERWISE, *project.database.rendered}
    return [name for name in dict.fromkeys(known) if name not in left_out and not FOREIGN.fullmatch(name)]


def rendered(project: Project, seen: Seen = Seen()) -> dict[str, str]:
    """Return the texts of the files, by name."""
    names = named(project)
    secret = [database.PASSWORD, *(name for name in project.secrets if name != database.PASSWORD)]
    found: dict[str, str] = {}
    for name in COMPOSE:
        text = _told(resources.template(name), names, secret)
        text = EXTENDED.sub(f".slipway/{FOLDER}/compose.yaml", METRICS.sub("}", BUILD.sub("", NAMED.sub("", text))))
        text = text if _has_database(project) else OF_DATABASE.sub("", text)
        found[name] = _writable(name, text, project, seen)
    found[OVERRIDE] = _mounted(found[OVERRIDE], project, mounts(project, seen), hidden(project, seen))
    return found | {name: resources.template(name) for name in OTHERS}


def _has_database(project: Project) -> bool:
    # Of a .env that cannot be read, nobody knows.
    try:
        return bool(values.hostname(project))
    except Problem:
        return True


def mounts(project: Project, seen: Seen) -> dict[str, str]:
    """Return which folders of the project a container gets in development, each with where it is in the image.

    The service's package first. None where the image does not tell: what is changed comes with the next build.
    """
    package = of_service(project.asgi, project.processes)
    here = [posixpath.join(folder, package) for folder in (*project.pythonpath, ".")]
    own = next((posixpath.normpath(one) for one in here if (project.root / one / "__init__.py").is_file()), "")
    own = own or next((posixpath.normpath(one) for one in here if (project.root / one).is_dir()), "")
    if not (seen.place and own and package):
        return {}
    found = {own: seen.place}
    if project.migrations and not f"{project.migrations}/".startswith(f"{own}/"):
        found[project.migrations] = posixpath.normpath(posixpath.join(seen.workdir, project.migrations))
    return found


def hidden(project: Project, seen: Seen) -> dict[str, str]:
    """Return the folders that the service writes to, and that a mount hides in development, each with where it is."""
    mounted = mounts(project, seen).items()
    own = [posixpath.normpath(one) for one in project.writable]
    return {one: target + one.removeprefix(at) for one in own for at, target in mounted if one.startswith(f"{at}/")}


def provide(project: Project) -> None:
    """Have the files there, as they are now; a file that is the same is left alone. Raises Problem."""
    if not adopted.has_packaged_files(project):
        return
    folder = project.root / where(project)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in rendered(project, seen(project)).items():
            written.put(folder / name, text.encode())
        for one in hidden(project, seen(project)):
            (project.root / one).mkdir(parents=True, exist_ok=True)  # the engine cannot: the mount is read-only
    except OSError as error:
        raise Problem(f"{error.filename} cannot be written: {error.strerror}.") from None


def file(project: Project, name: str) -> Path:
    """Return where a file of Slipway's kind is: the project's, or the one that is rendered."""
    return project.root / where(project) / name


def seen(project: Project) -> Seen:
    """Return what the last build of this checkout has found in the image."""
    try:
        return Seen(**json.loads((project.state / SEEN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Seen()


def note(project: Project, found: Seen) -> None:
    """Keep what a build has found in the image, for the files."""
    if adopted.has_packaged_files(project):
        project.state.mkdir(exist_ok=True)
        written.put(project.state / SEEN, json.dumps(vars(found)).encode())
        provide(project)


def _told(text: str, names: Iterable[str], secret: Collection[str]) -> str:
    text = SETTINGS.sub(lambda found: found[1] + "".join(f"  {name}:\n" for name in names), text)
    return RESETS.sub(lambda found: "".join(f"{found[1]}{name}: !reset null\n" for name in secret), text)


def _writable(name: str, text: str, project: Project, seen: Seen) -> str:
    # What the service's containers in production can write to, beside /tmp; it is gone with the container.
    folders = [posixpath.normpath(posixpath.join(seen.workdir, one)) for one in project.writable if seen.workdir]
    more = "".join(f', "{folder}:size=64m,mode=1777,nosuid,nodev"' for folder in folders)
    at = TMPFS.get(name)
    return at.sub(lambda found: f"{found[1]}{more}]", text) if at and more else text


def _mounted(text: str, project: Project, found: Mapping[str, str], below: Mapping[str, str]) -> str:
    if not found:
        return RELOAD.sub("", MOUNTS.sub("", text)).replace("\n  migrate:\n", "\n").rstrip() + "\n"
    own = next(iter(found))
    closed = "" if f"{project.migrations}/".startswith(f"{own}/") else ":ro"  # `inv revision` writes there, as you
    web = f"      - ./{own}:{found[own]}:ro\n"
    rest = "".join(f"      - ./{path}:{target}\n" for path, target in found.items() if path != own)
    both = iter((web, f"      - ./{own}:{found[own]}{closed}\n{rest}"))
    # A volume begins as the image's folder, with its owner; in memory, it would have the mode of the one here.
    named = {re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-"): target for path, target in below.items()}
    more = "".join(f"      - {name}:{target}\n" for name, target in named.items())
    last = "\nvolumes:\n" + "".join(f"  {name}:\n" for name in named) if named else ""
    return MOUNTS.sub(lambda _: f"    volumes:\n{next(both)}{more}", text) + last
