"""A release handed from the machine that passes its gates to the one that signs and pushes it.

Gates run foreign code: tests, linters, the service. Where they run there need be no key and no token. What signs gets
files: the images, and how the gates ended. It builds the image once more from the commit, so that it signs nothing
else.
"""

import json
import re
import tarfile
from collections.abc import Sequence
from pathlib import Path

from slipway.core.errors import Problem
from slipway.core.shell import Shell
from slipway.engine import images, references
from slipway.image import build
from slipway.image.build import Options
from slipway.project import adopted
from slipway.release.attempt import Attempt
from slipway.release.gates import to_be_built
from slipway.release.passed import Passed

PASSED = "passed.json"
ID = re.compile(r"sha256:[0-9a-f]{64}")
ARCHIVES = ("image.tar", "tests.tar")  # the image, and the one that tests it


def save(attempt: Attempt, passed: Passed, folder: Path) -> None:
    """Write what has passed its gates, and its images, into a folder; raises Problem."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in zip(ARCHIVES, (passed.image, passed.tests), strict=True):
        # By its id: an archive that names nothing cannot take another image's name where it is loaded.
        attempt.home.shell.output(images.save_command(image, str(folder / name)), echo=True)
    (folder / PASSED).write_text(passed.written(), encoding="utf-8")


def load(attempt: Attempt, folder: Path, gates: Sequence[str], skip: Sequence[str]) -> Passed:
    """Read what `save` has written, and load its images.

    Raises Problem when it is of another commit, not of all gates, of fewer than all but those to `skip`, or when its
    archives would give images names.
    """
    try:
        passed = Passed.read((folder / PASSED).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(f"There is nothing in {folder} that has passed its gates: {error}") from None
    if passed.commit != attempt.commit:
        raise Problem(f"{folder} is of the commit {passed.commit}, and this is {attempt.commit}.")
    _check_form(folder, passed)
    if list(passed.gates) != list(gates):
        raise Problem(f"{folder} has not passed the gates of this commit: {', '.join(gates)}.")
    if left := sorted(passed.skipped - set(skip)):
        raise Problem(f"{folder} was made with --skip {' --skip '.join(left)}: say so here as well.")
    for name, image in zip(ARCHIVES, (passed.image, passed.tests), strict=True):
        _load(attempt.home.shell, folder / name, image)
    return passed


def build_again(attempt: Attempt, passed: Passed, options: Options) -> None:
    """Build the image from its commit, and compare; raises Problem when it is another one.

    Whoever passed the gates may have been told anything by what runs in them.
    """
    shell = attempt.home.shell
    if adopted.has_own_image(attempt.checkout.project):
        raise Problem(
            "Whether the image is that of its commit can be told by building it again alone, and the project's own "
            "Dockerfile may make another one each time. Release where the gates are passed: ./inv release"
        )
    image, bases = to_be_built(attempt)
    if passed.base not in bases:
        raise Problem(f"{other_base(image.on, passed.base, bases)}.")
    before = {attempt.tag: images.built_id(shell, attempt.tag)}
    try:
        build.build(attempt.home, image, [attempt.tag], options=options.arguments)
        if (mine := images.built_id(shell, attempt.tag)) != passed.image:
            raise Problem(f"What has passed the gates is {passed.image}, and its commit makes {mine}: not published.")
    except BaseException:
        images.put_back(shell, before)
        raise


def named(archive: Path) -> list[str]:
    """Return the names that an archive of `docker save` gives to its images; raises ValueError for anything else."""
    with tarfile.open(archive) as outer:
        parts = {member.name.removeprefix("./"): member for member in outer.getmembers()}
        texts = {}
        for name in {"manifest.json", "index.json", "repositories"} & parts.keys():
            file = outer.extractfile(parts[name])
            texts[name] = json.load(file) if file else {}
    if "manifest.json" not in texts:
        raise ValueError("it has no manifest.json")
    found = [name for one in texts["manifest.json"] for name in one.get("RepoTags") or ()]
    index = texts.get("index.json", {}).get("manifests", ())
    found += [value for one in index for key, value in (one.get("annotations") or {}).items() if "name" in key]
    return [*found, *texts.get("repositories", ())]


def _check_form(folder: Path, passed: Passed) -> None:
    # What is named is an image by its id, and nothing that a terminal or a program would take for more.
    ids = [passed.image, passed.tests]
    texts = [passed.began, passed.ended, passed.base, *passed.gates, *passed.spelled_gates.values()]
    if not all(ID.fullmatch(one) for one in ids) or not all(one.isprintable() for one in texts):
        raise Problem(f"{folder / PASSED} is not as inv release --save writes it.")


def _load(shell: Shell, archive: Path, image: str) -> None:
    try:
        names = named(archive)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, tarfile.TarError) as error:
        raise Problem(f"{archive} is no archive of an image: {error}") from None
    if names:
        raise Problem(f"{archive} would give images the names {', '.join(names)}: it is not from inv release --save.")
    shell.output(images.load_command(str(archive)), echo=True, failed=f"{archive} could not be loaded.")
    if not images.built_id(shell, image):
        raise Problem(f"{archive} does not hold {image}, which has passed the gates.")


def other_base(name: str, digest: str, bases: Sequence[str]) -> str:
    """Return what to say of a base image that was known by a digest, and is known by others on this engine, or none."""
    pinned = f"{references.name(name)}@{digest}"
    here = f"the {name} of this engine is another one" if bases else f"there is no {name} here"
    return (
        f"{here}: docker pull {pinned}, then docker tag {pinned} {name} (if it had no digest then, that is its id, and "
        "it has to come from the engine where the release was built)"
    )
