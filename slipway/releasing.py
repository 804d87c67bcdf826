"""A release: from a green commit to tagged images in the registry."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from slipway import image, inspecting, registry, sbom, testing, version
from slipway.errors import Problem
from slipway.lifecycle import Lifecycle
from slipway.project import load
from slipway.shell import Shell, uninterrupted


@dataclass(frozen=True)
class Plan:
    """What a release will do, on top of which commit."""

    commit: str
    part: str
    old: str
    new: str
    repository: str

    @property
    def git_tag(self) -> str:
        """The annotated tag."""
        return f"v{self.new}"

    def tags(self, commit: str) -> list[str]:
        """Return the image tags, in the order of their pushing.

        The commit's comes first: when pushing breaks off, no version was published yet.
        """
        return [f"{self.repository}:sha-{commit[:12]}", f"{self.repository}:{self.new}", f"{self.repository}:latest"]

    @property
    def tested(self) -> str:
        """The tag of the image that tests this release, for the rehearsal of the next."""
        return f"{self.repository}:{self.new}-test"


def gather(here: Lifecycle, part: str) -> Plan:
    """Read the state and decide.

    Raises Problem, all reasons at once, when this tree cannot be released.
    """
    project, shell = here.project, here.shell
    new = version.raised(project.version, part)
    tree = version.read(project.root, shell)
    repository = f"{project.registry}/{project.image}"
    reasons = []
    if not project.registry:
        reasons.append('no registry is named: registry = "registry.example.com/team" in [tool.slipway]')
    if not tree.commit:
        reasons.append("there is no commit: git init, git add, git commit")
    elif shell.probe(["git", "symbolic-ref", "--quiet", "HEAD"])[0]:
        reasons.append("HEAD is detached, so that the commit would be on no branch: git switch BRANCH")
    if shell.probe(["git", "var", "GIT_COMMITTER_IDENT"])[0]:
        reasons.append("git does not know who you are: git config user.name NAME, git config user.email ADDRESS")
    if tree.content:
        reasons.append("the tree has changes: git commit, or git stash")
    if not shell.probe(["git", "rev-parse", "--verify", "--quiet", f"refs/tags/v{new}"])[0]:
        reasons.append(f"the tag v{new} exists already: raise another part, or correct the version in pyproject.toml")
    if reasons:
        raise Problem("Nothing can be released:\n" + "\n".join(f"  - {reason}" for reason in reasons))
    return Plan(tree.commit, part, project.version, new, repository)


def show(here: Lifecycle, plan: Plan) -> None:
    """Print what will be done."""
    rows = [
        ("tests", "inv test"),
        ("version", f"{plan.old} -> {plan.new} in pyproject.toml"),
        ("commit", f"Release {plan.new}, with the annotated tag {plan.git_tag}"),
        ("image", "built from exactly that commit"),
        *(("push", f"{tag}, and read back") for tag in [plan.tested, *plan.tags("<commit>")]),
        ("attach", "its bill of materials (CycloneDX)" if shutil.which("oras") else "nothing: oras is not installed"),
    ]
    for name, what in rows:
        here.steps.say(f"  {name:<10} {what}")


def check_registry(here: Lifecycle, plan: Plan) -> None:
    """Ask the registry whether the version is free.

    Raises Problem when it is taken, or when the registry doesn't answer.
    """
    with here.steps.step("registry", f"{plan.repository}:{plan.new} is free"):
        status, _, said = here.shell.probe(registry.inspect_command(f"{plan.repository}:{plan.new}"), echo=True)
        if not status:
            raise Problem(registry.taken(f"{plan.repository}:{plan.new}"))
        if ": not found" not in said:
            host = plan.repository.partition("/")[0]
            raise Problem(
                f"{said.strip()}\n"
                f"The registry {host} cannot be asked. Is it up, and are you logged in? docker login {host}"
            )


def act(here: Lifecycle, plan: Plan) -> None:
    """Raise the version, commit, build, push, read back, tag.

    All of it happens in a worktree of its own, on top of the commit that was tested; the branch and the git tag move
    only once the version is in the registry, so that before that nothing has to be taken back. Raises Problem.
    """
    shell, steps = here.shell, here.steps
    with _worktree(shell, plan.commit) as tree:
        with steps.step("commit", f"Release {plan.new}"):
            raise_version(tree / "pyproject.toml", plan.new)
            message = ["--message", f"Release {plan.new}"]
            shell.output(["git", "commit", "--quiet", *message, "--", "pyproject.toml"], cwd=tree, echo=True)
            commit = shell.output(["git", "rev-parse", "HEAD"], cwd=tree)
        by_commit, by_version, latest = plan.tags(commit)
        with steps.step("image", by_version):
            _build(here, tree, commit, [by_commit, by_version, latest])
            _build(here, tree, commit, [plan.tested], "test")
        unpublished = f"nothing was released, and the tree is as before. Again: ./inv release --part {plan.part}"
        _push(here, plan.tested, plan.repository, unpublished)
        _push(here, by_commit, plan.repository, unpublished)
        _attach(here, by_commit, plan.repository, unpublished)
        with uninterrupted():  # what is published is also tagged
            _push(here, by_version, plan.repository, unpublished)
            with steps.step("tag", plan.git_tag):
                shell.output(["git", "tag", "--annotate", plan.git_tag, *message, commit], echo=True)
                merged = shell.probe(["git", "merge", "--ff-only", "--quiet", commit], echo=True)[0] == 0
    finish = f"{by_version} is released, and {latest} is still the one before: docker push {latest}"
    _push(here, latest, plan.repository, finish)
    steps.say(f"  released   {by_version}")
    if not merged:
        raise Problem(
            f"{by_version} is released and tagged {plan.git_tag}; the branch has changed meanwhile, so it does not "
            f"have the commit yet: git merge {plan.git_tag}"
        )
    steps.say("  next       git push --follow-tags")


@contextlib.contextmanager
def _worktree(shell: Shell, commit: str) -> Iterator[Path]:
    # What git ignores cannot get into it, nor what is edited meanwhile.
    with tempfile.TemporaryDirectory(prefix="slipway-release-") as folder:
        tree = Path(folder) / "tree"
        below = shell.output(["git", "rev-parse", "--show-prefix"])  # where the project lies in the repository
        shell.output(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit])
        try:
            yield tree / below
        finally:
            shell.probe(["git", "worktree", "remove", "--force", str(tree)])


def _push(here: Lifecycle, tag: str, repository: str, failed: str) -> None:
    # Pushed, and read back.
    shell = here.shell
    with here.steps.step("push", tag):
        shell.quietly(["docker", "push", "--quiet", tag], failed=f"{tag} could not be pushed; {failed}")
        expected = _pushed_digest(shell, tag, repository)
        found = registry.digest(shell, tag, f"{tag} cannot be read back; {failed}")
        if found != expected:
            raise Problem(f"{tag} was pushed as {expected or 'nothing'}, and the registry has {found}; {failed}")


def _attach(here: Lifecycle, tag: str, repository: str, failed: str) -> None:
    # Before the version is published: who finds it finds its bill of materials.
    built = inspecting.read(here, tag)
    file = sbom.write(here, built)
    if not shutil.which("oras"):
        here.steps.say(f"  not attached in the registry, for want of oras (https://oras.land): {file}")
        return
    with here.steps.step("attach", "the bill of materials, to the image"):
        digest = _pushed_digest(here.shell, tag, repository)
        attach = registry.attach_command(f"{repository}@{digest}", file, built.created)
        here.shell.output(
            attach, cwd=file.parent, echo=True, failed=f"The bill of materials was not attached; {failed}"
        )


def raise_version(pyproject: Path, new: str) -> None:
    """Write a version into pyproject.toml; all else stays as it is."""
    import tomlkit

    document = tomlkit.parse(pyproject.read_text(encoding="utf-8"))
    document["project"]["version"] = new
    pyproject.write_text(tomlkit.dumps(document), encoding="utf-8")


def _build(here: Lifecycle, tree: Path, commit: str, tags: list[str], target: str | None = None) -> None:
    project = load(tree)
    state = replace(
        version.read(tree, Shell(tree, here.steps)), commit=commit, tags=(f"v{project.version}",), content=""
    )
    image.build(here, image.of(project, state), tags, target)


def _pushed_digest(shell: Shell, tag: str, repository: str) -> str:
    known = json.loads(shell.output(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag]))
    return next((d.partition("@")[2] for d in known if d.startswith(f"{repository}@")), "")


def test(here: Lifecycle) -> None:
    """Run the tests; a release needs them green."""
    with here.steps.step("tests", "green"):
        testing.on_host(here, ["-q"])
