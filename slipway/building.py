"""A build: decide what, then make it, push it, or make it twice."""

import contextlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipway import image, registry, runtime
from slipway.errors import Interrupted, Problem
from slipway.image import Image
from slipway.shell import tokens

if TYPE_CHECKING:
    from slipway.lifecycle import Lifecycle

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # Docker's names, and those of wheels
PLATFORM = re.compile(r"linux/[a-z0-9]+(/v\d+)?")


@dataclass(frozen=True)
class How:
    """How `docker build` goes about it."""

    secrets: tuple[str, ...] = ()
    no_cache: bool = False
    pull: bool = False

    @property
    def options(self) -> list[str]:
        """The options of `docker build`."""
        return tokens(
            "--no-cache" if self.no_cache else None,
            "--pull" if self.pull else None,
            *(["--secret", secret] for secret in self.secrets),
        )


def how(secrets: Iterable[str], no_cache: bool, pull: bool, caller: Path | None = None) -> How:
    """Read the options of a build.

    A secret is `id=NAME,src=FILE` or `id=NAME,env=VARIABLE`; FILE as seen from the caller's folder. Raises Problem for
    one that is neither, or whose file is not there.
    """
    return How(tuple(_secret(text, caller or Path.cwd()) for text in secrets), no_cache, pull)


def _secret(text: str, caller: Path) -> str:
    parts = dict(part.partition("=")[::2] for part in text.split(","))
    if not parts.get("id") or not {"src", "source", "env"} & parts.keys():
        raise Problem("--secret takes id=NAME,src=FILE or id=NAME,env=VARIABLE, like id=pip.conf,src=pip.conf.")
    for key in ("src", "source"):
        if key in parts:
            file = caller / Path(parts[key]).expanduser()
            if not file.is_file():
                raise Problem(f"--secret id={parts['id']}: there is no file {file}.")
            parts[key] = str(file)
    return ",".join(f"{key}={value}" for key, value in parts.items())


def check(platforms: str, push: bool, verify: bool) -> None:
    """Refuse options that exclude each other; raises Problem."""
    if platforms and not push:
        raise Problem("The engine keeps images of its own platform: --platform needs --push, to a registry.")
    if push and verify:
        raise Problem("--verify compares two images on this engine: build with --verify first, then with --push.")


def decide(here: "Lifecycle", python: str, variant: str, given: Sequence[str]) -> Image:
    """Return the image to be built of this tree.

    Raises Problem for a base image that there is not, or for a build argument that is refused.
    """
    decided = image.of(here.project, image.read_tree(here.project, here.shell), python, variant, given)
    image.check_args(here, decided)
    return decided


def build(here: "Lifecycle", decided: Image, how: How) -> None:
    """Build the image and print its tag; raises Problem."""
    with _explained(here, decided), here.steps.step("image", decided.tag):
        image.build_service(here, decided, options=how.options)
    sys.stdout.write(f"{decided.tag}\n")


def push(here: "Lifecycle", decided: Image, how: How, wanted: str) -> None:
    """Build for platforms, push, read back, and print the tag.

    Raises Problem.
    """
    project, shell = here.project, here.shell
    if not project.registry:
        raise Problem('There is no registry to push to: registry = "registry.example.com/team" in [tool.slipway].')
    names = platforms(wanted)
    if len(names) > 1:
        _need_platforms(here)
    tag = f"{project.registry}/{decided.tag}"
    with _explained(here, decided, names), here.steps.step("push", tag) as step:
        login = f"docker login {project.registry.partition('/')[0]}"
        command = push_command(tag, decided.args, names, how)
        shell.quietly(command, failed=f"{tag} was not pushed (see above). If it was refused: {login}")
        found = shell.output(registry.inspect_command(tag), echo=True, failed=f"{tag} cannot be read back.")
        step.detail = f"{tag}, {json.loads(found)['digest'][:19]}"
    sys.stdout.write(f"{tag}\n")


def push_command(tag: str, args: dict[str, str], platforms: Sequence[str], how: How) -> list[str]:
    """Return the command that builds for platforms and pushes.

    `docker buildx build` and not `docker build`, which would not use the builder that was chosen.
    """
    where = ["--platform", ",".join(platforms)] if platforms else []
    plain = image.build_command([tag], args, options=[*where, "--push", *how.options])
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
    except Interrupted:
        raise
    except Problem:
        runtime.need_engine("inv build", compose=False)
        for platform in platforms or [""]:
            arch = platform.partition("/")[2].partition("/")[0]
            if missing := image.compiled(decided, MACHINES.get(arch, arch)):
                on = f"{decided.base.name} on {platform}" if platform else decided.base.name
                here.steps.say(f"  {on}: no wheel of {', '.join(missing)}; pip has to compile")
        raise
