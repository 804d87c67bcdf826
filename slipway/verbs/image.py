"""The verbs of the image: `build`, `pins`, `image`, `sbom`, `audit`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from invoke.context import Context

from slipway import __version__
from slipway.verbs.options import JSON, PROD, SECRET, TAG
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.image.build import Options
    from slipway.image.inspect import Built
    from slipway.image.plan import Image
    from slipway.project.checkout import Checkout

LARGEST = 5  # packages that are named


@task(
    help={
        "python": "version of the base image, like 3.13",
        "variant": "its variant: slim, full, alpine, bookworm, slim-bookworm, ...",
        "build_arg": "NAME=VALUE for the Dockerfile's ARG NAME, never a secret; may be repeated",
        "no_cache": "build every step anew",
        "pull": "ask the registry for a newer base image",
        "verify": "build twice, and compare to the byte",
        "platform": "for which platforms, like linux/amd64,linux/arm64; with --push",
        "push": "push it to the registry of [tool.slipway]",
    }
    | (SECRET | PROD),
    iterable=["build_arg", "secret"],
)
def build(
    _: Context,
    prod: bool = False,
    env: str = "",
    python: str = "",
    variant: str = "",
    build_arg: Sequence[str] | None = None,
    secret: Sequence[str] | None = None,
    no_cache: bool = False,
    pull: bool = False,
    verify: bool = False,
    platform: str = "",
    push: bool = False,
) -> None:
    """Build the production image, its arguments injected."""
    from slipway.image import reproduce
    from slipway.image.build import Options, check_options, decide, read_secret
    from slipway.verbs.screen import show
    from slipway.verbs.session import begin

    check_options(platform, push, verify)
    options = Options(tuple(map(read_secret, secret or [])), no_cache, pull)
    with begin("build", prod, env, quietly=True) as session:
        decided = decide(session.checkout, python, variant, build_arg or [])
        tag = _made(session.checkout, decided, options, push, platform)
        if verify:
            reproduce.verify(session.checkout, decided, options)
        show(tag)


def _made(checkout: "Checkout", decided: "Image", options: "Options", push: bool, platforms: str) -> str:
    # The tag of the image, once it is on the engine or in the registry.
    from slipway.image import build

    if push:
        return build.push(checkout, decided, options, platforms)
    with build.explained(checkout.steps, decided), checkout.steps.step("image", decided.tag):
        build.build(checkout, decided, options=options.arguments)
    return decided.tag


@task(
    help={
        "update": "raise them: the pinned Poetry chooses the newest versions, registries say what tags mean",
        "digests": "with --update: also give a digest to images that the Compose files name by a tag alone",
    }
    | JSON
)
def pins(_: Context, update: bool = False, digests: bool = False, json: bool = False) -> None:
    """Show the pins of Poetry and of Compose's images."""
    from slipway.core.errors import Problem
    from slipway.image import digests as compose
    from slipway.image import pins
    from slipway.verbs.screen import show_json, show_rows
    from slipway.verbs.session import begin_without

    with begin_without("pins") as session:
        if digests and not update:
            raise Problem("--digests goes with --update: ./inv pins --update --digests")
        checkout, root = session.checkout, session.checkout.root
        before, named = pins.read(root), compose.ask(checkout, compose.read(checkout.project))
        pinned = compose.pinned(named, digests) if update else named
        ours = pins.are_of_project(root)
        now = pins.update(checkout) if update and ours else before
        files = compose.write(root, named, pinned)
        poetry, raised = pins.changes(before, now), compose.changes(named, pinned)
        if json:
            images = [asdict(one) for one in pinned]
            found = {"file": pins.FILE if ours else "", "poetry": dict(now.versions), "images": images}
            show_json(found | {"changed": [*poetry, *raised]})
            return
        rest = len(now.versions) - len(now.wanted)
        show_rows([("poetry", f"{', '.join(now.wanted)}, and {rest} packages that they need")])
        where = (
            f"{pins.FILE}, {now.files} hashes" if ours else f"Slipway {__version__}'s own: ./inv upgrade raises them"
        )
        show_rows([("file", where)])
        lines = [*compose.rows(pinned), *compose.untold(pinned)]
        show_rows(("" if index else "images", line) for index, line in enumerate(lines))
        show_rows(("" if index else "changed", line) for index, line in enumerate([*poetry, *raised]))
        if update:
            session.steps.note("next", after_update(bool(poetry), files))


def after_update(poetry: bool, files: Sequence[str]) -> str:
    """Say what comes after pins were raised: those of Poetry, and those in some Compose files."""
    from slipway.image.pins import FILE

    look = f"git diff {' '.join([*([FILE] if poetry else []), *files])}"
    then = [look, "./inv build --verify" if poetry else "", "./inv deploy --plan" if files else ""]
    return "; ".join(filter(None, then)) if poetry or files else "nothing is newer"


@task(help={"single": "build the single-stage image first"} | JSON | TAG)
def image(_: Context, tag: str = "", single: bool = False, json: bool = False) -> None:
    """Show what the image is made of, beside a single-stage one."""
    from slipway.image import inspect
    from slipway.verbs.screen import show_json, show_rows
    from slipway.verbs.session import begin

    with begin("image", quietly=True) as session:
        checkout, shell = session.checkout, session.checkout.shell
        found = _find(checkout, tag, "inv image")
        one, installed = inspect.read(shell, found), inspect.contents(shell, found)
        baseline = inspect.single(checkout, single)
        others = inspect.variants(shell, checkout.project.image, one)
        if json:
            show_json(facts(one, installed, others, baseline))
        else:
            show_rows(rows(one, installed, others, baseline))


def facts(
    one: "Built", installed: Mapping[str, Any], others: Sequence["Built"], baseline: "Built | None"
) -> dict[str, Any]:
    """Return what `inv image --json` prints."""
    return asdict(one) | {
        "python": installed["python"],
        "packages": installed["environment"],
        "variants": [{"tag": other.tag, "size": other.size, "base": other.base} for other in others],
        "single": baseline and {"tag": baseline.tag, "size": baseline.size, "base": baseline.base},
    }


def rows(
    one: "Built", installed: Mapping[str, Any], others: Sequence["Built"], baseline: "Built | None"
) -> Iterator[tuple[str, str]]:
    """Yield the lines of `inv image`: each one's name ("" for that of the line before), and what is said."""
    from slipway.project import labels

    packages = sorted(installed["environment"], key=lambda package: -package["size"])
    largest = ", ".join(f"{package['name']} {_mb(package['size'])}" for package in packages[:LARGEST])
    system = installed["system"]
    yield "image", one.tag
    yield "id", one.id
    yield "user", one.user
    yield "size", f"{_mb(one.size)} MB" + (f", of which {_mb(one.above)} above the base image" if one.base else "")
    if one.base:
        yield "", f"{_mb(one.base):>7} MB  {one.labels.get(labels.BASE_NAME, 'the base image')}"
    for layer in one.layers:
        yield "", f"{_mb(layer.size):>7} MB  {layer.made_by}"
    yield "python", f"{installed['python']}, {len(packages)} packages; in MB: {largest}"
    yield "system", f"{system['id']} {system['version']}, {len(system['packages'])} packages"
    for index, (name, value) in enumerate(sorted(one.labels.items())):
        yield "" if index else "labels", f"{name} = {value}"
    for index, other in enumerate(others):
        yield "" if index else "variants", f"{_mb(other.size):>7} MB  {other.tag}"
    if baseline is None:
        yield "single", "not built: ./inv image --single"
    else:
        alike = one.base and one.base == baseline.base  # else it was built on another base, or not by inv
        ratio = f", {baseline.above / one.above:.1f} times ours above the base image" if alike else ""
        yield "single", f"{_mb(baseline.size):>7} MB{ratio}; user {baseline.user}"


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"


@task(help=TAG, extras=["sbom"])
def sbom(_: Context, tag: str = "") -> None:
    """Write the image's bill of materials (CycloneDX)."""
    from slipway.image import inspect
    from slipway.image.sbom import write
    from slipway.verbs.screen import show
    from slipway.verbs.session import begin

    with begin("sbom", quietly=True) as session:
        built = inspect.read(session.checkout.shell, _find(session.checkout, tag, "inv sbom"))
        show(str(write(session.checkout, built)))


@task(help={"tag": "of another image than this tree's, built already"}, extras=["audit"])
def audit(_: Context, tag: str = "") -> None:
    """Look for secrets in the image, and known vulnerabilities."""
    from slipway.core.errors import Problem
    from slipway.image import advisories, base, inspect, secrets
    from slipway.project import labels
    from slipway.verbs.screen import show_rows
    from slipway.verbs.session import begin_without

    with begin_without("audit") as session:
        checkout = session.checkout
        named = _find(checkout, tag, "inv audit")
        said = inspect.read(checkout.shell, named).labels.get(labels.BASE_NAME, "").removeprefix("docker.io/library/")
        below = said if said.startswith("python:") else base.choose(checkout.project).name
        looks: dict[str, Callable[[], str]] = {
            "secrets": lambda: secrets.scan(checkout, named, below),
            "advisories": lambda: advisories.look(checkout, named),
        }
        problems = []
        for name, look in looks.items():  # all findings are told, not the first ones alone
            try:
                with session.steps.step(name) as step:
                    step.detail = look()
                    show_rows([(name, step.detail)])
            except Problem as problem:
                problems.append(str(problem.message))
        if problems:
            raise Problem("\n".join(problems))


def _find(checkout: "Checkout", tag: str, verb: str) -> str:
    # The tag of the image to look at, this tree's unless told; Problem when no engine answers, or has none like that.
    from slipway.core.errors import Problem
    from slipway.engine import images
    from slipway.engine.client import need_engine
    from slipway.image import plan
    from slipway.project import tags

    need_engine(verb)
    found = tags.on_engine(tag, checkout.project.image) if tag else plan.current(checkout).tag
    if not images.built_id(checkout.shell, found):
        raise Problem(f"There is no image {found} on this engine: {'docker image ls' if tag else './inv build'}")
    return found
