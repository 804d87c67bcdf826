"""The rehearsal: the previous release on the new schema.

A copy of the database is migrated as a deploy would do it, while the previous release runs on it. Its own HTTP tests
say whether it still works, and then those of this tree whether the new one does, before and after what takes
something away.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from slipway.core.errors import Problem
from slipway.database import schema, store
from slipway.database.stage import Outcome, Rehearsed, Stage, staged
from slipway.engine import images
from slipway.engine.client import need_engine
from slipway.engine.compose import local_image
from slipway.image import build, plan
from slipway.image.plan import Image
from slipway.project import labels, tags
from slipway.project.checkout import Checkout
from slipway.project.processes import NO_WEB
from slipway.runtime import LiveRelease, Runtime
from slipway.runtime.environment import Environment
from slipway.schema.answers import State, Upgraded


def rehearse(
    checkout: Checkout, environment: Environment, source: Callable[[], Runtime] | None = None
) -> list[Outcome]:
    """Migrate a copy, and run this and the previous release on it; return how that went.

    The copy is of the environment's data, from a runtime that `source` gives, its database started; or a fresh database
    at the previous release's revision, which its tests have filled. Raises Problem when it cannot be rehearsed.
    """
    schema.need_migrations(checkout.project)
    if not checkout.project.has_web:
        raise Problem(f"There is nothing to rehearse over HTTP: {NO_WEB}. The migrations themselves: ./inv check")
    need_engine("inv migrate --rehearse")
    if not checkout.project.tests.http:
        raise Problem('There are no HTTP tests to rehearse with: [tool.slipway.tests] http = ["tests/http"]')
    image = plan.current(checkout)
    new = _this(checkout, image)
    previous = _previous(checkout, image.tree.previous)
    if not previous:
        checkout.steps.note("previous", "there is no previous release: only this one is rehearsed")
    with staged(checkout) as stage, tempfile.TemporaryDirectory(prefix="slipway-rehearsal-") as folder:
        if source:
            with checkout.steps.step("copy", f"of the {environment.name} data"):
                _copy(source(), stage, Path(folder) / "data.dump")
        return play(stage, previous, new, filled=bool(source))


def play(stage: Stage, previous: Rehearsed | None, new: Rehearsed, filled: bool) -> list[Outcome]:
    """Migrate step by step, and test after each; `filled` says that the database has data already."""
    steps = stage.checkout.steps
    outcomes = [_before(stage, previous, new, filled)] if previous else []
    live = LiveRelease(previous.name, previous.heads).argument if previous else ""
    with steps.step("migrate") as step:
        done = stage.ask(Upgraded, new, "upgrade", *(["--live", live] if live else []))
        expanded = ", ".join(done.to) or "no revisions"
        step.detail = f"at {expanded}, by {new.name}"
    if previous:
        outcomes.append(stage.test(previous, expanded))
    stage.serve(new)
    outcomes.append(stage.test(new, expanded))
    if done.waiting:
        with steps.step("migrate") as step:
            contracted = ", ".join(stage.ask(Upgraded, new, "upgrade").to)
            step.detail = f"at {contracted}, by {new.name}"
        outcomes.append(stage.test(new, contracted))
        if previous:
            outcomes.append(stage.test(previous, contracted, needed=False))
    return outcomes


def at_hand(checkout: Checkout, tag: str) -> str:
    """Return what an image of an earlier release is called on the engine, pulled if it wasn't there.

    Raises Problem: a release that cannot be had is no reason to leave its rehearsal out.
    """
    project, shell = checkout.project, checkout.shell
    called = [f"{one}:{tag}" for one in (project.repository, project.image) if one]
    if local := next((name for name in called if images.built_id(shell, name)), None):
        return local
    said = ""
    if project.repository:
        status, _, said = shell.probe(images.pull_command(called[0]), echo=True)
        if not status:
            return called[0]
    why = f"{said.strip()}\n" if said.strip() else ""
    raise Problem(
        f"{why}{tag} was released before this, and {called[0]} is neither here nor in the registry, so it cannot be "
        "rehearsed. Releases push it: ./inv release"
    )


def _before(stage: Stage, previous: Rehearsed, new: Rehearsed, filled: bool) -> Outcome:
    # The previous release, on the schema that it was made for.
    if not filled:
        with stage.checkout.steps.step("migrate", f"at {previous.heads}, by {previous.name}"):
            if stage.run(previous.server, ["alembic", "upgrade", "head"]).status:
                raise Problem(f"{previous.name} cannot migrate a fresh database (see above).")
    stage.serve(previous)
    at = ", ".join(stage.ask(State, new, "state").at)
    outcome = stage.test(previous, f"{at}, as it is")
    if not outcome.passed:
        raise Problem(
            f"{previous.name}, which knows {previous.heads}, fails its own tests on {at} already ({outcome.said}): "
            "they say nothing of what comes after."
        )
    return outcome


def _this(checkout: Checkout, image: Image) -> Rehearsed:
    server, tests = (local_image(checkout.project, tag) for tag in (tags.REHEARSED, tags.TESTED))
    with checkout.steps.step("image", image.tag):
        build.build(checkout, image, [server])
        build.build(checkout, image, [tests], "test")
    return Rehearsed("this tree", server, tests, images.label(checkout.shell, server, labels.SCHEMA) or "")


def _previous(checkout: Checkout, version: str) -> Rehearsed | None:
    if not version:
        return None
    with checkout.steps.step("previous", version):
        server, tests = at_hand(checkout, version), at_hand(checkout, tags.tests_of(version))
    return Rehearsed(version, server, tests, images.label(checkout.shell, server, labels.SCHEMA) or "")


def _copy(source: Runtime, stage: Stage, dump: Path) -> None:
    dump.touch(mode=0o600)
    with dump.open("wb") as file:
        store.dump(source, file)
    stage.fill(dump)
