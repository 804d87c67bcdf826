"""What has to hold before a release is published: gate after gate, on the release's own commit.

Each is a function, or a verb in the clone; it returns how it has ended, or raises Problem when it fails.
"""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from slipway import interpreter
from slipway.core.errors import Problem
from slipway.core.ports import free_port
from slipway.database.rehearse import at_hand
from slipway.engine import builder, images, packaged
from slipway.image import advisories, build, listing, plan, secrets
from slipway.image.build import Options
from slipway.image.plan import Image
from slipway.project import adopted, lockfile, tags
from slipway.project.config import Project
from slipway.release import unfit
from slipway.release.attempt import Attempt, now
from slipway.release.passed import PASSED, SKIPPED, How, Images, Outcome, Passed
from slipway.release.sandbox import Sandbox

FILES = ("compose.prod.yaml", "compose.release.yaml", "Caddyfile")  # of production; the last is of web's alone
WATCHED = "5"  # seconds for which the rehearsed release is watched


@dataclass(frozen=True)
class Gate:
    """One gate.

    Its name, what it does, how it is done, and why it is left out ("" when it isn't).
    """

    name: str
    what: str
    go: Callable[[Sandbox], Outcome]
    left_out: str = ""

    @property
    def outcome(self) -> Outcome:
        """How it ends when it is left out."""
        return Outcome(How.LEFT_OUT, self.left_out)

    @property
    def planned(self) -> str:
        """What is told of it before it is passed."""
        return str(self.outcome) if self.left_out else self.what


def of(project: Project, version: str, previous: str, skipped: Sequence[str], options: Options) -> list[Gate]:
    """Return the gates of a release, in their order.

    What is cheap comes first. `previous` is the version before, "" for none; `options` say how images are built.
    Raises Problem when `skipped` names a gate that there is not.
    """
    release, tests, tag = project.release, project.tests, f"{project.image}:{version}"
    migrations = "" if project.migrations else "there are no migrations"
    http = "" if tests.http else "there are no HTTP tests: http in [tool.slipway.tests]"
    files = () if packaged.where(project) else FILES if project.has_web else FILES[:-1]
    missing = next((f"there is no {name}" for name in files if not (project.root / name).exists()), "")
    unlisted = "" if listing.is_made(project.root) else f"the Dockerfile has no stage {listing.TARGET}"
    both = f"{previous}, then {version}, then back" if previous else version
    pair = f"{tag} and {project.image}:{tags.tests_of(version)}, of exactly that commit"
    gates = [
        Gate("lint", ", ".join(release.lint), partial(_commands, "lint"), "" if release.lint else "lint = []"),
        Gate("types", ", ".join(release.types), partial(_commands, "types"), "" if release.types else "types = []"),
        Gate(
            "dockerfile",
            "hadolint",
            _dockerfile,
            "" if _find(project.root, "hadolint") else "hadolint is not installed",
        ),
        Gate("tests", "inv test", _verb("test", "--", "-q"), "" if tests.host else "host = []"),
        Gate("image", pair, partial(_images, options)),
        Gate("packages", f"Poetry's list is what {lockfile.NAME} says", partial(_packages, options), unlisted),
        Gate("secrets", "looked for in the image", _secrets),
        Gate("advisories", "known vulnerabilities of the image's packages", _advisories),
        Gate("rebuild", "the same to the bit", _verb("build", "--verify", *options.arguments)),
        Gate("migrations", "inv check", _verb("check"), migrations),
        Gate("rehearsal", "inv migrate --rehearse", _verb("migrate", "--rehearse"), migrations or http),
        Gate("in-image", "inv test --image", _verb("test", "--image", "--", "-q"), "" if tests.image else "image = []"),
        Gate("deploy", f"inv deploy of {both}, to a production of its own", partial(_deploy, previous), missing),
    ]
    gates = [replace(gate, left_out=unfit.gates(project).get(gate.name) or gate.left_out) for gate in gates]
    known = skippable(gates)
    for name in skipped:
        if name not in known:
            raise Problem(f"--skip {name}: there is no such gate to skip. Those that can be: {', '.join(known)}.")
    return [replace(gate, left_out=SKIPPED.more) if gate.name in skipped else gate for gate in gates]


def skippable(gates: Sequence[Gate]) -> list[str]:
    """Return the names of those that can be left out: without an image, nothing is released."""
    return [gate.name for gate in gates if gate.name != "image"]


def run(attempt: Attempt, head: str, gates: Sequence[Gate], builds: Sequence[str] = ()) -> Passed:
    """Pass through all gates, each with its line.

    `builds` are the secrets of builds, as --secret takes them.
    Returns what has passed them: a commit on top of `head`, and its images. Raises Problem.
    """
    steps, sandbox = attempt.home.steps, Sandbox(attempt, builds)
    outcomes: dict[str, Outcome] = {}
    with sandbox.cleared():
        for gate in gates:
            if gate.left_out:
                outcomes[gate.name] = gate.outcome
                steps.note(gate.name, str(gate.outcome))
                continue
            with steps.step(gate.name, gate.what) as step:
                outcomes[gate.name] = outcome = gate.go(sandbox)
                step.detail = f"{gate.what}: {outcome.told}" if outcome.told else gate.what
    built = sandbox.images
    ids = [images.built_id(attempt.home.shell, tag) for tag in (attempt.tag, attempt.tests_tag)]
    if ids != [built.image, built.tests]:
        raise Problem(f"{attempt.tag} was built anew meanwhile, by somebody else: run this again.")
    return Passed(head, attempt.commit, built.image, built.tests, built.base, outcomes, attempt.began, now())


def build_images(attempt: Attempt, options: Options) -> Images:
    """Build the image, and the one that tests it.

    Returns their ids, and what their base image is known by. Raises Problem.
    """
    home, shell = attempt.home, attempt.home.shell
    image, base = to_be_built(attempt)
    build.build(home, image, [attempt.tag], options=options.arguments)
    if adopted.has_own_image(image.project):  # no stage of it tests
        shell.output(images.tag_command(attempt.tag, attempt.tests_tag))
    else:
        build.build(home, image, [attempt.tests_tag], "test", options.arguments)
    image_id, tests_id = (images.built_id(shell, tag) for tag in (attempt.tag, attempt.tests_tag))
    return Images(image_id, tests_id, base[0] if base else "")


def to_be_built(attempt: Attempt) -> tuple[Image, list[str]]:
    """Return the image to be built, and what its base image is known by, which is pulled if there is none.

    Raises Problem.
    """
    checkout, shell = attempt.checkout, attempt.home.shell
    image = plan.of(checkout.project, plan.read_tree(checkout))
    if image.tag != attempt.tag:  # an attribute of git that changes files, say
        raise Problem(f"The clone of the release's commit is not clean: its image would be {image.tag}.")
    if not builder.is_engines_own(shell):  # another one takes a base image of its own
        raise Problem("Releases are built by the engine's own builder: unset BUILDX_BUILDER, docker buildx use default")
    if not (on := image.on):
        return image, []
    if not images.built_id(shell, on):  # what is scanned and recorded is what it is built on
        shell.output(images.pull_command(on), echo=True, failed=f"There is no base image: docker pull {on}")
    found = images.inspect(shell, on)
    return image, found.identities_as(on) if found else []


# A gate each


def _verb(name: str, *args: str) -> Callable[[Sandbox], Outcome]:
    def go(sandbox: Sandbox) -> Outcome:
        sandbox.verb(name, *args)
        return PASSED

    return go


def _commands(kind: str, sandbox: Sandbox) -> Outcome:
    interpreter.service(sandbox.home)
    for line in getattr(sandbox.attempt.checkout.project.release, kind):
        name, *arguments = shlex.split(line)
        if not (program := _find(sandbox.home.root, name)):
            raise Problem(
                f"{name} is not installed: add it to the group dev, or leave it out of {kind} in "
                "[tool.slipway.release]."
            )
        # What mypy knows of files by their content is as true in the clone, and spares most of its time.
        cache = {"MYPY_CACHE_DIR": str(sandbox.home.root / ".mypy_cache")}
        sandbox.passes([program, *arguments], f"{line} has findings (see above).", cache if name == "mypy" else None)
    return PASSED


def _dockerfile(sandbox: Sandbox) -> Outcome:
    sandbox.passes([_find(sandbox.home.root, "hadolint"), "Dockerfile"], "The Dockerfile has findings (see above).")
    return PASSED


def _images(options: Options, sandbox: Sandbox) -> Outcome:
    sandbox.attempt.tidy()  # gates have run before, each beside the code
    sandbox.images = build_images(sandbox.attempt, options)
    return Outcome(How.PASSED, sandbox.images.image[:19])


def _packages(options: Options, sandbox: Sandbox) -> Outcome:
    checkout = sandbox.attempt.checkout
    image = plan.of(checkout.project, plan.read_tree(checkout))
    lists = listing.exported(sandbox.home, image, options.arguments)
    return Outcome(How.PASSED, listing.check(checkout.root, checkout.project.requires_python, lists))


def _secrets(sandbox: Sandbox) -> Outcome:
    checkout = sandbox.attempt.checkout
    on = plan.of(checkout.project, plan.read_tree(checkout)).on
    return Outcome(How.PASSED, secrets.scan(sandbox.home, sandbox.attempt.tag, on))


def _advisories(sandbox: Sandbox) -> Outcome:
    said = advisories.look(sandbox.home, sandbox.attempt.tag)
    return Outcome.read(said) if said == advisories.UNKNOWN else Outcome(How.PASSED, said)


def _deploy(previous: str, sandbox: Sandbox) -> Outcome:
    # On a production of its own, with settings of its own, from the clone: as it will be done on a server.
    shell, port = sandbox.home.shell, str(free_port())
    rehearsed = f"{sandbox.home.project.image}:{sandbox.name}-before"
    try:
        if previous:
            shell.output(images.tag_command(at_hand(sandbox.home, previous), rehearsed))
            sandbox.verb("deploy", "--tag", rehearsed, "--yes", "--bake", "0", PORT=port)
        sandbox.verb("deploy", "--tag", sandbox.attempt.tag, "--yes", "--bake", WATCHED, PORT=port)
        if previous:
            sandbox.verb("rollback", PORT=port)
    finally:
        shell.attempt(images.remove_command(rehearsed))
    return PASSED


def _find(root: Path, name: str) -> str:
    # The service's environment first, then Slipway's own.
    places = (interpreter.folder(root) / "bin", Path(sys.executable).parent)
    own = (str(place / name) for place in places if (place / name).exists())  # a path stays what it is
    return next(own, None) or shutil.which(name) or ""
