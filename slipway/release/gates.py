"""What has to hold before a release is published: gate after gate, on the release's own commit.

Each is a function, or a verb in the clone; what it returns says more than its plan. It raises Problem when it fails.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from slipway.core import processes
from slipway.core.errors import Problem
from slipway.database import rehearse as rehearsing
from slipway.image import advisories
from slipway.image import base as variants
from slipway.image import plan as image
from slipway.image import secrets as scanning
from slipway.image.build import Options
from slipway.project.config import Project
from slipway.release.attempt import Attempt
from slipway.release.sandbox import Scene
from slipway.trust import provenance

WATCHED = "5"  # seconds for which the rehearsed release is watched
SKIPPED = "left out: --skip"  # how a gate ended that was left out on demand


@dataclass(frozen=True)
class Gate:
    """One gate.

    Its name, what it does, and why it is left out ("" when it isn't).
    """

    name: str
    what: str
    go: Callable[[Scene], str | None]
    left_out: str = ""


def of(project: Project, version: str, previous: str, skipped: Sequence[str], build: Options) -> list[Gate]:
    """Return the gates of a release, in their order.

    What is cheap comes first. `previous` is the version before, "" for none; `build` says how images are built.
    Raises Problem when `skipped` names a gate that there is not.
    """
    release, tag = project.release, f"{project.image}:{version}"
    migrations = "" if project.migrations else "there are no migrations"
    http = "" if project.tests.http else "there are no HTTP tests: http in [tool.slipway.tests]"
    files = ("compose.prod.yaml", "compose.release.yaml", "Caddyfile")
    missing = next((f"there is no {name}" for name in files if not (project.root / name).exists()), "")
    both = f"{previous}, then {version}, then back" if previous else version
    gates = [
        Gate("lint", ", ".join(release.lint), partial(_commands, "lint"), "" if release.lint else "lint = []"),
        Gate("types", ", ".join(release.types), partial(_commands, "types"), "" if release.types else "types = []"),
        Gate("dockerfile", "hadolint", _dockerfile, "" if _find("hadolint") else "hadolint is not installed"),
        Gate("tests", "inv test", lambda at: at.verb("test", "--", "-q")),
        Gate("image", f"{tag} and {tag}-test, of exactly that commit", lambda at: build_images(at.attempt, build)),
        Gate("secrets", "looked for in the image", _secrets),
        Gate("advisories", "known vulnerabilities of the image's packages", _advisories),
        Gate("rebuild", "the same to the bit", lambda at: at.verb("build", "--verify", *build.arguments)),
        Gate("migrations", "inv check", lambda at: at.verb("check"), migrations),
        Gate("rehearsal", "inv migrate --rehearse", lambda at: at.verb("migrate", "--rehearse"), migrations or http),
        Gate("in-image", "inv test --image", lambda at: at.verb("test", "--image", "--", "-q")),
        Gate("deploy", f"inv deploy of {both}, to a production of its own", partial(_deploy, previous), missing),
    ]
    known = [gate.name for gate in gates if gate.name != "image"]
    for name in skipped:
        if name not in known:
            raise Problem(f"--skip {name}: there is no such gate to skip. Those that can be: {', '.join(known)}.")
    return [replace(gate, left_out="--skip") if gate.name in skipped else gate for gate in gates]


def run(attempt: Attempt, gates: Sequence[Gate]) -> None:
    """Pass through all gates, each with its line.

    Notes how each ended. Raises Problem.
    """
    steps, scene = attempt.here.steps, Scene(attempt)
    with scene.cleared():
        for gate in gates:
            if gate.left_out:
                attempt.gates[gate.name] = f"left out: {gate.left_out}"
                steps.say(f"  {gate.name:<10} {attempt.gates[gate.name]}")
                continue
            with steps.step(gate.name, gate.what) as step:
                more = gate.go(scene)
                step.detail = f"{gate.what}: {more}" if more else gate.what
                passed = f"passed: {more}" if more else "passed"
                attempt.gates[gate.name] = more if more == advisories.UNKNOWN else passed
    ids = [image.built_id(attempt.here.shell, tag) for tag in (attempt.tag, attempt.tests_tag)]
    if ids != [attempt.image, attempt.tests]:
        raise Problem(f"{attempt.tag} was built anew meanwhile, by somebody else: run this again.")


def build_images(attempt: Attempt, build: Options) -> str:
    """Build the image, and the one that tests it.

    Notes their ids and the base image's, and returns the first one's for people. Raises Problem.
    """
    here = attempt.here
    built = image.of(attempt.project, image.read_tree(attempt.project, attempt.shell))
    if built.tag != attempt.tag:  # an attribute of git that changes files, say
        raise Problem(f"The clone of the release's commit is not clean: its image would be {built.tag}.")
    driver = here.shell.probe(["docker", "buildx", "inspect"])[1]
    if not re.search(r"(?m)^Driver:\s+docker$", driver):  # another one takes a base image of its own
        raise Problem("Releases are built by the engine's own builder: unset BUILDX_BUILDER, docker buildx use default")
    base = built.base.name
    if not image.built_id(here.shell, base):  # what is scanned and recorded is what it is built on
        pull = ["docker", "pull", "--quiet", base]
        here.shell.output(pull, echo=True, failed=f"There is no base image: docker pull {base}")
    attempt.base = next(iter(provenance.identities(here.shell, base)), "")
    image.build(here, built, [attempt.tag], options=build.arguments)
    image.build(here, built, [attempt.tests_tag], "test", build.arguments)
    attempt.image, attempt.tests = (image.built_id(here.shell, tag) for tag in (attempt.tag, attempt.tests_tag))
    return attempt.image[:19]


# A gate each


def _commands(kind: str, scene: Scene) -> None:
    for line in getattr(scene.attempt.project.release, kind):
        name, *arguments = shlex.split(line)
        if not (program := _find(name)):
            raise Problem(
                f"{name} is not installed: add it to the group dev, or leave it out of {kind} in "
                "[tool.slipway.release]."
            )
        # What mypy knows of files by their content is as true in the clone, and spares most of its time.
        cache = {"MYPY_CACHE_DIR": str(scene.here.project.root / ".mypy_cache")}
        scene.passes([program, *arguments], f"{line} has findings (see above).", cache if name == "mypy" else None)


def _dockerfile(scene: Scene) -> None:
    scene.passes([_find("hadolint"), "Dockerfile"], "The Dockerfile has findings (see above).")


def _secrets(scene: Scene) -> str:
    return scanning.scan(scene.here, scene.attempt.tag, variants.choose(scene.attempt.project).name)


def _advisories(scene: Scene) -> str:
    return advisories.look(scene.here, scene.attempt.tag)


def _deploy(previous: str, scene: Scene) -> None:
    # On a production of its own, with settings of its own, from the clone: as it will be done on a server.
    shell, port = scene.here.shell, str(processes.free_port())
    rehearsed = f"{scene.here.project.image}:{scene.name}-before"
    try:
        if previous:
            shell.output(["docker", "tag", rehearsing.at_hand(scene.here, previous), rehearsed])
            scene.verb("deploy", "--tag", rehearsed, "--yes", "--bake", "0", PORT=port)
        scene.verb("deploy", "--tag", scene.attempt.tag, "--yes", "--bake", WATCHED, PORT=port)
        if previous:
            scene.verb("rollback", PORT=port)
    finally:
        shell.probe(["docker", "image", "rm", rehearsed])


def _find(name: str) -> str:
    # The environment's own first.
    own = Path(sys.executable).with_name(name)
    return str(own) if own.exists() else shutil.which(name) or ""
