"""What an image is made of: layers, packages, labels, user."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.core.errors import Problem
from slipway.image import plan as image
from slipway.runtime import choose as runtime

if TYPE_CHECKING:
    from slipway.verbs.session import Lifecycle

BASE_NAME = "org.opencontainers.image.base.name"
LARGEST = 5  # packages that are named


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


def find(here: "Lifecycle", tag: str, verb: str = "inv image") -> str:
    """Return the tag of the image to look at, this tree's unless told.

    Raises Problem when no engine answers or there is no such image.
    """
    runtime.need_engine(verb)
    own = tag or image.current(here).tag
    if not image.built_id(here.shell, own):
        raise Problem(f"There is no image {own} on this engine: {'docker image ls' if tag else './inv build'}")
    return own


def read(here: "Lifecycle", tag: str) -> Built:
    """Ask the engine about an image that is there."""
    (one,) = json.loads(here.shell.output(["docker", "image", "inspect", tag]))
    history = ["docker", "history", "--no-trunc", "--human=false", "--format", "{{json .}}", tag]
    steps = [json.loads(line) for line in here.shell.output(history).splitlines()]
    return built(tag, one, steps[::-1])


def built(tag: str, one: Mapping[str, Any], history: Sequence[Mapping[str, str]]) -> Built:
    """Make sense of `docker image inspect` and `docker history`.

    Takes the history from the first step on. Slipway's builds give each step the commit's time, and the image as well:
    what bears another one is the base image's.
    """
    created = datetime.fromisoformat(one["Created"])
    mine = [step for step in history if datetime.fromisoformat(step["CreatedAt"]) == created]
    sizes = [int(step["Size"]) for step in history]
    known = bool(mine) and history[len(history) - len(mine) :] == mine and len(mine) > 1
    layers = [Layer(_made_by(step), int(step["Size"])) for step in (mine if known else history)]
    return Built(
        tag=tag,
        id=one["Id"],
        created=one["Created"],
        size=sum(sizes),
        base=sum(sizes[: len(history) - len(mine)]) if known else None,
        layers=tuple(layer for layer in layers if layer.size),
        user=one["Config"].get("User") or "root",
        labels=one["Config"].get("Labels") or {},
    )


def _made_by(step: Mapping[str, str]) -> str:
    return step["CreatedBy"].removesuffix(" # buildkit").removeprefix("/bin/sh -c ")


def contents(here: "Lifecycle", tag: str) -> dict[str, Any]:
    """List what is installed in an image, by asking it.

    Returns what contents.py prints. Raises Problem when the image has no Python to ask.
    """
    script = Path(__file__).with_name("contents.py").read_text(encoding="utf-8")
    locked = ["--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", "--entrypoint", "python"]
    found = here.shell.output(
        ["docker", "run", *locked, tag, "-I", "-c", script], failed=f"{tag} cannot be asked what is installed in it."
    )
    return dict(json.loads(found))


def single(here: "Lifecycle", build: bool) -> Built | None:
    """Return the single-stage image that ours is compared with.

    None when it was not built; `build` builds it. Raises Problem.
    """
    tag = f"{here.project.image}:single"
    if build:
        with here.steps.step("single", f"{tag}, the single-stage baseline"):
            image.build(here, image.current(here), [tag], "single")
    elif not image.built_id(here.shell, tag):
        return None
    return read(here, tag)


def variants(here: "Lifecycle", one: Built) -> list[Built]:
    """Return the images of the same version on any base, this one too."""
    version = one.labels.get("org.opencontainers.image.version", "")
    labelled = ["--filter", f"label=org.opencontainers.image.version={version}"]
    listing = ["docker", "image", "ls", "--format", "{{.Tag}}", *labelled, here.project.image]
    tags = here.shell.output(listing).split() if version else []
    return [read(here, f"{here.project.image}:{tag}") for tag in sorted(tags) if tag not in ("dev", "<none>")]


def show(here: "Lifecycle", tag: str, with_single: bool, as_json: bool) -> None:
    """Print what an image is made of; raises Problem."""
    one, installed, baseline = read(here, tag), contents(here, tag), single(here, with_single)
    others = variants(here, one)
    if as_json:
        together = asdict(one) | {
            "python": installed["python"],
            "packages": installed["environment"],
            "variants": [{"tag": other.tag, "size": other.size, "base": other.base} for other in others],
            "single": baseline and {"tag": baseline.tag, "size": baseline.size, "base": baseline.base},
        }
        sys.stdout.write(json.dumps(together, indent=2) + "\n")
        return
    sys.stdout.writelines(f"{line}\n" for line in lines(one, installed, others, baseline))


def lines(one: Built, installed: Mapping[str, Any], others: list[Built], baseline: Built | None) -> Iterator[str]:
    """Yield the lines of `inv image`."""
    packages = sorted(installed["environment"], key=lambda package: -package["size"])
    largest = ", ".join(f"{package['name']} {_mb(package['size'])}" for package in packages[:LARGEST])
    system = installed["system"]
    yield f"{'image':<10} {one.tag}"
    yield f"{'id':<10} {one.id}"
    yield f"{'user':<10} {one.user}"
    yield f"{'size':<10} {_mb(one.size)} MB" + (f", of which {_mb(one.above)} above the base image" if one.base else "")
    if one.base:
        yield f"{'':<10} {_mb(one.base):>7} MB  {one.labels.get(BASE_NAME, 'the base image')}"
    for layer in one.layers:
        yield f"{'':<10} {_mb(layer.size):>7} MB  {layer.made_by}"
    yield f"{'python':<10} {installed['python']}, {len(packages)} packages; in MB: {largest}"
    yield f"{'system':<10} {system['id']} {system['version']}, {len(system['packages'])} packages"
    for index, (name, value) in enumerate(sorted(one.labels.items())):
        yield f"{'' if index else 'labels':<10} {name} = {value}"
    for index, other in enumerate(others):
        yield f"{'' if index else 'variants':<10} {_mb(other.size):>7} MB  {other.tag}"
    if baseline is None:
        yield f"{'single':<10} not built: ./inv image --single"
    else:
        alike = one.base and one.base == baseline.base  # else it was built on another base, or not by inv
        ratio = f", {baseline.above / one.above:.1f} times ours above the base image" if alike else ""
        yield f"{'single':<10} {_mb(baseline.size):>7} MB{ratio}; user {baseline.user}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
