"""`inv release`: gather, decide, show, confirm, act, verify."""

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import uninterrupted
from slipway.deploy.compose.lock import alone
from slipway.engine import registry
from slipway.image.build import Options, read_secret
from slipway.image.plan import built_id, put_back
from slipway.project import tree as version
from slipway.release import gates
from slipway.release import publish as publishing
from slipway.release.attempt import Attempt, Passed, own_git
from slipway.release.facts import PATCH, Facts, Wanted
from slipway.release.gates import Gate
from slipway.release.publish import Step
from slipway.runtime import choose as runtime
from slipway.verbs.session import Lifecycle


@dataclass(frozen=True)
class Plan:
    """What a release will do.

    `head` is the commit that it is made of, which is the release's own when it is `tagged` already. `notes` is what the
    changelog gets. `passed` is an earlier try whose gates have passed, or None. `done` when it is published already.
    """

    wanted: Wanted
    head: str
    branch: str
    old: str
    new: str
    tagged: bool
    repository: str
    moving: tuple[str, ...]
    notes: str
    gates: tuple[Gate, ...]
    key: Path | None
    passed: Passed | None = None
    done: bool = False

    @property
    def first(self) -> list[Step]:
        """The steps before the version is published."""
        return [] if self.wanted.tag_only else publishing.first(self.repository, self.new, self.key)

    @property
    def publish(self) -> Step | None:
        """The step that publishes it."""
        return None if self.wanted.tag_only else publishing.version(self.repository, self.new)

    @property
    def last(self) -> list[Step]:
        """The steps after that."""
        return [] if self.wanted.tag_only else publishing.last(self.repository, self.new, self.moving, self.key)

    @property
    def again(self) -> str:
        """The command that goes on with it."""
        words = ["./inv", "release", "--version", self.new]
        words += [word for name in self.wanted.skip for word in ("--skip", name)]
        return shlex.join([*words, *(["--tag-only"] if self.wanted.tag_only else [])])

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what will be done, as names and lines, in order."""
        if self.done:
            yield "nothing", f"{self.released} is released. The next one: ./inv release --part {PATCH}"
            return
        if self.passed:
            yield "gates", f"passed already, by {self.passed.ended}"
        else:
            if not self.tagged:
                yield "commit", self.commit
            for gate in self.gates:
                yield gate.name, f"left out: {gate.left_out}" if gate.left_out else gate.what
        for step in self.first:
            yield step.name, step.planned()
        if self.publish:
            yield self.publish.name, self.publish.planned()
        if not self.tagged:
            yield "tag", self.tag
        for step in self.last:
            yield step.name, step.planned()

    @property
    def released(self) -> str:
        """What is there in the end: an image, or only a tag."""
        return f"{self.repository}:{self.new}" if self.publish else f"v{self.new}"

    @property
    def commit(self) -> str:
        """What is committed."""
        before = f", {self.old} before" if self.old != self.new else ""
        return f"Release {self.new}{before}{', with its changelog' if self.notes else ''}"

    @property
    def tag(self) -> str:
        """What is tagged."""
        return f"v{self.new}, and {self.branch} follows" if self.branch else f"v{self.new}"


# Gather, decide


def turn(here: Lifecycle, plan: bool) -> contextlib.AbstractContextManager[None]:
    """Wait until no other release is under way here.

    Looking needs no turn.
    """
    return contextlib.nullcontext() if plan else alone(here.project.state / "release", "inv release", here.steps)


def wanted(part: str, version_: str, skip: Sequence[str], secrets: Sequence[str], tag_only: bool) -> Wanted:
    """Read the options of the command line; raises Problem."""
    if part and version_:
        raise Problem("--part and --version exclude each other.")
    if version_:
        version.parse(version_)
    if part:
        version.raised("0.0.0", part)
    return Wanted(part, version_, tuple(skip), Options(tuple(map(read_secret, secrets))), tag_only)


def gather(here: Lifecycle, wanted: Wanted) -> Plan:
    """Look at everything, a line each, and decide.

    Raises Problem, all reasons at once, when this tree cannot be released.
    """
    runtime.need_engine("inv release")
    own_git(here.shell)
    project, facts, reasons = here.project, Facts(here, wanted), []
    gates.of(project, "0.0.0", "", wanted.skip, wanted.build)  # the names of what is skipped
    for name, check in facts.checks:
        if (name in ("changelog", "registry") and not facts.new) or (name != "tree" and not facts.tree_state.commit):
            continue  # it would be asked of no version, or of no commit
        try:
            with here.steps.step(name) as step:
                step.detail = check()
        except Problem as problem:
            reasons.append(str(problem.message))
    if reasons:
        raise Problem("Nothing can be released:\n" + "\n".join(f"  - {reason}" for reason in reasons))
    return Plan(
        wanted=wanted,
        head=facts.tree_state.commit,
        branch=facts.branch,
        old=project.version,
        new=facts.new,
        tagged=facts.tagged,
        repository=facts.repository,
        moving=facts.moving,
        notes=facts.notes,
        gates=tuple(gates.of(project, facts.new, facts.before, wanted.skip, wanted.build)),
        key=facts.key,
        passed=facts.passed,
        done=facts.done,
    )


# Show, act


def show(plan: Plan, as_json: bool) -> None:
    """Print what would be done, and what the changelog would get."""
    if as_json:
        rows = [{"name": name, "what": what} for name, what in plan.rows()]
        shown = {"version": plan.new, "commit": plan.head, "notes": plan.notes, "steps": rows}
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(plan))


def lines(plan: Plan) -> Iterator[str]:
    """Yield what a plan looks like."""
    yield from (f"{name:<10} {what}" for name, what in plan.rows())
    if plan.notes:
        yield ""
        yield from plan.notes.strip().splitlines()


def release(here: Lifecycle, plan: Plan, yes: bool, as_json: bool) -> None:
    """Show it, ask, and do it; raises Problem."""
    here.steps.say("\n".join(["", *(f"  {line}".rstrip() for line in lines(plan)), ""]))
    if plan.done:
        if as_json:
            found = registry.find(here.shell, plan.released) if plan.publish else None
            _print(plan, f"{plan.repository}@{found.digest}" if found else "", plan.head)
        return
    here.confirm(f"Release {plan.new}{f' to {plan.repository}' if plan.publish else ''}?", yes)
    act(here, plan, as_json)


def act(here: Lifecycle, plan: Plan, as_json: bool = False) -> None:
    """Commit, pass the gates, publish, and tag.

    In a clone; commit and tag are brought home. Raises Problem. Until the version is in the registry, the checkout
    is as before.
    """
    attempt, merged, image = Attempt(here, plan.new), False, ""
    if plan.passed:
        here.steps.say(f"  gates      passed already, by {plan.passed.ended}")
        _resume(attempt, plan.passed, plan.wanted.build)
    else:
        _prepare(attempt, plan)
    with _told(here, f"{plan.new} was not published, and the tree is as before. To go on from here: {plan.again}"):
        for step in plan.first:
            _do(attempt, step)
    with _told(here, f"{plan.new} may be published, and its tag is not set. To go on from here: {plan.again}"):
        merged = _publish(attempt, plan)
    with _told(here, f"{plan.new} is released; not all that should lead to it does. To go on: {plan.again}"):
        for step in plan.last:
            _do(attempt, step)
        image = publishing.digest(attempt) if plan.publish else ""
    commit = attempt.commit
    attempt.remove()
    if as_json:
        _print(plan, image, commit)
    _say(here, plan, merged)


@contextlib.contextmanager
def _told(here: Lifecycle, where: str) -> Iterator[None]:
    # However it ends, who reads it knows where it stands.
    try:
        yield
    except Problem as problem:
        problem.message = f"{problem.message}\n{where}"
        raise
    except BaseException:
        here.steps.say(f"  {where}")
        raise


def _resume(attempt: Attempt, passed: Passed, build: Options) -> None:
    # With the very same images: when they are gone from the engine, they are pulled or built again.
    shell, repository = attempt.here.shell, attempt.here.project.repository
    pushed = {
        passed.image: f"{repository}:sha-{passed.commit[:12]}",
        passed.tests: f"{repository}:{attempt.version}-test",
    }
    for one, tag in pushed.items():
        if shell.probe(["docker", "image", "inspect", one])[0]:
            shell.probe(["docker", "pull", "--quiet", tag], echo=True)
    if any(shell.probe(["docker", "image", "inspect", one])[0] for one in pushed):
        with attempt.here.steps.step("image", f"{attempt.tag}, again"):
            gates.build_images(attempt, build)
            if (attempt.image, attempt.tests) != (passed.image, passed.tests):
                raise Problem(
                    f"{attempt.tag} was {passed.image}, which is gone, and cannot be built so any more. To begin anew: "
                    f"rm -r {shlex.quote(str(attempt.folder))}"
                )
    put_back(shell, {attempt.tag: passed.image, attempt.tests_tag: passed.tests})
    attempt.resume(passed)


def _prepare(attempt: Attempt, plan: Plan) -> None:
    # Whatever ends this leaves nothing behind.
    steps, shell = attempt.here.steps, attempt.here.shell
    before = {tag: built_id(shell, tag) for tag in (attempt.tag, attempt.tests_tag)}
    try:
        attempt.make(plan.head)
        if not plan.tagged:
            with steps.step("commit", plan.commit):
                attempt.write(", ".join(plan.wanted.skip))
        gates.run(attempt, plan.gates)
        attempt.keep(plan.head)
        if not plan.publish:  # others build and publish it
            put_back(shell, before)
    except BaseException as problem:
        put_back(shell, before)
        attempt.remove()
        if isinstance(problem, Problem):
            problem.message = f"{problem.message}\nNothing was released, and everything is as it was."
        raise


def _publish(attempt: Attempt, plan: Plan) -> bool:
    # What is published is also tagged.
    steps = attempt.here.steps
    with uninterrupted():
        if plan.publish:
            _do(attempt, plan.publish)
        if plan.tagged:
            return True
        with steps.step("tag") as step:
            attempt.bring_home()
            merged = attempt.merge(plan.branch)
            step.detail = plan.tag if merged else f"v{plan.new}; {plan.branch} could not follow"
            return merged


def _do(attempt: Attempt, step: Step) -> None:
    with attempt.here.steps.step(step.name, step.named(attempt)) as line:
        if more := step.do(attempt):
            line.detail += f": {more}"


def _print(plan: Plan, image: str, commit: str) -> None:
    state = {"version": plan.new, "commit": commit, "image": image, "tag": plan.released}
    sys.stdout.write(json.dumps(state, indent=2) + "\n")


def _say(here: Lifecycle, plan: Plan, merged: bool) -> None:
    here.steps.say(f"  released   {plan.released}")
    here.steps.total()
    if not merged:
        raise Problem(
            f"{plan.released} is released and tagged v{plan.new}; {plan.branch} could not follow (it has changed "
            f"meanwhile, say), and does not have the commit yet: git merge v{plan.new}"
        )
    then = [] if plan.tagged else ["git push --follow-tags"]
    then += [f"./inv deploy --tag {plan.new}"] if plan.publish else []
    for index, line in enumerate(then):
        here.steps.say(f"  {'' if index else 'next':<10} {line}")
