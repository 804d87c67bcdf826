"""The image: what it is called, what goes into it, its build."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from slipway import buildargs, migrations, variants, version
from slipway.context import context
from slipway.errors import Problem
from slipway.project import Project
from slipway.shell import Shell, tokens
from slipway.variants import Base
from slipway.version import Tree, digest, image_tag

if TYPE_CHECKING:
    from slipway.lifecycle import Lifecycle

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
    if not tree.commit or tree.content:
        return tree
    seen = set(context(project.root))
    if seen <= set(version.listed(shell)):
        return tree
    return replace(tree, content=digest(project.root, seen))


def of(project: Project, tree: Tree, python: str = "", variant: str = "", given: Sequence[str] = ()) -> Image:
    """Return the image of a tree, on another base or with more arguments if told.

    Raises Problem for a base image that there is not, or a build argument that is none.
    """
    return Image(project, tree, variants.base(project, python, variant), buildargs.parse(given))


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
    shell: Shell,
    tags: Sequence[str],
    args: Mapping[str, str],
    target: str | None = None,
    cwd: Path | None = None,
    options: Sequence[str] = (),
) -> None:
    """Build an image from a folder (the project's unless told).

    Raises Problem when it cannot be built.
    """
    command = build_command(tags, args, target, options)
    shell.quietly(command, cwd=cwd, failed="The image could not be built (see above).")


def build_service(
    here: "Lifecycle",
    image: Image,
    tags: Sequence[str] = (),
    options: Sequence[str] = (),
    cwd: Path | None = None,
) -> None:
    """Build the service's image, labelled with what went in.

    From the project's folder, under the image's own tag, unless told. Raises Problem when a build argument is refused
    or the image cannot be built.
    """
    check_args(here, image)
    build(here.shell, tags or [image.tag], image.args, cwd=cwd or image.project.root, options=options)


def check_args(here: "Lifecycle", image: Image) -> None:
    """Refuse build arguments that are secrets; raises Problem."""
    added = {**image.project.build_args, **image.given}
    dockerfile = image.project.root / "Dockerfile"
    if added and dockerfile.exists():  # else docker says so
        text = dockerfile.read_text(encoding="utf-8")
        buildargs.check(added, text, here.settings.private, image.project.secrets)


def compiled(image: Image, machine: str = "") -> list[str]:
    """Return the locked packages that have no wheel for the base image.

    For this machine, or what `uname -m` says on another. Raises Problem when poetry.lock cannot be read.
    """
    from slipway.wheels import without_wheel

    try:
        lock = tomllib.loads((image.project.root / "poetry.lock").read_text(encoding="utf-8"))
        return without_wheel(lock, image.base, machine)
    except FileNotFoundError:
        return []  # then docker says so
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise Problem(f"poetry.lock cannot be read ({error}): poetry lock") from None


def inputs(project: Project, base: Base | None = None, given: Mapping[str, str] | None = None) -> str:
    """Hash all that goes into the service's image (SHA-256).

    The files that .dockerignore lets through, without the tests (they go into the test image only), the Dockerfile
    and the build arguments that don't change with a commit.
    """
    tests = {*project.tests.host, *project.tests.image, *project.tests.e2e}
    files = [name for name in context(project.root) if not any(name == t or name.startswith(f"{t}/") for t in tests)]
    total = hashlib.sha256(digest(project.root, [*files, "Dockerfile", ".dockerignore"]).encode())
    args = buildargs.shape(project, base or Base(project.python, project.variant)) | dict(given or {})
    for name, value in sorted(args.items()):
        total.update(f"{name}={value}\0".encode())
    return total.hexdigest()
