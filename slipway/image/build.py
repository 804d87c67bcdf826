"""A build: what it is refused for, how it is made, and how it gets into the registry."""

import contextlib
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slipway.core.caller import expanded
from slipway.core.errors import Problem
from slipway.core.secrecy import has_login
from slipway.core.shell import tokens
from slipway.core.steps import Steps
from slipway.engine import builder, packaged, registry
from slipway.engine.client import need_engine
from slipway.image import adopted as own
from slipway.image import arguments, origin, plan, vendored
from slipway.image.context import context
from slipway.image.plan import Image
from slipway.image.wheels import without_wheel
from slipway.project import adopted, dotenv, folders, lockfile
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.project.lockfile import Lockfile
from slipway.project.semver import git_tag
from slipway.project.values import private

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # Docker's names, and those of wheels
TEST = "test"  # the Dockerfile's stage that has the packages of development as well
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
        file = (caller or Path.cwd()) / expanded(source)
        if not file.is_file():
            raise Problem(f"--secret id={name}: there is no file {file}.")
        parts["src"] = str(file)
    spelled = io.StringIO()
    csv.writer(spelled, lineterminator="").writerow(f"{key}={value}" for key, value in parts.items())
    return spelled.getvalue()


def check_options(platforms: str, push: bool, verify: bool) -> None:
    """Refuse options that exclude each other; raises Problem."""
    if platforms and not push:
        raise Problem("The engine keeps images of its own platform: --platform needs --push, to a registry.")
    if push and verify:
        raise Problem("--verify compares two images on this engine: build with --verify first, then with --push.")


def decide(checkout: Checkout, python: str, variant: str, given: Iterable[str]) -> Image:
    """Return the image to be built of this tree.

    Raises Problem for a base image that there is not, and for what `check` refuses.
    """
    image = plan.current(checkout, python, variant, given)
    if image.tree.miscounts:
        checkout.steps.say(f"  {image.tree.miscounts}")
    check(image, checkout.project)
    return image


def check(image: Image, home: Project, target: str | None = None) -> None:
    """Refuse what would put a secret into the image, and packages that nothing checks by a hash.

    `home` is the project whose .env has the secrets: the image may be one of a clone, which has no .env. Raises Problem
    for a build argument that looks like a secret, an address with a login as the source, or a .env that .dockerignore
    lets through; and when there is nothing to build from.
    """
    root = image.project.root
    if has_login(image.project.source):
        raise Problem("The source in pyproject.toml is an address with a login in it: the image's label would show it.")
    if adopted.has_own_image(image.project):
        own.check(image, home, target)
        return
    for key in ("target", "copy"):
        if getattr(image.project, key):
            raise Problem(
                f"[tool.slipway] {key} is for a Dockerfile of the project's own, and this one has Slipway's stages: "
                "leave it out."
            )
    for name, instead in (("Dockerfile", "take Slipway's"), (lockfile.NAME, lockfile.LOCK)):
        if not (root / name).exists():
            raise Problem(f"There is no {name} in {root}: {instead}.")
    if lacking := folders.unlocked(root):
        raise Problem(f"No image can be made: {lacking}")
    seen = set(map(PurePosixPath, context(root)))
    vendored.check(root, ("main", "dev") if target == TEST else ("main",), seen)
    dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
    origin.check(root, seen, dockerfile)
    if leaking := sorted(filter(_is_private, seen)):
        raise Problem(
            f".dockerignore lets {leaking[0]} into the build. Take Slipway's, which denies all but what it names, or "
            "end yours with the lines **/.env* and **/.git"
        )
    if added := {**image.project.build_args, **image.given}:
        arguments.check(added, dockerfile, private(home), image.project.secrets)


def _is_private(path: PurePosixPath) -> bool:
    return ".git" in path.parts or dotenv.is_private(path.name)


def build(
    checkout: Checkout,
    image: Image,
    tags: Sequence[str] = (),
    target: str | None = None,
    options: Sequence[str] = (),
    cwd: Path | None = None,
) -> None:
    """Build an image, or another target of its Dockerfile.

    From the image's project's folder, under the image's own tag, unless told. Raises Problem when it is refused (see
    `check`) or cannot be built.
    """
    check(image, checkout.project, target)
    if adopted.has_own_image(image.project):
        below = own.build(checkout.shell, image, tags or [image.tag], options)
        packaged.note(checkout.project, packaged.Seen(below.place, below.image.workdir))
        return
    # --load: another builder than the engine's own, which BUILDX_BUILDER may name, would keep it to itself.
    command = builder.build_command(tags or [image.tag], image.args, target, ["--load", *options])
    failed = "The image could not be built (see above)."
    checkout.shell.quietly(command, env=builder.buildkit(), cwd=cwd or image.project.root, failed=failed)


def export(checkout: Checkout, image: Image, target: str, folder: Path, options: Sequence[str] = ()) -> None:
    """Write the files of a stage of the image's Dockerfile into a folder.

    Of what is built already, nothing is built anew. Raises Problem as `build` does.
    """
    check(image, checkout.project, target)
    written = [*options, "--output", f"type=local,dest={folder}"]
    command = builder.build_command([], image.args, target, written)
    failed = f"The stage {target} could not be built (see above)."
    checkout.shell.quietly(command, env=builder.buildkit(), cwd=image.project.root, failed=failed)


def push(checkout: Checkout, image: Image, options: Options, wanted: str) -> str:
    """Build for platforms, push, read back, and return the tag.

    Raises Problem; also when it is a version that the registry has already.
    """
    project, shell = checkout.project, checkout.shell
    if not project.registry:
        raise Problem('There is no registry to push to: registry = "registry.example.com/team" in [tool.slipway].')
    names = platforms(wanted)
    own_image = adopted.has_own_image(image.project)
    if len(names) > 1 and not own_image and not builder.builds_several(shell):
        raise Problem(
            "The engine's own builder makes one platform at a time. Make one that makes several, then run this again: "
            "docker buildx create --use --driver docker-container"
        )
    tag = f"{project.registry}/{image.tag}"
    released = git_tag(project.version) in image.tree.tags and not image.tree.content
    if released and registry.find(shell, tag):
        raise Problem(registry.taken(tag))
    with explained(checkout.steps, image, names), checkout.steps.step("push", tag) as step:
        login = f"docker login {project.registry.partition('/')[0]}"
        failed = f"{tag} was not pushed (see above). If it was refused: {login}"
        if own_image:
            own.push(shell, image, tag, options.arguments, names, failed)
        else:
            shell.quietly(builder.push_command(tag, image.args, names, options.arguments), failed=failed)
        if not (found := registry.find(shell, tag, echo=True)):
            raise Problem(f"{tag} was pushed, and is not in the registry.")
        step.detail = f"{tag}, {found.digest[:19]}"
    return tag


def platforms(text: str) -> list[str]:
    """Read platforms as Docker names them, separated by commas.

    "" is the engine's own. Raises Problem for what is none, or isn't Linux.
    """
    names = [name.strip() for name in text.split(",")] if text else []
    for name in names:
        if not PLATFORM.fullmatch(name):
            raise Problem(f"--platform {name!r} is no platform: --platform linux/amd64,linux/arm64")
    return names


@contextlib.contextmanager
def explained(steps: Steps, image: Image, platforms: Sequence[str] = ()) -> Iterator[None]:
    """Say of a build that fails what may be the reason: no engine (which raises Problem), or packages without a wheel.

    Asking before each build would cost as long as a build without changes takes.
    """
    try:
        yield
    except Problem:
        need_engine("inv build", compose=False)
        with contextlib.suppress(Exception):  # only a hint
            for platform in platforms or [""]:
                arch = platform.partition("/")[2].partition("/")[0]
                if missing := compiled(image, MACHINES.get(arch, arch)):
                    on = f"{image.base.name} on {platform}" if platform else image.base.name
                    steps.say(f"  {on}: no wheel of {', '.join(missing)}; pip has to compile")
        raise


def compiled(image: Image, machine: str = "") -> list[str]:
    """Return the locked packages that have no wheel for the base image.

    For this machine, or what `uname -m` says on another. None where the project's own Dockerfile installs them.
    """
    if adopted.has_own_image(image.project):
        return []
    return without_wheel(Lockfile.read(image.project.root), image.base, machine)
