"""The Poetry that lists an image's packages: all that it needs is pinned, and its lists are what lock files say."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from slipway.image import listing, pins
from slipway.image.wheels import environment
from slipway.project.config import load
from tests.e2e.registries import Registry
from tests.e2e.support import NAME, run
from tests.e2e.talk import done
from tests.support import ROOT, Checkout, free_port

pytestmark = pytest.mark.minutes(1)
LOCKS = ROOT / "tests" / "slipway" / "image" / "locks"
MACHINES = ("x86_64", "aarch64")
INSTALLED = """
import importlib.metadata, json
found = importlib.metadata.distributions()
print(json.dumps([[one.metadata["Name"], one.version, one.requires or []] for one in found]))
"""


@pytest.mark.parametrize("python", ["3.13", pytest.param("3.11", marks=pytest.mark.full)])
def test_all_that_poetry_needs_is_pinned_and_nothing_else(docker: Checkout, python: str) -> None:
    tag = f"{NAME}:poetry-{python}"
    options = ["--target", "poetry", "--build-arg", f"PYTHON_VERSION={python}", "--tag", tag]
    run("docker", "build", "--quiet", *options, ".", cwd=docker.root)
    said = run("docker", "run", "--rm", "--network", "none", tag, "/opt/poetry/bin/python", "-c", INSTALLED)
    installed = {str(canonicalize_name(name)): (version, requires) for name, version, requires in json.loads(said)}
    pinned = listing.read((ROOT / pins.FILE).read_text()).packages
    for machine in MACHINES:
        where = environment(python, machine)
        held = {name for name, one in pinned.items() if not one.marker or Marker(one.marker).evaluate(where)}
        needed = set(closure(installed, pins.WANTED, where))
        assert {f"{name} {installed[name][0]}" for name in needed} == held


def closure(
    installed: Mapping[str, tuple[str, Sequence[str]]], wanted: Mapping[str, str], where: Mapping[str, str]
) -> Iterator[str]:
    """Yield what packages need by their own metadata, where they are installed, themselves as well."""
    open_, seen = [(name, "") for name in wanted], set()
    while open_:
        name, extra = one = open_.pop()
        if one in seen:
            continue
        seen.add(one)
        yield name
        version, requires = installed[name]
        for needed in map(Requirement, requires):
            if needed.marker is None or needed.marker.evaluate({**where, "extra": extra}):
                key = canonicalize_name(needed.name)
                assert needed.specifier.contains(installed[key][0], prereleases=True), (name, version, str(needed))
                open_ += [(key, also) for also in ("", *needed.extras)]


@pytest.mark.parametrize(
    "name",
    [*(pytest.param(name, marks=pytest.mark.full) for name in ("extras", "file", "groups", "index")), "markers", ""],
)
def test_poetrys_lists_are_what_the_lock_file_says(docker: Checkout, tmp_path: Path, name: str) -> None:
    for file in ("pyproject.toml", "poetry.lock") if name else ():
        shutil.copy(LOCKS / name / file, docker.root / file)
    out = ["--output", f"type=local,dest={tmp_path}"]
    run("docker", "build", "--quiet", "--target", listing.TARGET, *out, ".", cwd=docker.root)
    lists = {file: (tmp_path / file).read_text() for file in listing.LISTS}
    if name:  # they are as they were recorded
        assert lists == {file: (LOCKS / name / file).read_text() for file in listing.LISTS}
    said = listing.check(docker.root, load(docker.root).requires_python, lists)
    assert "packages, read twice" in said


def test_a_folder_is_installed_as_a_wheel_of_the_same_bytes_each_time(docker: Checkout, tmp_path: Path) -> None:
    shutil.copytree(LOCKS / "folder", docker.root, dirs_exist_ok=True)
    docker.edit(".dockerignore", "**/.env*\n", "!libs/ours\n**/.env*\n")
    docker.edit(
        "Dockerfile",
        "COPY --from=vendor /project/vendor vendor\n",
        "COPY --from=vendor /project/vendor vendor\nCOPY libs/ours libs/ours\n",
    )
    out = ["--target", listing.TARGET, "--output", f"type=local,dest={tmp_path}"]
    made = []
    for _ in range(2):
        run("docker", "build", "--quiet", "--no-cache-filter", "wheels", *out, ".", cwd=docker.root)
        made.append({file: (tmp_path / file).read_text() for file in listing.LISTS})
        (docker.root / "libs/ours/our_own/__init__.py").chmod(0o600)  # what git doesn't know
        (docker.root / "libs/ours/our_own/__init__.py").touch()
    assert made[0] == made[1]
    assert listing.check(docker.root, load(docker.root).requires_python, made[0]) == "3 packages, read twice"
    tag = f"{NAME}:folder"
    run("docker", "build", "--quiet", "--target", "service", "--tag", tag, ".", cwd=docker.root)
    ask = "import our_own, pathlib; print(our_own.__file__, pathlib.Path('/srv/libs').exists())"
    said = run("docker", "run", "--rm", "--network", "none", tag, "python", "-c", ask)
    assert said.endswith("/site-packages/our_own/__init__.py False")


@pytest.mark.full
def test_another_poetry_is_pinned_on_demand(docker: Checkout, plain: Registry) -> None:
    checkout = Checkout(docker.root, docker.env)  # which reads its own slipway anew
    name, old = f"{plain.address}/{NAME}-db:17", f"sha256:{'0' * 64}"
    run("docker", "tag", "caddy:2", name)
    run("docker", "push", "--quiet", name)
    new = plain.digest("17", "-db")
    docker.edit("compose.yaml", "image: postgres:17\n", f"image: {name}@{old}  # ours\n")
    pinned = (docker.root / "compose.yaml").read_text()
    assert f"{name} in compose.yaml: {old}; {plain.host} has {new} by now" in done(checkout, "pins").stdout
    before = (docker.root / pins.FILE).read_text()
    docker.edit("slipway/image/pins.py", '"poetry": ">=2.5,<3"', '"poetry": "==2.5.0"')
    lowered = done(checkout, "pins", "--update")
    assert "changed    poetry 2.5.1 -> 2.5.0" in lowered.stdout
    assert "\npoetry==2.5.0 \\\n" in (docker.root / pins.FILE).read_text()
    assert f"           {name} {old} -> {new} in compose.yaml\n" in lowered.stdout
    assert (docker.root / "compose.yaml").read_text() == pinned.replace(old, new)

    docker.edit("slipway/image/pins.py", '"poetry": "==2.5.0"', '"poetry": ">=2.5,<3"')
    assert "changed    poetry 2.5.0 -> " in done(checkout, "pins", "--update").stdout
    assert pins.read(docker.root).versions.keys() >= pins.WANTED.keys()
    listing.read((docker.root / pins.FILE).read_text())

    docker.write("compose.yaml", pinned)
    docker.write(pins.FILE, before.replace("sha256:", "sha256:00"))  # it is installed by its hashes, or not at all
    refused = checkout.inv("pins", "--update")
    assert refused.returncode != 0
    assert f"The Poetry of {pins.FILE} could not be installed." in refused.stderr
    assert (docker.root / pins.FILE).read_text() == before.replace("sha256:", "sha256:00")
    assert (docker.root / "compose.yaml").read_text() == pinned

    away = pinned.replace(plain.host, f"localhost:{free_port()}")
    docker.write("compose.yaml", away)
    docker.write(pins.FILE, before)
    refused = checkout.inv("pins", "--update")
    assert "Nothing was changed. Once it can: ./inv pins --update" in refused.stderr
    assert ((docker.root / pins.FILE).read_text(), (docker.root / "compose.yaml").read_text()) == (before, away)
    listed = done(checkout, "pins").stdout
    assert f"in compose.yaml: {old}\n" in listed
    assert "cannot be asked. Is it up?" in listed
