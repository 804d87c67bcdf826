"""The image of a project that has a Dockerfile of its own: that is built as it is, then Slipway's stage upon it."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from slipway.core import resources
from slipway.core.dockerfile import declared
from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import asked, builder, images
from slipway.image import arguments, beneath, copied, stage
from slipway.image.beneath import Beneath
from slipway.image.plan import Image
from slipway.project import adopted, tags
from slipway.project.config import Project
from slipway.project.values import private

PULL = "--pull"
REPRODUCIBLE = "whether two builds give the same image is for {dockerfile} to see to: Slipway's own stage does"


def check(image: Image, home: Project, target: str | None = None) -> None:
    """Refuse what would put a secret into the image, and stages that only Slipway's own Dockerfile has; raises Problem.

    `home` is the project whose .env has the secrets.
    """
    project = image.project
    copied.files(project)
    if target:
        raise Problem(
            f"That needs the stage {target!r} of Slipway's Dockerfile, and {project.dockerfile} is the project's own."
        )
    if added := own_arguments(image):
        text = adopted.dockerfile(project).read_text(encoding="utf-8", errors="replace")
        arguments.check(added, text, private(home), project.secrets, ())


def build(shell: Shell, image: Image, names: Sequence[str], options: Sequence[str] = ()) -> Beneath:
    """Build the image under these names; return what the project's own image is like. Raises Problem."""
    with _below(shell, image, options) as (tag, below), _stage(image, below) as folder:
        command = builder.build_command(names, _arguments(image, below), None, _upon(stage.BASE, tag, options))
        failed = "Slipway's stage could not be built upon the image (see above)."
        shell.quietly(command, env=_engines_own(), cwd=folder, failed=failed)
        return below


def push(shell: Shell, image: Image, tag: str, options: Sequence[str], platforms: Sequence[str], failed: str) -> None:
    """Build the image for a platform, the engine's own unless told, and push it; raises Problem.

    On several at once no builder could be asked what the image below is like.
    """
    if len(platforms) > 1:
        raise Problem(
            f"{image.project.dockerfile} is the project's own: its image is built for one platform at a time, as "
            f"--platform {platforms[0]}"
        )
    where = ["--platform", *platforms] if platforms else []
    build(shell, image, [tag], [*where, *options])
    shell.quietly(images.push_command(tag), failed=failed)


@contextlib.contextmanager
def _below(shell: Shell, image: Image, options: Sequence[str]) -> Iterator[tuple[str, Beneath]]:
    # The name is gone afterwards; the layers are those of what is built upon them.
    project = image.project
    tag = tags.on_engine(f"own-{secrets.token_hex(6)}", project.image)
    with tempfile.TemporaryDirectory(prefix="slipway-dockerfile-") as name:
        # Beside the copy lies what the build does not see: https://docs.docker.com/build/concepts/context/#filename-and-location
        file = Path(name) / "Dockerfile"
        file.write_bytes(adopted.dockerfile(project).read_bytes())
        file.with_name("Dockerfile.dockerignore").write_text(adopted.ignored(project), encoding="utf-8")
        of_file = ["--load", "--file", str(file), *options]
        command = builder.build_command([tag], own_arguments(image), project.target, of_file)
        failed = f"{project.dockerfile} could not be built (see above)."
        shell.quietly(command, env=_engines_own(), cwd=adopted.context(project), failed=failed)
    try:
        with _copied(shell, image, tag, options) as whole:
            yield whole, beneath.look(shell, project, whole)
    finally:
        asked.tidy(shell, images.remove_command(tag))


@contextlib.contextmanager
def _copied(shell: Shell, image: Image, tag: str, options: Sequence[str]) -> Iterator[str]:
    # With what the Dockerfile leaves out, where that is said: all that follows finds the code in the image.
    project = image.project
    if not project.copy:
        yield tag
        return
    whole = f"{tag}-whole"
    with tempfile.TemporaryDirectory(prefix="slipway-copied-") as name:
        copied.write(Path(name), project, beneath.own(shell, tag), image.tree.epoch)
        times = {"SOURCE_DATE_EPOCH": str(image.tree.epoch)}
        command = builder.build_command([whole], times, None, _upon(copied.BASE, tag, options))
        failed = f"{', '.join(project.copy)} could not be copied into the image of {project.dockerfile} (see above)."
        shell.quietly(command, env=_engines_own(), cwd=Path(name), failed=failed)
    try:
        yield whole
    finally:
        asked.tidy(shell, images.remove_command(whole))


@contextlib.contextmanager
def _stage(image: Image, below: Beneath) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="slipway-stage-") as name:
        stage.write(Path(name), image.project, below)
        yield Path(name)


def own_arguments(image: Image) -> dict[str, str]:
    """Return the build arguments that the project's own Dockerfile gets: those that the project or the user names."""
    return {**image.project.build_args, **image.given}


def _arguments(image: Image, below: Beneath) -> Mapping[str, str]:
    known = declared(resources.text(stage.DOCKERFILE)) | {"SOURCE_DATE_EPOCH"}
    mine = {name: value for name, value in image.args.items() if name in known}
    return mine | stage.arguments(below, image.on)


def _upon(base: str, tag: str, options: Sequence[str]) -> list[str]:
    # The image below is in no registry.
    return [*builder.in_place_of(base, tag), "--load", *(option for option in options if option != PULL)]


def _engines_own() -> dict[str, str]:
    # Another builder than the engine's own, which BUILDX_BUILDER may name, would not find the image below.
    return builder.buildkit() | ({"BUILDX_BUILDER": ""} if os.environ.get("BUILDX_BUILDER") else {})
