"""A build: decide what, then make it, push it, or make it twice."""

import contextlib
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.core.errors import Problem
from slipway.core.shell import tokens
from slipway.engine import registry
from slipway.image import plan as image
from slipway.image.plan import Image
from slipway.runtime import choose as runtime

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # Docker's names, and those of wheels
PLATFORM = re.compile(r"linux/[a-z0-9]+(/v\d+)?")


@dataclass(frozen=True)
class Options:
    """How `docker build` goes about it."""

    secrets: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False

    @property
    def arguments(self) -> list[str]:
        """The options of `docker build`."""
        return tokens(
            "--no-cache" if self.no_cache else None,
            "--pull" if self.pull else None,
            *(["--secret", secret] for secret in self.secrets),
        )


def read_secret(text: str, caller: Path | None = None) -> str:
    """Read a secret for the time of the build; return what Docker takes.

    It is `id=NAME,src=FILE`, the file as seen from the caller's folder, or `id=NAME,env=VARIABLE`. Raises Problem for
    what is neither, a file that is not there, or a variable that is not set.
    """
    (fields,) = csv.reader([text])  # Docker reads and writes it like this: a file may have a comma in its name
    parts = dict(field.partition("=")[::2] for field in fields)
    source = parts.pop("src", "") or parts.pop("source", "")
    name, variable = parts.get("id", ""), parts.get("env", "")
    if not name or bool(source) == bool(variable) or parts.keys() - {"id", "env", "type"}:
        raise Problem("--secret takes id=NAME,src=FILE or id=NAME,env=VARIABLE, like id=pip.conf,src=pip.conf.")
    if variable and variable not in os.environ:
        raise Problem(f"--secret id={name}: the variable {variable} is not set.")
    if source:
        file = (caller or Path.cwd()) / Path(source).expanduser()
        if not file.is_file():
            raise Problem(f"--secret id={name}: there is no file {file}.")
        parts["src"] = str(file)
    spelled = io.StringIO()
    csv.writer(spelled, lineterminator="").writerow(f"{key}={value}" for key, value in parts.items())
    return spelled.getvalue()


def check(platforms: str, push: bool, verify: bool) -> None:
    """Refuse options that exclude each other; raises Problem."""
    if platforms and not push:
        raise Problem("The engine keeps images of its own platform: --platform needs --push, to a registry.")
    if push and verify:
        raise Problem("--verify compares two images on this engine: build with --verify first, then with --push.")


def decide(here: "Lifecycle", python: str, variant: str, given: Iterable[str]) -> Image:
    """Return the image to be built of this tree.

    Raises Problem for a base image that there is not, and for what `image.check` refuses.
    """
    decided = image.current(here, python, variant, given)
    if decided.tree.shallow:
        here.steps.say("  this clone is shallow: its version counts from where it begins. git fetch --unshallow --tags")
    image.check(here, decided)
    return decided


def build(here: "Lifecycle", decided: Image, options: Options) -> str:
    """Build the image and return its tag; raises Problem."""
    with _explained(here, decided), here.steps.step("image", decided.tag):
        image.build(here, decided, options=options.arguments)
    return decided.tag


def push(here: "Lifecycle", decided: Image, options: Options, wanted: str) -> str:
    """Build for platforms, push, read back, and return the tag.

    Raises Problem; also when it is a version that the registry has already.
    """
    project, shell = here.project, here.shell
    if not project.registry:
        raise Problem('There is no registry to push to: registry = "registry.example.com/team" in [tool.slipway].')
    names = platforms(wanted)
    if len(names) > 1:
        _need_platforms(here)
    tag = f"{project.registry}/{decided.tag}"
    released = f"v{project.version}" in decided.tree.tags and not decided.tree.content
    if released and registry.find(shell, tag):
        raise Problem(registry.taken(tag))
    with _explained(here, decided, names), here.steps.step("push", tag) as step:
        login = f"docker login {project.registry.partition('/')[0]}"
        command = push_command(tag, decided.args, names, options)
        shell.quietly(command, failed=f"{tag} was not pushed (see above). If it was refused: {login}")
        if not (found := registry.find(shell, tag, echo=True)):
            raise Problem(f"{tag} was pushed, and is not in the registry.")
        step.detail = f"{tag}, {found.digest[:19]}"
    return tag


def push_command(tag: str, args: dict[str, str], platforms: Sequence[str], options: Options) -> list[str]:
    """Return the command that builds for platforms and pushes.

    `docker buildx build` and not `docker build`, which would not use the builder that was chosen.
    """
    where = ["--platform", ",".join(platforms)] if platforms else []
    plain = image.build_command([tag], args, options=[*where, "--push", *options.arguments])
    return ["docker", "buildx", *plain[1:]]


def platforms(text: str) -> list[str]:
    """Read platforms as Docker names them, separated by commas.

    "" is the engine's own. Raises Problem for what is none, or isn't Linux.
    """
    names = [name.strip() for name in text.split(",")] if text else []
    for name in names:
        if not PLATFORM.fullmatch(name):
            raise Problem(f"--platform {name!r} is no platform: --platform linux/amd64,linux/arm64")
    return names


def _need_platforms(here: "Lifecycle") -> None:
    # The engine's own builder keeps one platform, unless containerd stores its images.
    said = here.shell.probe(["docker", "buildx", "inspect"])[1]
    if not re.search(r"(?m)^Driver:\s+docker$", said):
        return
    if "io.containerd.snapshotter" not in here.shell.probe(["docker", "info", "--format", "{{.DriverStatus}}"])[1]:
        raise Problem(
            "The engine's own builder makes one platform at a time. Make one that makes several, then run this again: "
            "docker buildx create --use --driver docker-container"
        )


@contextlib.contextmanager
def _explained(here: "Lifecycle", decided: Image, platforms: Sequence[str] = ()) -> Iterator[None]:
    # Asking before each build would cost as long as a build without changes takes.
    try:
        yield
    except Problem:
        runtime.need_engine("inv build", compose=False)
        with contextlib.suppress(Exception):  # only a hint
            for platform in platforms or [""]:
                arch = platform.partition("/")[2].partition("/")[0]
                if missing := image.compiled(decided, MACHINES.get(arch, arch)):
                    on = f"{decided.base.name} on {platform}" if platform else decided.base.name
                    here.steps.say(f"  {on}: no wheel of {', '.join(missing)}; pip has to compile")
        raise
