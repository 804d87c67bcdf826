"""What an image is made of: layers, packages, labels, user."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.core.scripts import Script
from slipway.core.shell import Shell
from slipway.engine import images
from slipway.engine.images import EngineImage
from slipway.image import build, plan, vendored
from slipway.project import adopted, labels, tags
from slipway.project.checkout import Checkout

CONTENTS = Script("slipway.image", "contents.py")


@dataclass(frozen=True)
class Layer:
    """A layer: the instruction that made it, its size in bytes."""

    made_by: str
    size: int


@dataclass(frozen=True)
class Built:
    """An image on this engine; sizes in bytes, `created` as ISO 8601.

    `layers` are those above the base image, in the order of the Dockerfile; `base` is the size of those below, or None
    when they cannot be told apart (an image that `inv build` did not make).
    """

    tag: str
    id: str
    created: str
    size: int
    base: int | None
    layers: tuple[Layer, ...]
    user: str
    labels: Mapping[str, str]

    @property
    def above(self) -> int:
        """The bytes above the base image."""
        return self.size - (self.base or 0)


def read(shell: Shell, tag: str) -> Built:
    """Ask the engine about an image that is there."""
    return built(tag, images.existing(shell, tag), images.history(shell, tag))


def built(tag: str, image: EngineImage, history: Sequence[Mapping[str, str]]) -> Built:
    """Make sense of what the engine says of an image, and of its history from the first step on.

    Slipway's builds give each step the commit's time, and the image as well: what bears another one is the base
    image's.
    """
    created = datetime.fromisoformat(image.created)
    mine = [step for step in history if datetime.fromisoformat(step["CreatedAt"]) == created]
    sizes = [int(step["Size"]) for step in history]
    known = bool(mine) and history[len(history) - len(mine) :] == mine and len(mine) > 1
    layers = [Layer(_made_by(step), int(step["Size"])) for step in (mine if known else history)]
    return Built(
        tag=tag,
        id=image.id,
        created=image.created,
        size=sum(sizes),
        base=sum(sizes[: len(history) - len(mine)]) if known else None,
        layers=tuple(layer for layer in layers if layer.size),
        user="root" if image.user == "0" else image.user,
        labels=image.labels,
    )


def _made_by(step: Mapping[str, str]) -> str:
    return step["CreatedBy"].removesuffix(" # buildkit").removeprefix("/bin/sh -c ")


def contents(shell: Shell, tag: str) -> dict[str, Any]:
    """List what is installed in an image, by asking it.

    Returns what contents.py prints. Raises Problem when the image has no Python to ask.
    """
    command = images.ask_command(tag, "python", "-I", "-c", CONTENTS)
    return dict(json.loads(shell.output(command, failed=f"{tag} cannot be asked what is installed in it.")))


def single(checkout: Checkout, anew: bool) -> Built | None:
    """Return the single-stage image that the project's is compared with.

    None when it was not built; `anew` builds it. Raises Problem.
    """
    tag = tags.on_engine(tags.SINGLE, checkout.project.image)
    if anew:
        if adopted.has_own_image(checkout.project):
            build.check(plan.current(checkout), checkout.project, tags.SINGLE)
        vendored.check_single(checkout.root)
        with checkout.steps.step("single", f"{tag}, the single-stage baseline"):
            build.build(checkout, plan.current(checkout), [tag], "single")
    elif not images.built_id(checkout.shell, tag):
        return None
    return read(checkout.shell, tag)


def variants(shell: Shell, name: str, one: Built) -> list[Built]:
    """Return the images of a name that have the same version on any base, this one too."""
    version = one.labels.get(labels.VERSION, "")
    listing = images.list_command(f"label={labels.VERSION}={version}", name=name, form="{{.Tag}}")
    found = shell.output(listing).split() if version else []
    return [read(shell, tags.on_engine(tag, name)) for tag in sorted(found) if tag not in (tags.DEV, "<none>")]
