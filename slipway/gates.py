"""What has to hold before a release is published: gate after gate, on the release's own commit.

Each is a function of the attempt that raises Problem, or a verb in its clone. What it returns says more than its plan.
"""

import contextlib
import hashlib
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway import advisories, dotenv, image, rehearsing, scanning, variants
from slipway.attempt import Attempt
from slipway.building import Options
from slipway.compose import project_name
from slipway.errors import Problem
from slipway.project import Project

WATCHED = "5"  # seconds for which the rehearsed release is watched
TAIL = 60  # lines of a verb that failed


@dataclass(frozen=True)
class Gate:
    """One gate: its name, what it does, and why it is left out ("" when it isn't)."""

    name: str
    what: str
    pass_through: Callable[[Attempt], str]
    left_out: str = ""


def of(project: Project, version: str, previous: str, skipped: Sequence[str], build: Options) -> list[Gate]:
    """Return the gates of a release, in their order: what is cheap comes first.

    `previous` is the version before, "" for none; `build` says how images are built. Raises Problem when `skipped`
    names a gate that there is not.
    """
    release, tag = project.release, f"{project.image}:{version}"
    migrations = "" if project.migrations else "there are no migrations"
    http = "" if project.tests.http else "there are no HTTP tests: http in [tool.slipway.tests]"
    files = ("compose.prod.yaml", "compose.release.yaml", "Caddyfile")
    missing = next((f"there is no {name}" for name in files if not (project.root / name).exists()), "")
    both = f"{previous}, then {version}, then back" if previous else version
    gates = [
        Gate("lint", ", ".join(release.lint), _commands("lint"), "" if release.lint else "lint = []"),
        Gate("types", ", ".join(release.types), _commands("types"), "" if release.types else "types = []"),
        Gate("dockerfile", "hadolint", _dockerfile, "" if _find("hadolint") else "hadolint is not installed"),
        Gate("tests", "inv test", lambda one: verb(one, "test", "--", "-q")),
        Gate("image", f"{tag} and {tag}-test, of exactly that commit", lambda one: _image(one, build)),
        Gate("secrets", "looked for in the image", _secrets),
        Gate("advisories", "known vulnerabilities of the image's packages", _advisories),
        Gate("rebuild", "the same to the bit", lambda one: verb(one, "build", "--verify", *_secret_options(build))),
        Gate("migrations", "inv check", lambda one: verb(one, "check"), migrations),
        Gate("rehearsal", "inv migrate --rehearse", lambda one: verb(one, "migrate", "--rehearse"), migrations or http),
        Gate("in-image", "inv test --image", lambda one: verb(one, "test", "--image", "--", "-q")),
        Gate(
            "deploy", f"inv deploy of {both}, to a production of its own", lambda one: _deploy(one, previous), missing
        ),
    ]
    known = [gate.name for gate in gates]
    for name in skipped:
        if name not in known or name == "image":
            choice = ", ".join(one for one in known if one != "image")
            raise Problem(f"--skip {name}: there is no such gate to skip. Those that can be: {choice}.")
    return [
        Gate(one.name, one.what, one.pass_through, "--skip" if one.name in skipped else one.left_out) for one in gates
    ]


def run(attempt: Attempt, gates: Sequence[Gate]) -> None:
    """Pass through all gates, each with its line; note how each ended. Raises Problem."""
    steps = attempt.here.steps
    try:
        for gate in gates:
            if gate.left_out:
                steps.say(f"  {gate.name:<10} left out: {gate.left_out}")
                attempt.gates[gate.name] = f"left out: {gate.left_out}"
                continue
            with steps.step(gate.name, gate.what) as step:
                more = gate.pass_through(attempt)
                step.detail = f"{gate.what}: {more}" if more else gate.what
                passed = f"passed: {more}" if more else "passed"
                attempt.gates[gate.name] = more if more == advisories.UNKNOWN else passed
    finally:
        _clear(attempt, _name(attempt))
    ids = [image.built_id(attempt.here.shell, tag) for tag in (attempt.tag, attempt.tests_tag)]
    if ids != [attempt.image, attempt.tests]:
        raise Problem(f"{attempt.tag} was built anew meanwhile, by somebody else: run this again.")


# A gate each


def _commands(kind: str) -> Callable[[Attempt], str]:
    def check(attempt: Attempt) -> str:
        for line in getattr(attempt.project.release, kind):
            name, *arguments = shlex.split(line)
            if not (program := _find(name)):
                raise Problem(
                    f"{name} is not installed: add it to the group dev, or leave it out of {kind} in "
                    "[tool.slipway.release]."
                )
            _passes(attempt, [program, *arguments], f"{line} has findings (see above).")
        return ""

    return check


def _dockerfile(attempt: Attempt) -> str:
    _passes(attempt, [_find("hadolint"), "Dockerfile"], "The Dockerfile has findings (see above).")
    return ""


def _image(attempt: Attempt, build: Options) -> str:
    here = attempt.here
    built = image.of(attempt.project, image.read_tree(attempt.project, attempt.shell))
    if built.tag != attempt.tag:  # an attribute of git that changes files, say
        raise Problem(f"The clone of the release's commit is not clean: its image would be {built.tag}.")
    if not image.built_id(here.shell, built.base.name):  # what is scanned and recorded is what it is built on
        here.shell.output(["docker", "pull", "--quiet", built.base.name], echo=True, failed="There is no base image.")
    image.build(here, built, [attempt.tag], options=build.arguments)
    image.build(here, built, [attempt.tests_tag], "test", build.arguments)
    attempt.image, attempt.tests = (image.built_id(here.shell, tag) for tag in (attempt.tag, attempt.tests_tag))
    return attempt.image[:19]


def _secrets(attempt: Attempt) -> str:
    return scanning.scan(attempt.here, attempt.tag, variants.choose(attempt.project).name)


def _advisories(attempt: Attempt) -> str:
    return advisories.look(attempt.here, attempt.tag)


def _deploy(attempt: Attempt, previous: str) -> str:
    # On a production of its own, with settings of its own, from the clone: as it will be done on a server.
    here = attempt.here
    environment, production = {"PORT": str(_free_port())}, f"{_name(attempt)}-prod"
    rehearsed = f"{here.project.image}:rehearsed-before"
    try:
        _clear(attempt, production, "--prod")
        if previous:
            before = rehearsing.at_hand(here, previous)
            here.shell.output(["docker", "tag", before, rehearsed])
            verb(attempt, "deploy", "--tag", rehearsed, "--yes", "--bake", "0", **environment)
        verb(attempt, "deploy", "--tag", attempt.tag, "--yes", "--bake", WATCHED, **environment)
        if previous:
            verb(attempt, "rollback", **environment)
    finally:
        _clear(attempt, production, "--prod")
        here.shell.probe(["docker", "image", "rm", rehearsed])
    return ""


def _clear(attempt: Attempt, compose_project: str, *prod: str) -> None:
    # Also what a run that was killed has left.
    shell = attempt.here.shell
    mine = ["--filter", f"label=com.docker.compose.project={compose_project}"]
    if not shell.probe(["docker", "volume", "ls", "--quiet", *mine])[1]:
        return
    with _alone(attempt):
        down = [*_invoke(attempt), "down", "--volumes", "--yes", "--runtime", "docker", *prod]
        status, _, said = shell.probe(down, cwd=attempt.tree, env=_environ(attempt))
    shell.probe(["docker", "volume", "rm", f"{compose_project}-backups"])
    if status:
        attempt.here.steps.say(f"{said.strip()}\n  {compose_project} is left on the engine, of the gates")


# Verbs and commands in the clone


def verb(attempt: Attempt, name: str, *args: str, **env: str) -> str:
    """Run a verb in the clone, under a name of its own; raises Problem with what it said."""
    with _alone(attempt):
        command = [*_invoke(attempt), name, *args]
        _passes(attempt, command, f"inv {name} failed (see above).", _environ(attempt) | env)
    return ""


def _passes(attempt: Attempt, command: list[str], failed: str, env: Mapping[str, str] | None = None) -> None:
    # On a terminal it shows its progress.
    shell = attempt.here.shell
    if sys.stderr.isatty():
        shell.run(command, cwd=attempt.tree, env=env, failed=failed)
        return
    status, out, said = shell.probe(command, cwd=attempt.tree, env=env, echo=True)
    if status:
        text = attempt.here.steps.redact(f"{said}\n{out}".strip())
        last = "\n".join(f"    {line}" for line in text.splitlines()[-TAIL:])
        raise Problem(f"{last}\n{failed}", status)


def _invoke(attempt: Attempt) -> list[str]:
    return [sys.executable, "-P", "-m", "invoke", "--search-root", str(attempt.tree)]


def _name(attempt: Attempt) -> str:
    # No other checkout's: what has this name is deleted afterwards.
    root = hashlib.sha256(str(attempt.here.project.root).encode()).hexdigest()
    return f"{project_name(attempt.here.project, 'test').removesuffix('-test')}-release-{root[:8]}"


def _environ(attempt: Attempt) -> dict[str, str]:
    return {"COMPOSE_PROJECT_NAME": _name(attempt), "SLIPWAY_ENV": "dev"}


@contextlib.contextmanager
def _alone(attempt: Attempt) -> Iterator[None]:
    # Without the service's variables: a gate must not touch the database that the environment names.
    example = attempt.tree / ".env.example"
    known = dotenv.schema(example.read_text(encoding="utf-8")) if example.exists() else None
    names = known.required.keys() | known.optional if known else set()
    hidden = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _secret_options(build: Options) -> list[str]:
    return [word for secret in build.secrets for word in ("--secret", secret)]


def _find(name: str) -> str:
    # The environment's own first.
    own = Path(sys.executable).with_name(name)
    return str(own) if own.exists() else shutil.which(name) or ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
