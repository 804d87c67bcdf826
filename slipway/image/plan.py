"""The plan of an image: which tree it is made of, on which base, and what it is called."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from slipway.core import resources
from slipway.core.errors import Problem
from slipway.image import arguments, dockerfile, stage
from slipway.image.base import Base, choose
from slipway.image.context import IGNORE_FILES, context, of_project
from slipway.project import adopted, revisions, tags
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.project.tree import Tree, digest, listed, read


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
        tag = tags.of_tree(self.project.version, self.tree)
        if self.base != Base(self.project.python, self.project.variant):
            tag += f"-python{self.base.python}-{self.base.variant}"
        if self.given:
            spelled = "\0".join(f"{name}={value}" for name, value in sorted(self.given.items()))
            tag += f"-args.{hashlib.sha256(spelled.encode()).hexdigest()[:8]}"
        return tags.on_engine(tag, self.project.image)

    @property
    def args(self) -> dict[str, str]:
        """The build arguments, all of them."""
        described = arguments.describe(self.project, self.tree, revisions.heads(self.project), self._dockerfile)
        hashed = {"INPUTS": inputs(self.project, self.base, self.given)}
        return arguments.shape(self.project, self.base) | dict(self.given) | described | hashed

    @property
    def on(self) -> str:
        """The image that it is built on; "" where the project's own Dockerfile does not tell."""
        if not adopted.has_own_image(self.project):
            return self.base.name
        text = adopted.dockerfile(self.project).read_text(encoding="utf-8", errors="replace")
        return dockerfile.base(text, {**self.project.build_args, **self.given}, self.project.target)

    @property
    def _dockerfile(self) -> str:
        # The one that is told what the image is.
        if adopted.has_own_image(self.project):
            return resources.text(stage.DOCKERFILE)
        file = self.project.root / "Dockerfile"
        return file.read_text(encoding="utf-8") if file.exists() else ""


def read_tree(checkout: Checkout) -> Tree:
    """Ask git about the project's tree.

    A file that git ignores and the build sees makes it dirty: the commit alone would not say what went in.
    """
    around = checkout.project.context
    tree = read(checkout.root, checkout.shell, around)
    if not tree.commit:
        return tree
    seen, known = set(of_project(checkout.project)), set(listed(checkout.shell, around))
    if tree.content or not seen <= known:
        return replace(tree, content=digest(checkout.root, seen | known))
    return tree


def check_version(tree: Tree) -> None:
    """Raise Problem when a release of this tree would have another version than one of the same commit elsewhere.

    It would be another release to the ledger, to `rollback --to`, and to who compares. In a clone that fetches no tags
    nobody can tell whether there are any.
    """
    if tree.miscounts and tree.shallow:
        raise Problem(
            f"{tree.miscounts[:1].upper()}{tree.miscounts[1:]} (in CI: fetch-depth: 0). Or deploy an image that is "
            "built: ./inv deploy --tag TAG"
        )


def of(project: Project, tree: Tree, python: str = "", variant: str = "", given: Iterable[str] = ()) -> Image:
    """Return the image of a tree, on another base or with more arguments if told.

    Raises Problem for a base image that there is not, a build argument that is none, or a tag that cannot be.
    """
    image = Image(project, tree, choose(project, python, variant), arguments.parse(given))
    name = image.tag.rpartition(":")[2]
    if not tags.TAG.fullmatch(name):
        raise Problem(
            f"{name!r} cannot be an image's tag: letters, digits, _ . and - only, 128 at most. It begins with the "
            f"version in pyproject.toml, {project.version!r}."
        )
    return image


def current(checkout: Checkout, python: str = "", variant: str = "", given: Iterable[str] = ()) -> Image:
    """Return the image of the tree as it is now; see `of`."""
    return of(checkout.project, read_tree(checkout), python, variant, given)


def inputs(project: Project, base: Base | None = None, given: Mapping[str, str] | None = None) -> str:
    """Hash all that goes into the service's image (SHA-256).

    The files that .dockerignore lets through, without the tests (they go into the test image only), the Dockerfile
    and the build arguments that don't change with a commit.
    """
    args = arguments.shape(project, base or Base(project.python, project.variant)) | dict(given or {})
    if adopted.has_own_image(project):  # which may have its tests as well
        total = hashlib.sha256(digest(project.root, [*of_project(project), project.dockerfile]).encode())
        total.update(f"{adopted.ignored(project)}\0{stage.digest()}\0{stage.settings(project)}\0".encode())
        total.update(f"{project.target}\0".encode() if project.target else b"")
    else:
        suites = project.tests
        tests = {*suites.host, *suites.image, *suites.http, *suites.e2e}
        files = [
            name for name in context(project.root) if not any(name == t or name.startswith(f"{t}/") for t in tests)
        ]
        total = hashlib.sha256(digest(project.root, [*files, "Dockerfile", *IGNORE_FILES]).encode())
    for name, value in sorted(args.items()):
        total.update(f"{name}={value}\0".encode())
    return total.hexdigest()
