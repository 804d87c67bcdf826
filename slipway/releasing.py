"""`inv release`: gather, decide, show, confirm, act, verify."""

import contextlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from slipway import changelog, gates, publishing, registry, runtime, scene, signing, version
from slipway.attempt import Attempt, Passed, own_git, tagged
from slipway.building import Options, read_secret
from slipway.errors import Interrupted, Problem
from slipway.gates import Gate
from slipway.image import built_id
from slipway.lifecycle import Lifecycle
from slipway.lock import alone
from slipway.publishing import Step
from slipway.registry import Manifest
from slipway.shell import uninterrupted
from slipway.version import Tree

PATCH = "patch"  # what is raised unless told


@dataclass(frozen=True)
class Wanted:
    """What was asked for: a part to raise or a version, gates to skip, secrets for the build, no images."""

    part: str = ""
    version: str = ""
    skip: tuple[str, ...] = ()
    build: Options = field(default_factory=Options)
    tag_only: bool = False


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
        words = ["./inv", "release"]
        if not self.tagged:
            words += (
                ["--version", self.wanted.version] if self.wanted.version else ["--part", self.wanted.part or PATCH]
            )
        words += [word for name in self.wanted.skip for word in ("--skip", name)]
        return shlex.join([*words, *(["--tag-only"] if self.wanted.tag_only else [])])

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield what will be done, as names and lines, in order."""
        if self.done:
            yield "nothing", f"{self.repository}:{self.new} is released. The next one: ./inv release --part {PATCH}"
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
    def commit(self) -> str:
        """What is committed."""
        return f"Release {self.new}, after {self.old}{', with its changelog' if self.notes else ''}"

    @property
    def tag(self) -> str:
        """What is tagged."""
        return f"v{self.new}, and {self.branch} follows" if self.branch else f"v{self.new}"


# Gather, decide


class Facts:
    """What is true of the checkout, looked at once; each check returns its line, or raises Problem."""

    def __init__(self, here: Lifecycle, wanted: Wanted) -> None:
        self.here, self.wanted = here, wanted
        self.repository = here.project.repository
        self.remote: tuple[str, ...] = ()  # the versions that the remote has
        self.new = ""
        self.key: Path | None = None
        self.done = False
        self.found: Manifest | None = None  # what the registry has of the version
        self.moving: tuple[str, ...] = ()

    @cached_property
    def tree_state(self) -> Tree:
        """What git says of the tree."""
        return version.read(self.here.project.root, self.here.shell)

    @cached_property
    def branch(self) -> str:
        """The branch, "" when HEAD is detached."""
        return self.here.shell.probe(["git", "symbolic-ref", "--quiet", "--short", "HEAD"])[1]

    @cached_property
    def tagged(self) -> bool:
        """Whether HEAD is a release's commit, which nobody asked to go beyond."""
        asked = self.wanted.part or self.wanted.version not in ("", self.here.project.version)
        return not asked and f"v{self.here.project.version}" in self.tree_state.tags

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The versions that were released before, the lowest first: their tags, here and at the remote."""
        tags = self.here.shell.probe(["git", "tag", "--list", "v*"])[1].split()
        names = {tag.removeprefix("v") for tag in tags} | set(self.remote)
        return tuple(sorted(filter(version.is_version, names), key=version.parse))

    def tree(self) -> str:
        """Whether it is a commit, and nothing but that."""
        state = self.tree_state
        if not state.commit:
            raise Problem("there is no commit: git init, git add, git commit")
        if state.content:
            raise Problem("the tree has changes: git commit, or git stash")
        if state.shallow:
            raise Problem("this clone is shallow, so that its tags are not known: git fetch --unshallow --tags")
        if not self.tagged and self.here.shell.probe(["git", "var", "GIT_COMMITTER_IDENT"])[0]:
            raise Problem("git does not know who you are: git config user.name NAME, git config user.email ADDRESS")
        return f"clean, at {state.commit[:12]}"

    def upstream(self) -> str:
        """Whether it is the branch to release from, with all that others have pushed to it."""
        only = self.here.project.release.branch
        if not self.tagged and not self.branch:
            raise Problem("HEAD is detached, so that the commit would be on no branch: git switch BRANCH")
        if not self.tagged and only and self.branch != only:
            raise Problem(f"this is {self.branch}, and releases are made of {only}: git switch {only}")
        remote, merge = (self._of_branch(name) for name in ("remote", "merge"))
        if self.tagged and not remote:
            remote = next(iter(self.here.shell.probe(["git", "remote"])[1].split()), "")
        tip = self._ask(remote, merge) if remote else ""
        if self.tagged:
            return f"HEAD is v{self.here.project.version}" + (f", on {self.branch}" if self.branch else "")
        if not remote or not merge:
            return f"{self.branch}, which has no upstream"
        if tip and self.here.shell.probe(["git", "merge-base", "--is-ancestor", tip, "HEAD"])[0]:
            raise Problem(f"{remote} has commits of {self.branch} that are not here: git pull")
        return f"{self.branch}, {'level with' if tip == self.tree_state.commit else 'ahead of'} {remote}"

    def _ask(self, remote: str, merge: str) -> str:
        # Notes the versions of a remote; returns where its branch is, "" when it has none.
        asked = ["git", "ls-remote", remote, *([merge] if merge else []), "refs/tags/v*"]
        status, out, said = self.here.shell.probe(asked, echo=True, env={"GIT_TERMINAL_PROMPT": "0"})
        if status:
            raise Problem(f"{said.strip()}\nthe upstream {remote} cannot be asked")
        refs = {ref: commit for commit, ref in (line.split("\t") for line in out.splitlines())}
        tags = (ref.removeprefix("refs/tags/v") for ref in refs if ref.startswith("refs/tags/"))
        self.remote = tuple(tag for tag in tags if version.is_version(tag))
        return refs.get(merge, "")

    def _of_branch(self, name: str) -> str:
        return self.here.shell.probe(["git", "config", f"branch.{self.branch}.{name}"])[1]

    def number(self) -> str:
        """Whether the version is new, and higher than the last one."""
        old = self.here.project.version
        if self.tagged:
            self.new = old
            return f"{old}, tagged already"
        new, before = self.wanted.version or version.raised(old, self.wanted.part or PATCH), self.before
        kept = Attempt(self.here, new).kept()
        if kept and tagged(self.here.shell, new) == kept.commit:
            self.new = new
            return f"{new}, tagged already and not finished"
        if new in self.known:
            raise Problem(f"the tag v{new} exists already: raise another part, or say --version")
        for lower, where in ((before, "the last tag before this commit"), (old, "pyproject.toml")):
            if lower and version.is_version(lower) and version.parse(new) < version.parse(lower):
                raise Problem(f"{new} is lower than {lower}, {where}: correct the version in pyproject.toml")
        self.new = new
        return f"{new}, after {before}" if before else f"{new}, the first"

    @property
    def before(self) -> str:
        """The version released before this one, "" for none."""
        state = self.tree_state
        tags = () if self.tagged else state.tags
        return next((tag[1:] for tag in tags if version.is_version(tag[1:])), state.previous)

    @cached_property
    def notes(self) -> str:
        """What the changelog gets."""
        kept = not self.tagged and self.new and changelog.is_kept(self.here.project)
        return changelog.draft(self.here.project, self.here.shell, self.new) if kept else ""

    def changes(self) -> str:
        """Whether the changelog has something to say."""
        if not changelog.is_kept(self.here.project):
            return "there is none: no [tool.towncrier] in pyproject.toml"
        if self.tagged or self.passed:
            return "written already"
        if not self.notes:
            raise Problem(
                "nothing of it is in the changelog: say what has changed for users in a file of changelog.d, "
                "like +what.added.md"
            )
        entries = sum(line.startswith("- ") for line in self.notes.splitlines())
        return f"{entries} {'entry' if entries == 1 else 'entries'}"

    def free(self) -> str:
        """Whether the registry answers, and has no such version, or this very image."""
        if self.wanted.tag_only:
            return "not asked: --tag-only"
        if not self.repository:
            raise Problem('no registry is named: registry = "registry.example.com/team" in [tool.slipway]')
        tag, shell = f"{self.repository}:{self.new}", self.here.shell
        self.found = found = registry.find(shell, tag, echo=True)
        # What they lead to counts as well: its git tag may not be here yet.
        names = version.moving(self.new, self.known)
        now = {name: registry.version(shell, f"{self.repository}:{name}") for name in names}
        self.moving = tuple(version.moving(self.new, [*self.known, *filter(version.is_version, now.values())]))
        if not found:
            return f"{tag} is free"
        if self.passed and found.is_image(self.passed.image):
            return f"{tag} is there already, as it was pushed"
        if self.tagged:
            self.done = all(registry.find(shell, f"{self.repository}:{name}") == found for name in self.moving)
            return f"{tag} is there: it has to be what is built here"
        raise Problem(registry.taken(tag))

    def signature(self) -> str:
        """Whether what is published can be signed."""
        self.key = signing.public_key(self.here)
        if not self.key:
            return "none: no key in [tool.slipway.release]"
        if self.wanted.tag_only or self.done:
            return f"not needed: {'it is released' if self.done else '--tag-only'}"
        signing.check_pair(self.here, self.key)
        return f"{os.environ[signing.PRIVATE]} is the key of {self.key.name}"

    @property
    def passed(self) -> Passed | None:
        """An earlier try of the same that has passed its gates, or None.

        Of the same commit, or whatever was committed since, when it is published or tagged: then it has to be finished.
        """
        kept = Attempt(self.here, self.new).kept()
        if not kept:
            return None
        published = bool(self.found and self.found.is_image(kept.image))
        if published or tagged(self.here.shell, self.new) == kept.commit:
            return kept
        skipped = {name for name, how in kept.gates.items() if how == gates.SKIPPED}
        same = self.tree_state.commit in (kept.head, kept.commit)
        return kept if same and skipped <= set(self.wanted.skip) else None

    @property
    def checks(self) -> list[tuple[str, Callable[[], str]]]:
        """What is looked at, in order."""
        return [
            ("tree", self.tree),
            ("branch", self.upstream),
            ("version", self.number),
            ("changelog", self.changes),
            ("registry", self.free),
            ("signing", self.signature),
        ]


def turn(here: Lifecycle, plan: bool) -> contextlib.AbstractContextManager[None]:
    """Wait until no other release of this checkout is under way; looking needs no turn."""
    return contextlib.nullcontext() if plan else alone(here.project.state / "release", "inv release", here.steps)


def wanted(part: str, version_: str, skip: Sequence[str], secrets: Sequence[str], tag_only: bool) -> Wanted:
    """Read the options of the command line; raises Problem."""
    if part and version_:
        raise Problem("--part and --version exclude each other.")
    if version_:
        version.parse(version_)
    if part and part not in version.PARTS:
        raise Problem(f"--part is one of {', '.join(version.PARTS)}, not {part!r}.")
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
        if as_json and (found := registry.find(here.shell, f"{plan.repository}:{plan.new}")):
            _print(plan, f"{plan.repository}@{found.digest}", plan.head)
        return
    here.confirm(f"Release {plan.new}{f' to {plan.repository}' if plan.publish else ''}?", yes)
    act(here, plan, as_json)


def act(here: Lifecycle, plan: Plan, as_json: bool = False) -> None:
    """Commit and tag in a clone, pass the gates, publish, and bring commit and tag home.

    Raises Problem. Until the version is in the registry, the checkout is as before.
    """
    attempt = Attempt(here, plan.new)
    if plan.passed:
        here.steps.say(f"  gates      passed already, by {plan.passed.ended}")
        _resume(attempt, plan.passed, plan.wanted.build)
    else:
        _prepare(attempt, plan)
    try:
        for step in plan.first:
            _do(attempt, step)
    except Problem as problem:
        raise _unpublished(plan, problem) from None
    merged = False
    try:
        merged = _publish(attempt, plan)
        for step in plan.last:
            _do(attempt, step)
        image = publishing.digest(attempt) if plan.publish else ""
    except Problem as problem:
        if isinstance(problem, Unpublished):
            raise
        problem.message = (
            f"{problem.message}\n{plan.new} is released; not all that should lead to it does. To go on: {plan.again}"
        )
        raise
    commit = attempt.commit
    attempt.remove()
    if as_json:
        _print(plan, image, commit)
    _say(here, plan, merged)


class Unpublished(Problem):
    """The version is not in the registry, or nobody knows."""


def _resume(attempt: Attempt, passed: Passed, build: Options) -> None:
    # With the very same images: when they are gone from the engine, they are built again.
    shell = attempt.here.shell
    wanted = {attempt.tag: passed.image, attempt.tests_tag: passed.tests}
    there = [shell.probe(["docker", "image", "inspect", one])[0] == 0 for one in wanted.values()]
    if not all(there):
        with attempt.here.steps.step("image", f"{attempt.tag}, again"):
            gates.build_images(attempt, build)
            if (attempt.image, attempt.tests) != (passed.image, passed.tests):
                raise Problem(f"{attempt.tag} was built as {passed.image}, and cannot be built so any more.")
    scene.put_back(attempt, wanted)
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
            scene.put_back(attempt, before)
    except BaseException as problem:
        scene.put_back(attempt, before)
        attempt.remove()
        if isinstance(problem, Problem) and not isinstance(problem, Interrupted):
            raise Problem(
                f"{problem.message}\nNothing was released, and everything is as it was.", problem.code
            ) from None
        raise


def _publish(attempt: Attempt, plan: Plan) -> bool:
    # What is published is also tagged.
    steps = attempt.here.steps
    with uninterrupted():
        if plan.publish:
            try:
                _do(attempt, plan.publish)
            except Problem as problem:
                raise _unpublished(plan, problem) from None
        if plan.tagged:
            return True
        with steps.step("tag") as step:
            attempt.bring_home()
            merged = attempt.merge(plan.branch)
            step.detail = plan.tag if merged else f"v{plan.new}; {plan.branch} has changed meanwhile"
            return merged


def _do(attempt: Attempt, step: Step) -> None:
    with attempt.here.steps.step(step.name, step.named(attempt)) as line:
        if more := step.do(attempt):
            line.detail += f": {more}"


def _unpublished(plan: Plan, problem: Problem) -> Problem:
    how = "may be published" if isinstance(problem, publishing.Unread) else "was not published"
    return Unpublished(
        f"{problem.message}\n{plan.new} {how}, and the tree is as before. To go on from here: {plan.again}",
        problem.code,
    )


def _print(plan: Plan, image: str, commit: str) -> None:
    tag = f"{plan.repository}:{plan.new}" if plan.publish else f"v{plan.new}"
    state = {"version": plan.new, "commit": commit, "image": image, "tag": tag}
    sys.stdout.write(json.dumps(state, indent=2) + "\n")


def _say(here: Lifecycle, plan: Plan, merged: bool) -> None:
    released = f"{plan.repository}:{plan.new}" if plan.publish else f"v{plan.new}"
    here.steps.say(f"  released   {released}")
    here.steps.total()
    if not merged:
        raise Problem(
            f"{released} is released and tagged v{plan.new}; {plan.branch} has changed meanwhile, so it does not have "
            f"the commit yet: git merge v{plan.new}"
        )
    if not plan.tagged:
        here.steps.say("  next       git push --follow-tags")
    if plan.publish:
        here.steps.say(f"             ./inv deploy --tag {plan.new}")
