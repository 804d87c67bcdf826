"""The one place that spells `docker compose`."""

import os
import posixpath
import re
import shutil
import sys
from collections.abc import Mapping, Sequence

from slipway.core.errors import Problem
from slipway.core.shell import tokens
from slipway.core.sources import FILE
from slipway.engine import packaged
from slipway.project import adopted
from slipway.project.config import Project
from slipway.project.environments import DEV, OF_SLIPWAY, PROD

FILES = {
    DEV: ("compose.yaml", "compose.override.yaml"),
    PROD: ("compose.yaml", "compose.prod.yaml"),  # and any other environment's
    "test": ("compose.yaml", "compose.test.yaml"),
    "rehearsal": ("compose.yaml", "compose.test.yaml"),
}
HTTPS = "compose.https.yaml"  # beside those of production, when there is a domain
IPV6 = "compose.ipv6.yaml"  # likewise, for the proxy, when the engine passes the IPv6 addresses of clients
RELEASE = "compose.release.yaml"  # instead of them, for a release
UNREADABLE = "Compose cannot read its files (see above)."
# https://docs.docker.com/compose/how-tos/environment-variables/envvars/: --env-file goes before both.
OF_ENV_FILES = ("COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE")
WITHOUT_ENV = ("--env-file", "/dev/null")
# https://github.com/distribution/reference: a part of a repository's name, of what a Compose project may be called
IMAGE = re.compile(r"[a-z0-9]+((__?|-+)[a-z0-9]+)*")
ANY = "none"  # for a release and its image, where any will do


def compose_command(
    project: Project,
    environment: str,
    *args: str | Sequence[str] | None,
    release: str = "",
    https: bool = False,
    ipv6: bool = False,
    more: Sequence[str] = (),
) -> list[str]:
    """Return a `docker compose` command line; None is dropped.

    With `release`, for the Compose project of that release. `more` are files beyond the project's own.
    """
    beside = tuple(file for file, wanted in ((HTTPS, https), (IPV6, ipv6)) if wanted)
    files = (RELEASE,) if release else (*FILES.get(environment, FILES[PROD]), *beside)
    folder = packaged.where(project)
    name = project_name(project, environment)
    return tokens(
        ["docker", "compose"],
        None if sys.stdout.isatty() else ["--ansi", "never"],
        ["--project-name", f"{name}-{release}" if release else name],
        ["--project-directory", "."] if folder else None,
        *(["--file", posixpath.join(folder, file)] for file in files if (project.root / folder / file).exists()),
        *(["--file", file] for file in more),
        None if WITHOUT_ENV in args else _env_file(project),
        *args,
    )


def _env_file(project: Project) -> Sequence[str] | None:
    # Compose finds .env itself, unless the environment names others; where the settings have another file, that one is
    # none of them.
    if project.env_file == FILE and not any(os.environ.get(name) for name in OF_ENV_FILES):
        return None
    return ["--env-file", project.env_file] if project.settings_file.exists() else WITHOUT_ENV


def files() -> list[str]:
    """Return the names that Compose files of a project may have."""
    return list(dict.fromkeys([*(file for each in FILES.values() for file in each), HTTPS, IPV6, RELEASE]))


def need_client() -> None:
    """Raise Problem where no client is installed; an engine is asked for nothing."""
    if not shutil.which("docker"):
        raise Problem(
            "Compose reads the files, and Docker is not installed: install its client with the plugin compose. No "
            "engine is needed."
        )


def defined_command(name: str, *args: str) -> list[str]:
    """Return a `docker compose` command line for the project of this name that standard input defines, and no .env."""
    return ["docker", "compose", "--ansi", "never", "--project-name", name, *WITHOUT_ENV, "--file", "-", *args]


def release_variables(deployment: str, release: str = ANY, image: str = ANY) -> dict[str, str]:
    """Return the variables that the Compose file of a release leaves open."""
    return {"DEPLOYMENT": deployment, "RELEASE": release, "IMAGE": image}


def patience(project: Project) -> dict[str, str]:
    """Return the variable by which the engine gives the service as long to be ready as whoever waits for it."""
    return {"WEB_START_PERIOD": f"{project.wait}s"}


def project_name(project: Project, environment: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of the Compose project of an environment.

    In development, as Compose has it: COMPOSE_PROJECT_NAME or the folder's name; of a project that has Compose files of
    its own, the service's name as well, or theirs would be the same project. Otherwise the service's name and the
    environment's (as compose.prod.yaml says), so that two environments never share a volume. Raises Problem when
    COMPOSE_PROJECT_NAME cannot be such a name.
    """
    chosen = environ.get("COMPOSE_PROJECT_NAME", "")
    if chosen != _plain(chosen):
        raise Problem(
            f"COMPOSE_PROJECT_NAME={chosen} cannot name a Compose project: lower-case letters, digits, - and _ only, "
            "beginning with a letter or digit."
        )
    here = chosen or _of_folder(project)
    if environment == DEV:
        return here
    if environment in OF_SLIPWAY:  # of this checkout: two may test at once
        return f"{here}-{environment}"
    return f"{chosen or _plain(project.name)}-{environment}"


def _of_folder(project: Project) -> str:
    name = _plain(project.name)
    if not adopted.has_own_image(project):  # `inv eject` changes no name
        return _plain(project.root.name) or name
    around = _plain(adopted.context(project).name)  # of a folder "backend", the one that it is in
    return f"{name}-{around}" if around not in ("", name) else f"{name}-inv"


def local_image(project: Project, tag: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return what this checkout calls an image that a verb makes for itself, as compose.yaml does.

    Two checkouts of one project never start each other's. Raises Problem when the Compose project's name cannot be an
    image's.
    """
    name = project_name(project, DEV, environ)
    if not IMAGE.fullmatch(name):
        raise Problem(
            f"The Compose project {name!r} cannot give an image its name: between letters and digits that takes - or "
            f"one or two _, and none at the end. Name it in .env: COMPOSE_PROJECT_NAME={_plain(project.name)}"
        )
    return f"{name}:{tag}"


def _plain(name: str) -> str:
    # https://docs.docker.com/compose/how-tos/project-name/: what Compose makes of a folder's name
    return re.sub(r"[^a-z0-9_-]", "", name.lower()).lstrip("_-")
