"""A release at work: in a clone, gate after gate, published, tagged, read back."""

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.core.signals import uninterrupted
from slipway.core.steps import Steps
from slipway.engine import images, registry
from slipway.engine.client import need_engine
from slipway.image.build import Options
from slipway.project import tags
from slipway.project.checkout import Checkout
from slipway.project.clone import own_git
from slipway.project.semver import git_tag
from slipway.release import attach, checks, facts, gates, handover
from slipway.release.attempt import Attempt
from slipway.release.passed import Passed
from slipway.release.plan import Plan, decide
from slipway.release.publish import Publication
from slipway.release.wanted import Wanted


@dataclass(frozen=True)
class Released:
    """What was released: the image by its digest ("" without one), the commit, and whether the branch has followed."""

    image: str
    commit: str
    merged: bool


def gather(checkout: Checkout, wanted: Wanted) -> Plan:
    """Look at everything, a line each, and decide.

    Raises Problem, all reasons at once, when this tree cannot be released.
    """
    need_engine("inv release")
    own_git(checkout.shell)
    gates.of(checkout.project, "0.0.0", "", wanted.skip, wanted.build)  # the names of what is skipped
    plan = decide(checkout.project, wanted, facts.look(checkout, wanted))
    if wanted.load and not (plan.facts.passed or plan.facts.done):
        raise Problem(f"Nothing of {wanted.load} is here to be published.")  # and no gate runs beside the key
    return plan


def take_over(checkout: Checkout, wanted: Wanted) -> None:
    """Take over what another machine has passed its gates with, so that it is published as an earlier try is.

    Its image has to be what this commit makes: it is built once more. Raises Problem.
    """
    need_engine("inv release")
    own_git(checkout.shell)
    head = checks.read_head(checkout, wanted)
    checks.clean(checkout.shell, head)
    checks.tagged_already(head, wanted)
    names = [gate.name for gate in gates.of(checkout.project, "0.0.0", "", wanted.skip, wanted.build)]
    attempt, folder = Attempt(checkout, head.version), wanted.load or Path()
    try:
        with checkout.steps.step("load", str(folder)):
            attempt.make(head.tree.commit)
            passed = handover.load(attempt, folder, names, wanted.skip)
        with checkout.steps.step("again", "the image, from this commit"):
            handover.build_again(attempt, passed, wanted.build)
        attempt.keep(passed)
    except BaseException:
        attempt.remove()
        raise


def published(shell: Shell, plan: Plan) -> str:
    """Return the image of a release that is done, by its digest; "" without one."""
    found = registry.find(shell, plan.released) if plan.publishes else None
    return f"{plan.repository}@{found.digest}" if found else ""


def release(checkout: Checkout, plan: Plan) -> Released:
    """Commit, pass the gates, publish, and tag.

    In a clone; commit and tag are brought home. Raises Problem. Until the version is in the registry, the checkout
    is as before.
    """
    steps, attempt = checkout.steps, Attempt(checkout, plan.new)
    passed = _resume(attempt, plan.facts.passed, plan.wanted.build) if plan.facts.passed else _prepare(attempt, plan)
    if plan.wanted.save:
        told = f"{plan.new} has passed its gates, and is not saved. To go on from here: {plan.again}"
        with _told(steps, told), steps.step("save", plan.saved):
            handover.save(attempt, passed, plan.wanted.save)
    with _told(steps, f"{plan.new} was not published, and the tree is as before. To go on from here: {plan.again}"):
        for publication in plan.first(passed.commit):
            _do(attempt, passed, publication)
    with _told(steps, f"{plan.new} may be published, and its tag is not set. To go on from here: {plan.again}"):
        merged = _publish(attempt, passed, plan)
    with _told(steps, f"{plan.new} is released; not all that should lead to it does. To go on: {plan.again}"):
        for publication in plan.last(passed.commit):
            _do(attempt, passed, publication)
        image = attach.digest(attempt, passed) if plan.publishes else ""
    attempt.remove()
    return Released(image, passed.commit, merged)


def check_merged(plan: Plan, released: Released) -> None:
    """Raise Problem when the branch could not follow the release."""
    if not released.merged:
        branch = plan.facts.head.branch
        raise Problem(
            f"{plan.released} is released and tagged {git_tag(plan.new)}; {branch} could not follow (it has changed "
            f"meanwhile, say), and does not have the commit yet: git merge {git_tag(plan.new)}"
        )


@contextlib.contextmanager
def _told(steps: Steps, where: str) -> Iterator[None]:
    # However it ends, who reads it knows where it stands.
    try:
        yield
    except Problem as problem:
        problem.message = f"{problem.message}\n{where}"
        raise
    except BaseException:
        steps.say(f"  {where}")
        raise


def _resume(attempt: Attempt, passed: Passed, options: Options) -> Passed:
    # With the very same images: when they are gone from the engine, they are pulled or built again.
    attempt.home.steps.note("gates", f"passed already, by {passed.ended}")
    shell, repository = attempt.home.shell, attempt.home.project.repository
    pushed = {
        passed.image: f"{repository}:{tags.of_commit(passed.commit)}",
        passed.tests: f"{repository}:{tags.tests_of(attempt.version)}",
    }
    for one, tag in pushed.items():
        if not images.built_id(shell, one):
            status, _, said = shell.probe(images.pull_command(tag), echo=True)
            if status:
                shell.steps.say(f"  {said.strip()}")
    if not all(images.built_id(shell, one) for one in pushed):
        with attempt.home.steps.step("image", f"{attempt.tag}, again"):
            again = gates.build_images(attempt, options)
            if (again.image, again.tests) != (passed.image, passed.tests):
                raise Problem(
                    f"{attempt.tag} was {passed.image}, which is gone, and cannot be built so any more. To begin anew: "
                    f"rm -r {shlex.quote(str(attempt.folder))}"
                )
    images.put_back(shell, {attempt.tag: passed.image, attempt.tests_tag: passed.tests})
    return passed


def _prepare(attempt: Attempt, plan: Plan) -> Passed:
    # Whatever ends this leaves nothing behind.
    shell, head = attempt.home.shell, plan.facts.head
    before = {tag: images.built_id(shell, tag) for tag in (attempt.tag, attempt.tests_tag)}
    try:
        attempt.make(head.tree.commit)
        if not head.released:
            with attempt.home.steps.step("commit", plan.commit):
                attempt.write(plan.wanted.skip)
        passed = gates.run(attempt, head.tree.commit, plan.gates, plan.wanted.build.secrets)
        attempt.keep(passed)
        if plan.wanted.tag_only:  # others build and publish it
            images.put_back(shell, before)
        return passed
    except BaseException as problem:
        images.put_back(shell, before)
        attempt.remove()
        if isinstance(problem, Problem):
            problem.message = f"{problem.message}\nNothing was released, and everything is as it was."
        raise


def _publish(attempt: Attempt, passed: Passed, plan: Plan) -> bool:
    # What is published is also tagged.
    with uninterrupted():
        if plan.publication:
            _do(attempt, passed, plan.publication)
        if plan.facts.head.released:
            return True
        with attempt.home.steps.step("tag") as step:
            attempt.bring_home(passed.commit)
            branch = plan.facts.head.branch
            merged = attempt.merge(branch, passed.commit)
            step.detail = plan.tag if merged else f"{git_tag(plan.new)}; {branch} could not follow"
            return merged


def _do(attempt: Attempt, passed: Passed, publication: Publication) -> None:
    with attempt.home.steps.step(publication.name, publication.what) as line:
        if more := publication.do(attempt, passed):
            line.detail += f": {more}"
