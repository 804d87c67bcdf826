"""A deployment that takes the place of the one that another runtime has: what is refused, and the way back."""

import contextlib
from collections.abc import Iterator

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.facts import Options
from slipway.runtime import predecessor
from slipway.runtime.predecessor import Predecessor

PAUSE = (
    "with a pause: clients get 503 from when the old service stops until this release is ready; the data stays in its "
    "volumes, and what ran before is kept, stopped"
)


def check(before: Predecessor | None, options: Options, deployment: str) -> None:
    """Refuse to be beside a predecessor, and to move where there is none; raises Problem."""
    if before and not options.move:
        raise Problem(
            f"{deployment} {predecessor.still(before)}. Both cannot be: they would have the same data and ports. "
            f"Nothing was changed. {predecessor.HOW}"
        )
    if options.move and not before:
        raise Problem(
            f"--move: nothing of {deployment} runs on one engine that the context leads to. To deploy: ./inv deploy "
            "--tag VERSION. "
            "If it runs on another node, name that one's context (--context NAME): it has to be a manager."
        )
    if before:
        before.check()


@contextlib.contextmanager
def moved(steps: Steps, before: Predecessor | None, options: Options) -> Iterator[None]:
    """Let what is done take a predecessor's place, if there is one; when it fails, that has its place back."""
    if not before:
        yield
        return
    with before.held():
        before.prepare(backup=not options.no_backup)
        try:
            yield
        except BaseException as error:
            again = f"./inv deploy --move{f' --tag {options.tag}' if options.tag else ''}"
            said = f"{before.take_back()} Once it is mended: {again}"
            if isinstance(error, Problem):
                error.message = f"{str(error.message).rstrip()}\n{said}"
            else:
                steps.note("stopped", said)
            raise
        before.finish()
