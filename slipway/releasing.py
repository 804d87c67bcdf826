"""A release: from a green commit to tagged images in the registry."""

import contextlib
import json
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from slipway import image, testing, version
from slipway.errors import Problem
from slipway.lifecycle import Lifecycle
from slipway.shell import Shell


@dataclass(frozen=True)
class Plan:
    """What a release will do.

    `pushed` are the tags of the registry, the most lasting first.
    """

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
    if tree.content:
        reasons.append("the tree has changes: git commit, or git stash")
    if not shell.probe(["git", "rev-parse", "--verify", "--quiet", f"refs/tags/v{new}"])[0]:
        reasons.append(f"the tag v{new} exists already: raise another part, or correct the version in pyproject.toml")
    if reasons:
        raise Problem("Nothing can be released:\n" + "\n".join(f"  - {reason}" for reason in reasons))
    return Plan(project.version, new, repository)


def show(here: Lifecycle, plan: Plan) -> None:
    """Print what will be done."""
    commit = "<commit>".ljust(12)
    rows = [
        ("tests", "inv test"),
        ("version", f"{plan.old} -> {plan.new} in pyproject.toml"),
        ("commit", f"Release {plan.new}, with the annotated tag {plan.git_tag}"),
        ("image", "built from exactly that commit"),
        *(("push", tag) for tag in plan.tags(commit)),
    ]
    for name, what in rows:
        here.steps.say(f"  {name:<10} {what}")


def check_registry(here: Lifecycle, plan: Plan) -> None:
    """Ask the registry whether the version is free.

    Raises Problem when it is taken, or when the registry doesn't answer.
    """
    with here.steps.step("registry", f"{plan.repository}:{plan.new} is free"):
        status, _, said = here.shell.probe(_inspect(f"{plan.repository}:{plan.new}"), echo=True)
        if not status:
            raise Problem(
                f"{plan.repository}:{plan.new} is in the registry already; a version is never published twice."
            )
        if "not found" not in said:
            host = plan.repository.partition("/")[0]
            raise Problem(
                f"{said.strip()}\n"
                f"The registry {host} cannot be asked. Is it up, and are you logged in? docker login {host}"
            )


def act(here: Lifecycle, plan: Plan) -> None:
    """Raise the version, commit, tag, build, push, read back.

    When something fails, the commit and the git tag are taken back and the tree is as before. Raises Problem.
    """
    shell, root = here.shell, here.project.root
    before = shell.output(["git", "rev-parse", "HEAD"])
    with contextlib.ExitStack() as undo:
        with here.steps.step("commit", f"Release {plan.new}"):
            undo.callback(_take_back, shell, plan, before)
            raise_version(root / "pyproject.toml", plan.new)
            shell.output(["git", "add", "pyproject.toml"])
            message = ["--message", f"Release {plan.new}"]
            shell.output(["git", "commit", "--quiet", *message, "--", "pyproject.toml"], echo=True)
            shell.output(["git", "tag", "--annotate", plan.git_tag, *message], echo=True)
        commit = shell.output(["git", "rev-parse", "HEAD"])
        tags = plan.tags(commit)
        with here.steps.step("image", tags[0]):
            _build(here, plan, tags)
        digests = {}
        for tag in tags:
            with here.steps.step("push", tag):
                shell.quietly(
                    ["docker", "push", "--quiet", tag], failed=f"{tag} could not be pushed; nothing was released."
                )
                digests[tag] = _pushed_digest(shell, tag, plan.repository)
        for tag in tags:
            with here.steps.step("verify", tag):
                _verify(shell, tag, digests[tag])
        undo.pop_all()
    here.steps.say(f"  released   {plan.repository}:{plan.new}")
    here.steps.say("  next       git push --follow-tags")


def raise_version(pyproject: Path, new: str) -> None:
    """Write a version into pyproject.toml; all else stays as it is."""
    import tomlkit

    document = tomlkit.parse(pyproject.read_text(encoding="utf-8"))
    document["project"]["version"] = new
    pyproject.write_text(tomlkit.dumps(document), encoding="utf-8")


def _build(here: Lifecycle, plan: Plan, tags: list[str]) -> None:
    # From a copy of the commit: what is ignored by git, or changed meanwhile, cannot get in.
    with tempfile.TemporaryDirectory(prefix="slipway-release-") as folder:
        archive = Path(folder) / "tree.tar"
        here.shell.output(["git", "archive", "--format=tar", f"--output={archive}", plan.git_tag])
        tree = Path(folder) / "tree"
        with tarfile.open(archive) as tar:
            tar.extractall(tree, filter="data")
        project = replace(here.project, version=plan.new)
        state = version.read(here.project.root, here.shell)
        args = image.build_args(project, replace(state, content="")) | {
            "INPUTS": image.inputs(replace(project, root=tree))
        }
        image.build(here.shell, tags, args, cwd=tree)


def _pushed_digest(shell: Shell, tag: str, repository: str) -> str:
    known = json.loads(shell.output(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag]))
    return next((d.partition("@")[2] for d in known if d.startswith(f"{repository}@")), "")


def _verify(shell: Shell, tag: str, expected: str) -> None:
    found = json.loads(shell.output(_inspect(tag), echo=True, failed=f"{tag} cannot be read back."))["digest"]
    if not expected or found != expected:
        raise Problem(f"{tag} was pushed as {expected or 'nothing'}, and the registry has {found}.")


def _inspect(tag: str) -> list[str]:
    return ["docker", "buildx", "imagetools", "inspect", tag, "--format", "{{json .Manifest}}"]


def _take_back(shell: Shell, plan: Plan, before: str) -> None:
    # Only what this release made; the tree was clean before.
    shell.probe(["git", "tag", "--delete", plan.git_tag])
    shell.probe(["git", "reset", "--quiet", "--hard", before])
    shell.steps.say("  taken back: the commit and its tag; the tree is as before")


def test(here: Lifecycle) -> None:
    """Run the tests; a release needs them green."""
    with here.steps.step("tests", "green"):
        testing.on_host(here, ["-q"])
