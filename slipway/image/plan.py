"""The image: what it is called, what goes into it, its build."""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from slipway.core.errors import Problem
from slipway.core.shell import Shell, tokens
from slipway.image import arguments as buildargs
from slipway.image import base as variants
from slipway.image.base import Base
from slipway.image.context import IGNORE_FILES, context
from slipway.project import revisions as migrations
from slipway.project import tree as version
from slipway.project.config import Project
from slipway.project.tree import Tree, digest, image_tag

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle

TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)  # https://github.com/distribution/reference
PREVIOUS = "dev.slipway.previous"  # the label that holds the version released before
VERSION = "org.opencontainers.image.version"
SCHEMA = "dev.slipway.schema"  # the label that holds the newest revisions
INPUTS = "dev.slipway.inputs"  # the label that holds the hash of what went in


@dataclass(frozen=True)
class Image:
    """An image to be built: from which tree, on which base.

    `given` are the build arguments of the command line.
    """

    project: Project
    tree: Tree
    base: Base
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The full tag.

        What differs from `[tool.slipway]` is part of it: one tag never means two things.
        """
        tag = f"{self.project.image}:{image_tag(self.project.version, self.tree)}"
        if self.base != Base(self.project.python, self.project.variant):
            tag += f"-python{self.base.python}-{self.base.variant}"
        if self.given:
            spelled = "\0".join(f"{name}={value}" for name, value in sorted(self.given.items()))
            tag += f"-args.{hashlib.sha256(spelled.encode()).hexdigest()[:8]}"
        return tag

    @property
    def args(self) -> dict[str, str]:
        """The build arguments, all of them."""
        described = buildargs.describe(self.project, self.tree, migrations.heads(self.project))
        hashed = {"INPUTS": inputs(self.project, self.base, self.given)}
        return buildargs.shape(self.project, self.base) | dict(self.given) | described | hashed


def read_tree(project: Project, shell: Shell) -> Tree:
    """Ask git about the project's tree.

    A file that git ignores and the build sees makes it dirty: the commit alone would not say what went in.
    """
    tree = version.read(project.root, shell)
    if not tree.commit:
        return tree
    seen, listed = set(context(project.root)), set(version.listed(shell))
    if tree.content or not seen <= listed:
        return replace(tree, content=digest(project.root, seen | listed))
    return tree


def of(project: Project, tree: Tree, python: str = "", variant: str = "", given: Iterable[str] = ()) -> Image:
    """Return the image of a tree, on another base or with more arguments if told.

    Raises Problem for a base image that there is not, a build argument that is none, or a tag that cannot be.
    """
    image = Image(project, tree, variants.choose(project, python, variant), buildargs.parse(given))
    name = image.tag.rpartition(":")[2]
    if not TAG.fullmatch(name):
        raise Problem(
            f"{name!r} cannot be an image's tag: letters, digits, _ . and - only, 128 at most. It begins with the "
            f"version in pyproject.toml, {project.version!r}."
        )
    return image


def current(here: "Lifecycle", python: str = "", variant: str = "", given: Iterable[str] = ()) -> Image:
    """Return the image of the tree as it is now; see `of`."""
    return of(here.project, read_tree(here.project, here.shell), python, variant, given)


def built_id(shell: Shell, tag: str) -> str:
    """Return the id of an image on this engine, "" when there is none."""
    return shell.probe(["docker", "image", "inspect", "--format", "{{.Id}}", tag])[1]


def put_back(shell: Shell, before: Mapping[str, str]) -> None:
    """Let tags mean what they meant before: an image's id, or "" for nothing."""
    for tag, image_id in before.items():
        if built_id(shell, tag) == image_id:
            continue
        if image_id:
            shell.probe(["docker", "tag", image_id, tag])
        else:
            shell.probe(["docker", "image", "rm", tag])


def label(shell: Shell, tag: str, name: str) -> str | None:
    """Return a label of an image on this engine, "" for none; None when there is no image."""
    form = f'{{{{index .Config.Labels "{name}"}}}}'
    status, said, _ = shell.probe(["docker", "image", "inspect", "--format", form, tag])
    return None if status else said


def build_command(
    tags: Sequence[str], args: Mapping[str, str], target: str | None = None, options: Sequence[str] = ()
) -> list[str]:
    """Return the `docker build` command line for the project's folder.

    Without Buildx's attestations: they hold the time, and the engine's own store has no place for them.
    """
    return tokens(
        ["docker", "build", "--provenance=false"],
        options,
        *(["--tag", name] for name in tags),
        ["--target", target] if target else None,
        *(["--build-arg", f"{name}={value}"] for name, value in args.items()),
        ".",
    )


def build(
    here: "Lifecycle",
    image: Image,
    tags: Sequence[str] = (),
    target: str | None = None,
    options: Sequence[str] = (),
    cwd: Path | None = None,
) -> None:
    """Build an image, or another target of its Dockerfile.

    From the project's folder, under the image's own tag, unless told. Raises Problem when it is refused (see `check`)
    or cannot be built.
    """
    check(here, image)
    # --load: another builder than the engine's own, which BUILDX_BUILDER may name, would keep it to itself.
    command = build_command(tags or [image.tag], image.args, target, ["--load", *options])
    here.shell.quietly(command, cwd=cwd or image.project.root, failed="The image could not be built (see above).")


def check(here: "Lifecycle", image: Image) -> None:
    """Refuse what would put a secret into the image.

    Raises Problem for a build argument that looks like one, an address with a login as the source, or a .env that
    .dockerignore lets through; and when there is nothing to build from.
    """
    root = image.project.root
    for name, instead in (("Dockerfile", "take Slipway's"), ("poetry.lock", "poetry lock")):
        if not (root / name).exists():
            raise Problem(f"There is no {name} in {root}: {instead}.")
    leaking = [path for path in map(PurePosixPath, context(root)) if _is_private(path)]
    if leaking:
        raise Problem(
            f".dockerignore lets {leaking[0]} into the build. Take Slipway's, which denies all but what it names, or "
            "end yours with the lines **/.env* and **/.git"
        )
    if added := {**image.project.build_args, **image.given}:
        dockerfile = (root / "Dockerfile").read_text(encoding="utf-8")
        buildargs.check(added, dockerfile, here.settings.private, image.project.secrets)
    if buildargs.has_login(image.project.source):
        raise Problem("The source in pyproject.toml is an address with a login in it: the image's label would show it.")


def _is_private(path: PurePosixPath) -> bool:
    public = (".example", ".sample", ".template", ".dist")
    return ".git" in path.parts or (path.name.startswith(".env") and not path.name.endswith(public))


def compiled(image: Image, machine: str = "") -> list[str]:
    """Return the locked packages that have no wheel for the base image.

    For this machine, or what `uname -m` says on another.
    """
    from slipway.image.wheels import without_wheel

    lock = tomllib.loads((image.project.root / "poetry.lock").read_text(encoding="utf-8"))
    return without_wheel(lock, image.base, machine)


def inputs(project: Project, base: Base | None = None, given: Mapping[str, str] | None = None) -> str:
    """Hash all that goes into the service's image (SHA-256).

    The files that .dockerignore lets through, without the tests (they go into the test image only), the Dockerfile
    and the build arguments that don't change with a commit.
    """
    suites = project.tests
    tests = {*suites.host, *suites.image, *suites.http, *suites.e2e}
    files = [name for name in context(project.root) if not any(name == t or name.startswith(f"{t}/") for t in tests)]
    total = hashlib.sha256(digest(project.root, [*files, "Dockerfile", *IGNORE_FILES]).encode())
    args = buildargs.shape(project, base or Base(project.python, project.variant)) | dict(given or {})
    for name, value in sorted(args.items()):
        total.update(f"{name}={value}\0".encode())
    return total.hexdigest()
