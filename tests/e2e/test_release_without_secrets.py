"""Gates never meet what signs: in another job, as another clone; on one machine, in no process above them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.registries import PASSWORD, USER, Registry, login
from tests.e2e.releases import KEY, PACKAGES, only, release, without
from tests.e2e.support import NAME, commit, run
from tests.e2e.talk import done
from tests.support import Checkout

pytestmark = pytest.mark.minutes(1)
TOKENS = {"GITHUB_TOKEN": "ghs_of-github", "REGISTRY_PASSWORD": "of-the-registry", "PRIVATE_KEY": "of-another-key"}
# A gate's program: looks at what it, and every process above it, was started with.
SPY = """
import json, os
from pathlib import Path
pid, seen = os.getpid(), {}
while pid > 1:
    seen[pid] = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
commands = {one: Path(f"/proc/{one}/cmdline").read_bytes().decode(errors="replace") for one in seen}
Path(REPORT).write_text(json.dumps([[commands[one], seen[one]] for one in seen]))
"""


def test_a_gates_child_finds_the_key_in_no_process_above_it(
    docker: Checkout, private: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    assert login(private).returncode == 0
    without(docker, PACKAGES)
    report = tmp_path / "report.json"
    docker.write("spy.py", f"REPORT = {str(report)!r}\n{SPY}")
    docker.edit("pyproject.toml", 'key = "cosign.pub"\n', f'key = "cosign.pub"\nlint = ["{sys.executable} spy.py"]\n')
    commit(docker, "A linter that is curious")
    env = {**private.env, **key, **TOKENS, "MARK": "to be seen"}
    released = release(Checkout(docker.root, docker.env), *only("lint"), **env)  # a process, and not a fork of one
    assert released.returncode == 0, released.stderr
    above = json.loads(report.read_text())
    assert any(" release " in command.replace("\0", " ") and "MARK=to be seen" in found for command, found in above[1:])
    for command, found in above:
        for name, value in {**key, **TOKENS}.items():
            assert value not in found, (name, command)
            assert f"\0{name}=" not in f"\0{found}", (name, command)
    image = f"{private.repository}:0.1.1"  # and it is signed
    private.said("cosign", "verify", "--private-infrastructure", "--key", str(docker.root / "cosign.pub"), image)


@pytest.mark.full  # all images are built twice; what is handed over is tested without an engine as well
def test_one_clone_passes_the_gates_and_another_signs_and_pushes(
    docker: Checkout, private: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    without(docker, PACKAGES)
    done(docker, "release", "--yes", "--tag-only", *only(), **key)
    one, other = (cloned(docker, tmp_path / name) for name in ("gates", "publish"))
    saved = tmp_path / "saved"
    # Without a login, a key, cosign and oras.
    done(one, "release", "--yes", "--save", str(saved), *only("lint"), PATH=without_tools(tmp_path / "bin"))
    assert sorted(path.name for path in saved.iterdir()) == ["image.tar", "passed.json", "tests.tar"]
    said = json.loads((saved / "passed.json").read_text())
    assert said["gates"]["lint"] == "passed"
    assert [run("docker", "image", "inspect", "--format", "{{.Id}}", said[name]) for name in ("image", "tests")] == [
        said["image"], said["tests"],
    ]  # fmt: skip
    run("docker", "image", "rm", "--force", said["image"], said["tests"])  # as on another machine

    env = {**private.env, **key}
    load = ["release", "--yes", "--load", str(saved), *only("lint")]
    assert f"docker login {private.host}" in other.inv(*load, **env).stderr
    assert login(private).returncode == 0
    for secret in (*KEY.values(), PASSWORD, USER):
        assert secret not in "".join(path.read_text(errors="replace") for path in saved.glob("*.json"))
    swapped_is_refused(other, private, saved, tmp_path / "swapped", load, env)
    assert private.tags() == {}
    published = other.inv(*load, "--json", **env)
    assert published.returncode == 0, published.stderr
    assert "passed already" in published.stderr
    assert "  lint " not in published.stderr.partition("gates      passed")[2]
    digest = json.loads(published.stdout)["image"].rpartition("@")[2]
    tags = private.tags()
    assert tags["0.1.1"] == tags["latest"] == digest
    for tag, name in (("0.1.1", "image"), ("0.1.1-test", "tests")):
        image = f"docker://{private.repository}:{tag}"
        raw = json.loads(private.said("skopeo", "inspect", "--tls-verify=false", "--raw", image))
        assert raw["config"]["digest"] == said[name]
    named = f"{private.repository}@{digest}"
    private.said("cosign", "verify", "--private-infrastructure", "--key", str(docker.root / "cosign.pub"), named)
    assert f"{named} is what " in done(other, "verify", "--tag", "0.1.1", **private.env).stdout


def cloned(docker: Checkout, target: Path) -> Checkout:
    """Return another clone of what is tagged."""
    run("git", "clone", "--quiet", "--branch", "v0.1.1", str(docker.root), str(target))
    return Checkout(target, docker.env)


def without_tools(folder: Path) -> str:
    """Return a PATH on which there is neither cosign nor oras."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for tool in Path(place).glob("*"):
            if tool.name not in ("cosign", "oras") and not (folder / tool.name).is_symlink():
                (folder / tool.name).symlink_to(tool)
    assert not shutil.which("cosign", path=str(folder))
    return str(folder)


def swapped_is_refused(
    other: Checkout, private: Registry, saved: Path, swapped: Path, load: list[str], env: dict[str, str]
) -> None:
    """Put another image in the place of the one that passed: nothing is pushed, and no name is taken."""
    shutil.copytree(saved, swapped)
    said = json.loads((saved / "passed.json").read_text())
    build = ["docker", "build", "--quiet", "--provenance=false", "--tag", f"{NAME}:swapped", "-"]
    dockerfile = "FROM python:3.13-slim\nLABEL swapped=yes\n"
    mine = subprocess.run(build, input=dockerfile, text=True, check=True, capture_output=True).stdout.strip()
    load = [str(swapped) if word == str(saved) else word for word in load]
    base = run("docker", "image", "inspect", "--format", "{{.Id}}", "python:3.13-slim")
    run("docker", "save", "--output", str(swapped / "image.tar"), f"{NAME}:swapped")
    (swapped / "passed.json").write_text(json.dumps(said | {"image": mine}))
    refused = other.inv(*load, **env)
    assert refused.returncode == 1
    assert f"would give images the names {NAME}:swapped" in refused.stderr
    run("docker", "save", "--output", str(swapped / "image.tar"), mine)
    refused = other.inv(*load, **env)
    assert refused.returncode == 1
    assert (
        f"What has passed the gates is {mine}, and its commit makes {said['image']}: not published." in refused.stderr
    )
    assert run("docker", "image", "inspect", "--format", "{{.Id}}", "python:3.13-slim") == base
    assert private.tags() == {}
