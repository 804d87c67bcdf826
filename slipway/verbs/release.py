"""The verbs of versions: `release` makes one, `verify` builds one again."""

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import JSON, SECRET, YES, again
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from slipway.project.checkout import Checkout
    from slipway.release.plan import Plan


@task(
    help={
        "part": "which one is raised: major, minor or patch (default)",
        "version": "the new version itself, X.Y.Z",
        "plan": "show what would be done, and change nothing",
        "skip": "leave this gate out, and say so for good; may be repeated",
        "tag_only": "commit and tag; another machine publishes what is tagged",
        "save": "pass the gates of a tagged commit, and write what passed into this folder",
        "load": "publish and sign what another machine saved there, without the gates",
    }
    | SECRET
    | JSON
    | YES,
    iterable=["skip", "secret"],
    extras=["sbom", "audit", "release", "lint"],
)
def release(
    _: Context,
    part: str = "",
    version: str = "",
    plan: bool = False,
    skip: Sequence[str] | None = None,
    secret: Sequence[str] | None = None,
    tag_only: bool = False,
    save: str = "",
    load: str = "",
    yes: bool = False,
    json: bool = False,
) -> None:
    """Pass the gates, commit, tag, push, sign, read back."""
    from slipway.core.turn import alone
    from slipway.release import run, wanted, withheld
    from slipway.release.attempt import folder
    from slipway.verbs.screen import show_json, show_lines
    from slipway.verbs.session import begin_without

    if not plan:
        withheld.start_anew(again(), secret or [])
    with begin_without("release") as session:
        checkout = session.checkout
        asked = wanted.read(part, version, skip or [], secret or [], tag_only, save, load)
        turn = contextlib.nullcontext() if plan else alone(folder(checkout), "inv release", session.steps)
        with turn:  # looking needs none
            if asked.load and not plan:
                run.take_over(checkout, asked)
            decided = run.gather(checkout, asked)
            if not plan:
                _release(checkout, decided, yes, json)
            elif json:
                show_json(decided.as_json())
            else:
                show_lines(decided.lines())


def _release(checkout: "Checkout", plan: "Plan", yes: bool, as_json: bool) -> None:
    # Shows it, asks, does it, and says what comes next.
    from slipway.release import run
    from slipway.verbs.screen import confirm, show_json

    steps = checkout.steps
    steps.say("\n".join(["", *(f"  {line}".rstrip() for line in plan.lines()), ""]))
    if plan.facts.done:
        if as_json:
            show_json(plan.state(run.published(checkout.shell, plan), plan.facts.head.tree.commit))
        return
    confirm(plan.question, yes)
    released = run.release(checkout, plan)
    if as_json:
        show_json(plan.state(released.image, released.commit))
    steps.note("saved" if plan.wanted.save else "released", plan.released)
    steps.total()
    run.check_merged(plan, released)
    for index, command in enumerate(plan.then):
        steps.note("" if index else "next", command)


@task(
    help={
        "tag": "the image in the registry: 1.2.3, sha-..., or a whole reference",
        "key": "the public key that it has to be signed with, a file; default: the project's, if it has one",
    }
    | SECRET
    | JSON,
    iterable=["secret"],
)
def verify(_: Context, tag: str = "", key: str = "", secret: Sequence[str] | None = None, json: bool = False) -> None:
    """Build a released image once more from its commit; compare."""
    from slipway.core.caller import expanded
    from slipway.image.build import Options, read_secret
    from slipway.release import verify
    from slipway.verbs.screen import show, show_json
    from slipway.verbs.session import begin_without

    with begin_without("verify") as session:
        options = Options(tuple(map(read_secret, secret or [])))
        public = expanded(key).absolute() if key else None
        verified = verify.verify(session.checkout, tag or session.project.version, options, public)
        if json:
            show_json(verified.as_json())
        else:
            show(verified.line)
