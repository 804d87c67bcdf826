"""Releases against real registries: what is published, and how it breaks."""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import threading
import tomllib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from slipway.engine import registry as of_slipway
from slipway.image.build import Options
from slipway.project.config import load
from slipway.release.gates import of as gates_of
from tests.conftest import ROOT, Checkout
from tests.e2e import changes
from tests.e2e.conftest import NAME, commit, containers, run
from tests.e2e.registries import Registry, login, registry
from tests.e2e.talk import conversation, done

GATES = [gate.name for gate in gates_of(load(ROOT), "0.0.0", "", [], Options())]
SLOW = ["types", "tests", "rebuild", "migrations", "rehearsal", "in-image", "deploy"]
KEY = {"COSIGN_PASSWORD": "of the key"}
LONG = 600  # seconds that all gates may take on a busy machine


@pytest.fixture
def plain(docker: Checkout, tmp_path: Path) -> Iterator[Registry]:
    """Give the shared clone a registry of its own."""
    with registry(tmp_path) as made:
        use(docker, made)
        yield made


@pytest.fixture
def private(docker: Checkout, tmp_path: Path) -> Iterator[Registry]:
    """Give the shared clone a registry with a password."""
    with registry(tmp_path, private=True) as made:
        use(docker, made)
        yield made


def use(checkout: Checkout, made: Registry) -> None:
    """Have the project push there."""
    text = (checkout.root / "pyproject.toml").read_text()
    (checkout.root / "pyproject.toml").write_text(
        re.sub(r'(?m)^registry = ".*"$', f'registry = "{made.address}"', text)
    )
    commit(checkout, "A registry of its own")


@pytest.fixture
def key(docker: Checkout, tmp_path: Path) -> dict[str, str]:
    """Give the project a key; return the variables of whoever signs."""
    return new_key(docker, tmp_path / "key")


def new_key(checkout: Checkout, folder: Path) -> dict[str, str]:
    """Make a key pair and commit its public half."""
    folder.mkdir()
    subprocess.run(
        ["cosign", "generate-key-pair"], cwd=folder, env={**os.environ, **KEY}, capture_output=True, check=True
    )
    checkout.write("cosign.pub", (folder / "cosign.pub").read_text())
    text = (checkout.root / "pyproject.toml").read_text()
    if "[tool.slipway.release]" not in text:
        checkout.write("pyproject.toml", f'{text}\n[tool.slipway.release]\nkey = "cosign.pub"\n')
    commit(checkout, "A key")
    return {**KEY, "COSIGN_KEY": str(folder / "cosign.key")}


def change(checkout: Checkout, what: str) -> None:
    """Commit something worth a release."""
    checkout.write(f"changelog.d/+{what}.added.md", f"There is {what}.\n")
    commit(checkout, f"Add {what}")


def release(checkout: Checkout, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Release, however long it takes."""
    return subprocess.run(
        checkout.command("release", "--yes", *args), cwd=checkout.root, env=checkout.environ(**env),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=LONG,
    )  # fmt: skip


def without(*names: str) -> list[str]:
    """Return the options that skip these gates."""
    return [word for name in names for word in ("--skip", name)]


def only(*names: str) -> list[str]:
    """Return the options that skip all gates but these."""
    return without(*(name for name in GATES if name not in (*names, "image")))


def state(checkout: Checkout, made: Registry) -> tuple[object, ...]:
    """Return all that a release that fails has to leave as it was."""
    refs = run("git", "for-each-ref", cwd=checkout.root)
    files = run("git", "status", "--porcelain", cwd=checkout.root)
    kept = sorted(path.name for path in (checkout.root / ".slipway" / "release").glob("*/"))
    names = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    released = sorted(name for name in names if NAME in name and re.search(r":\d+\.\d+\.\d+(-test)?$", name))
    volumes = run("docker", "volume", "ls", "--quiet", "--filter", f"name={NAME}")
    head = run("git", "rev-parse", "--abbrev-ref", "HEAD", cwd=checkout.root)
    return refs, head, files, kept, made.tags(), released, containers(), volumes


def rows(text: str) -> list[tuple[str, str]]:
    """Return the names and lines of a plan."""
    return [(line[:10].strip(), line[11:].strip()) for line in text.partition("\n\n")[0].splitlines()]


def told(stderr: str) -> list[tuple[str, str]]:
    """Return the names and lines of the steps that were done, after the plan."""
    lines = [line[2:] for line in stderr.splitlines()[stderr.splitlines().index("") :] if line.startswith("  ")]
    timed = [re.fullmatch(r"(\S+) +(.*?) +[\d.]+ s", line) for line in lines]
    left = [re.fullmatch(r"(\S+) +(left out: .*)", line) for line in lines]
    found = [one for pair in zip(timed, left, strict=True) for one in pair if one]
    return [(one[1], one[2]) for one in found if one[1] != "total"]


def matches(planned: list[tuple[str, str]], found: list[tuple[str, str]], sha: str) -> bool:
    """Tell whether what was done is what was planned, line for line; what was done may say more."""
    wanted = [(name, what.replace("<commit>", sha)) for name, what in planned]
    return [name for name, _ in wanted] == [name for name, _ in found] and all(
        did.startswith(what) for (_, what), (_, did) in zip(wanted, found, strict=True)
    )


def test_a_release_passes_all_gates_and_does_what_its_plan_says(docker: Checkout, plain: Registry) -> None:
    first = release(docker, *without(*SLOW))
    assert first.returncode == 0, first.stderr
    assert sorted(plain.tags()) == sorted(
        ["0", "0.1", "0.1.1", "0.1.1-test", "latest", f"sha-{run('git', 'rev-parse', 'HEAD', cwd=docker.root)[:12]}"]
    )
    again = release(docker)
    assert again.returncode == 0, again.stderr
    assert "0.1.1 is released. The next one" in again.stderr

    change(docker, "an improvement")
    before = state(docker, plain)
    plan = done(docker, "release", "--part", "minor", "--plan")
    assert state(docker, plain) == before
    assert "There is an improvement." in plan.stdout

    docker.write("app/.env.local", "not in the clone")  # and neither is what the environment says of a database
    elsewhere = {"DATABASE_HOSTNAME": "192.0.2.1", "DATABASE_PASSWORD": "of-another-database", "SLIPWAY_ENV": "prod"}
    released = release(docker, "--part", "minor", "--json", **elsewhere)
    assert released.returncode == 0, released.stderr
    head = run("git", "rev-parse", "HEAD", cwd=docker.root)
    planned = rows(plan.stdout)
    assert "left out" not in plan.stdout
    assert matches(planned, told(released.stderr.partition("- There is")[2]), head[:12]), (planned, released.stderr)

    result = json.loads(released.stdout)
    assert (result["version"], result["commit"]) == ("0.2.0", head)
    digest = result["image"].rpartition("@")[2]
    moved = {"0.2.0": digest, f"sha-{head[:12]}": digest, "0.2": digest, "0": digest, "latest": digest}
    assert moved.items() <= plain.tags().items()
    assert plain.tags()["0.1.1"] != digest
    assert run("git", "cat-file", "-t", "v0.2.0", cwd=docker.root) == "tag"
    assert run("git", "rev-parse", "v0.2.0^{commit}", "main", cwd=docker.root).split() == [head, head]
    assert tomllib.loads((docker.root / "pyproject.toml").read_text())["project"]["version"] == "0.2.0"
    assert "There is an improvement." in (docker.root / "CHANGELOG.md").read_text()
    assert run("git", "status", "--porcelain", cwd=docker.root) == ""
    assert containers() == []
    assert run("docker", "volume", "ls", "--quiet", "--filter", f"name={NAME}") == ""

    # What is attached, without a key: read back with other tools.
    statement = json.loads(of_kind(plain, of_slipway.STATEMENT, "0.2.0"))
    assert statement["subject"] == [{"name": plain.repository, "digest": {"sha256": digest.removeprefix("sha256:")}}]
    definition = statement["predicate"]["buildDefinition"]
    materials = {one["name"]: one["digest"] for one in definition["resolvedDependencies"]}
    base = run("docker", "image", "inspect", "--format", "{{.Id}}", "python:3.13-slim")  # from no registry
    lock = hashlib.sha256((docker.root / "poetry.lock").read_bytes()).hexdigest()
    assert materials == {
        "source": {"gitCommit": head}, "base": {"sha256": base.removeprefix("sha256:")}, "lock": {"sha256": lock},
    }  # fmt: skip
    gates = definition["internalParameters"]["gates"]
    assert list(gates) == GATES
    assert all(how.startswith("passed") for name, how in gates.items() if name != "advisories"), gates
    assert json.loads(of_kind(plain, of_slipway.SBOM, "0.2.0"))["bomFormat"] == "CycloneDX"
    labels = plain.labels("0.2.0")
    assert labels["org.opencontainers.image.revision"] == head
    assert labels["org.opencontainers.image.version"] == "0.2.0"
    assert labels["dev.slipway.previous"] == "0.1.1"

    names = run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
    run("docker", "image", "rm", "--force", *(name for name in names if NAME in name))
    deployed = done(docker, "deploy", "--tag", "0.2", "--yes", "--bake", "1")
    assert f"{plain.repository}:0.2@{digest}, pulled" in deployed.stderr
    conversation(docker.url)
    status = json.loads(done(docker, "status", "--prod", "--json").stdout)
    assert status["release"] == f"{plain.repository}:0.2@{digest}"
    verified = done(docker, "verify", "--tag", "0.2.0")
    assert verified.stdout == f"{plain.repository}@{digest} is what {head} makes\n"


def of_kind(made: Registry, kind: str, tag: str) -> str:
    """Return the text of what is attached to an image, as oras and skopeo find it."""
    found = json.loads(
        made.said("oras", "discover", "--format", "json", "--artifact-type", kind, f"{made.repository}:{tag}")
    )
    (one,) = found["manifests"]
    image = f"docker://{one['reference']}"
    (layer,) = json.loads(made.said("skopeo", "inspect", "--tls-verify=false", "--raw", image))["layers"]
    return made.said("oras", "blob", "fetch", "--output", "-", f"{made.repository}@{layer['digest']}")


def test_signed_releases_go_to_a_private_registry(
    docker: Checkout, private: Registry, key: dict[str, str], tmp_path: Path
) -> None:
    env = {**private.env, **key}
    before = state(docker, private)
    stranger = release(docker, **env)
    assert stranger.returncode == 1
    assert f"docker login {private.address}" in stranger.stderr
    assert login(private, "wrong").returncode != 0
    assert login(private).returncode == 0
    for lacking in ("COSIGN_KEY", "COSIGN_PASSWORD"):
        refused = release(docker, **{name: value for name, value in env.items() if name != lacking})
        assert refused.returncode == 1
        assert f"export {lacking}" in refused.stderr
    other = new_key_elsewhere(tmp_path / "other")
    assert "another key than cosign.pub's" in release(docker, **{**env, "COSIGN_KEY": other}).stderr
    assert state(docker, private) == before
    private.tool("docker", "logout", private.address)
    assert f"docker login {private.address}" in docker.inv("deploy", "--tag", "0.1.1", "--yes", **env).stderr
    assert login(private).returncode == 0

    versions = ["0.1.1", "0.2.0", "1.0.0"]
    for version, part in zip(versions, ("patch", "minor", "major"), strict=True):
        change(docker, f"number {version}")
        released = release(docker, "--part", part, *without(*SLOW), **env)
        assert released.returncode == 0, released.stderr
        for secret in (*KEY.values(), "correct horse"):
            assert secret not in released.stdout + released.stderr
    tags = private.tags()
    assert [tags[name] == tags["1.0.0"] for name in ("1.0", "1", "latest", "0")] == [True, True, True, False]
    assert tags["0"] == tags["0.2"] == tags["0.2.0"] != tags["0.1.1"] == tags["0.1"]

    public = str(docker.root / "cosign.pub")
    for version in versions:
        image = f"{private.repository}@{tags[version]}"
        head = run("git", "rev-parse", f"v{version}^{{commit}}", cwd=docker.root)
        private.said("cosign", "verify", "--private-infrastructure", "--key", public, image)
        asked = ["--private-infrastructure", "--key", public, "--type", "slsaprovenance1", image]
        (line,) = private.said("cosign", "verify-attestation", *asked).splitlines()
        assert "application/vnd.in-toto+json" in line
        verified = json.loads(done(docker, "image", "--tag", f"{NAME}:{version}", "--json").stdout)
        assert verified["labels"]["org.opencontainers.image.revision"] == head
        assert private.labels(version)["org.opencontainers.image.version"] == version
        assert json.loads(of_kind(private, of_slipway.SBOM, version))["bomFormat"] == "CycloneDX"
        assert f"{version}-test" in tags
        assert tags[f"sha-{head[:12]}"] == tags[version]
    wrong = ["cosign", "verify", "--private-infrastructure", "--key", str(Path(other).with_suffix(".pub"))]
    assert private.tool(*wrong, image).returncode != 0

    tampered_images_are_refused(docker, private, tags, env, other)


def tampered_images_are_refused(
    docker: Checkout, private: Registry, tags: dict[str, str], env: dict[str, str], other: str
) -> None:
    """Try to have something else deployed under the name of a release."""
    deployed = done(docker, "deploy", "--tag", "0.2.0", "--yes", "--bake", "0", **env)
    assert re.search(r"signed for cosign.pub; not passed: .*deploy.* tests", deployed.stderr)
    live = json.loads(done(docker, "status", "--prod", "--json", **env).stdout)["release"]
    assert live == f"{private.repository}:0.2.0@{tags['0.2.0']}"

    def refused(tag: str, said: str) -> None:
        tried = docker.inv("deploy", "--tag", tag, "--yes", "--bake", "0", **env)
        assert tried.returncode != 0, tried.stderr
        assert said in tried.stderr
        assert "docker pull" not in tried.stderr
        assert json.loads(done(docker, "status", "--prod", "--json", **env).stdout)["release"] == live

    def publish(tag: str, image: str) -> str:
        run("docker", "tag", image, f"{private.repository}:{tag}")
        private.said("docker", "push", "--quiet", f"{private.repository}:{tag}")
        return private.tags()[tag]

    build = ["docker", "build", "--quiet", "--provenance=false", "--tag", f"{NAME}:tampered", "-"]
    dockerfile = f"FROM {NAME}:1.0.0\nENV TAMPERED=yes\n"
    subprocess.run(build, input=dockerfile, text=True, check=True, capture_output=True)
    digest = publish("1.0.0", f"{NAME}:tampered")  # the same tag, another image, unsigned
    refused("1.0.0", "no signatures found")
    refused(f"{private.repository}:1.0.0@{digest}", "is not signed with cosign.pub")
    image = f"{private.repository}@{digest}"
    private.said(
        "cosign", "sign", "--yes", "--tlog-upload=false", "--key", other, image, **KEY
    )  # signed, by somebody else
    refused("1.0.0", "is not signed with cosign.pub")
    publish("1.0.0", f"{NAME}:0.1.1")  # signed by us, as another version
    refused("1.0.0", f"is called 1.0.0, and its provenance says {NAME} 0.1.1")
    private.said(
        "cosign", "sign", "--yes", "--tlog-upload=false", "--key", env["COSIGN_KEY"], image, **KEY
    )  # signed by us, and nobody says of what it is made
    publish("1.0.0", f"{NAME}:tampered")
    refused("1.0.0", "no provenance that is signed")
    other_service(private, env)
    refused("1.0.0", f"has signed is {private.repository}-other, and not {private.repository}")
    run("docker", "tag", f"{NAME}:0.1.1", f"{NAME}:9.9.9")
    refused("9.9.9", f"There is no {private.repository}:9.9.9 in the registry.")  # whatever is on the engine
    publish("latest", f"{NAME}:0.1.1")
    refused("latest", "latest leads to 0.1.1, which is older than 0.2.0, the live one")
    publish("1.0.0", f"{NAME}:1.0.0")
    done(docker, "deploy", "--tag", "1.0.0", "--yes", "--bake", "0", **env)
    assert "unsigned" in done(docker, "deploy", "--tag", f"{NAME}:0.1.1", "--yes", "--bake", "0", **env).stderr
    private.kill()
    assert f"--tag {NAME}:0.2.0" in docker.inv("deploy", "--tag", "0.2.0", "--yes", **env).stderr
    assert "live" in done(docker, "rollback", **env).stderr
    private.start()


def other_service(private: Registry, env: dict[str, str]) -> None:
    """Sign another service's image with the key, and copy it and its signature under this one's name."""
    other = f"{private.repository}-other"
    run("docker", "tag", "registry:2", f"{other}:1.0.0")
    private.said("docker", "push", "--quiet", f"{other}:1.0.0")
    digest = private.ask(f"{NAME}-other/manifests/1.0.0").headers["Docker-Content-Digest"]
    private.said(
        "cosign", "sign", "--yes", "--tlog-upload=false", "--key", env["COSIGN_KEY"], f"{other}@{digest}", **KEY
    )
    for tag in ("1.0.0", f"{digest.replace(':', '-')}.sig"):
        to = f"docker://{private.repository}:{tag}"
        private.said(
            "skopeo", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{other}:{tag}", to
        )


def new_key_elsewhere(folder: Path) -> str:
    """Make a key pair that nobody trusts; return its private half."""
    folder.mkdir()
    subprocess.run(
        ["cosign", "generate-key-pair"], cwd=folder, env={**os.environ, **KEY}, capture_output=True, check=True
    )
    return str(folder / "cosign.key")


@contextlib.contextmanager
def database_of_advisories() -> Iterator[str]:
    """Run a database that knows of one package."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = {"id": "GHSA-test", "summary": "A hole.", "aliases": [], "affected": [
                {"package": {"name": "fastapi", "ecosystem": "PyPI"}, "ranges": [
                    {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "999"}]}]}]}  # fmt: skip
            body = json.dumps({"vulns": [known]} if asked["package"]["name"] == "fastapi" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def test_what_is_not_true_stops_the_release(docker: Checkout, plain: Registry, tmp_path: Path) -> None:
    def git(*args: str) -> None:
        run("git", *args, cwd=docker.root)

    def behind() -> None:
        git("init", "--quiet", "--bare", str(tmp_path / "upstream.git"))
        git("remote", "add", "origin", str(tmp_path / "upstream.git"))
        docker.write("theirs.txt", "theirs")
        commit(docker, "Theirs")
        git("push", "--quiet", "--set-upstream", "origin", "main")
        git("reset", "--quiet", "--hard", "HEAD~1")

    def without_changes() -> None:
        git("rm", "--quiet", "-r", "changelog.d")
        git("commit", "--quiet", "--message", "Nothing to say")

    def without_registry() -> None:
        docker.edit("pyproject.toml", f'registry = "{plain.address}"\n', "")
        commit(docker, "No registry")

    cases: dict[str, tuple[Callable[[], object], list[str], str]] = {
        "tree": (lambda: docker.write("new.txt", "not committed"), [], "the tree has changes"),
        "branch": (behind, [], "origin has commits of main that are not here: git pull"),
        "version": (lambda: git("tag", "v0.0.9"), ["--version", "0.0.9"], "the tag v0.0.9 exists already"),
        "changelog": (without_changes, [], "a file of changelog.d"),
        "registry": (without_registry, [], "no registry is named"),
        "signing": (lambda: new_key(docker, tmp_path / "key"), [], "export COSIGN_KEY=FILE"),
    }
    start = run("git", "rev-parse", "HEAD", cwd=docker.root)
    for fact, (breaks, args, said) in cases.items():
        run("git", "reset", "--quiet", "--hard", start, cwd=docker.root)
        run("git", "clean", "--quiet", "-d", "--force", cwd=docker.root)
        breaks()
        before = state(docker, plain)
        stopped = release(docker, *args, *only())
        assert stopped.returncode == 1, (fact, stopped.stderr)
        assert said in stopped.stderr, (fact, stopped.stderr)
        assert re.search(rf"(?m)^  {fact} +failed", stopped.stderr), (fact, stopped.stderr)
        assert len(re.findall(r"(?m)^  - ", stopped.stderr)) == 1, (fact, stopped.stderr)
        assert state(docker, plain) == before, fact
        if fact == "branch":
            git("remote", "remove", "origin")
    assert plain.tags() == {}


def test_each_gate_stops_the_release(docker: Checkout, plain: Registry) -> None:
    broken = "def test_that_fails() -> None:\n    assert False\n"
    token = "ghp_" + "0123456789abcdefghijklmnopqrstuvwxyzAB"[:36]

    def rename() -> None:
        run("git", "tag", "--annotate", "v0.1.0", "--message", "0.1.0", cwd=docker.root)
        done(docker, "build")
        run("docker", "build", "--quiet", "--target", "test", "--tag", f"{NAME}:0.1.0-test", ".", cwd=docker.root)
        changes.rename_at_once(docker)

    def append(name: str, text: str) -> None:
        docker.write(name, (docker.root / name).read_text() + text)

    cases: dict[str, tuple[Callable[[], object], str]] = {
        "lint": (lambda: docker.write("app/unused.py", "import os\n"), "F401"),
        "types": (lambda: docker.write("app/wrong.py", 'x: int = "a"\n'), "Incompatible types"),
        "dockerfile": (lambda: append("Dockerfile", "RUN sudo true\n"), "DL3004"),
        "tests": (lambda: docker.write("tests/app/test_broken.py", broken), "test_that_fails"),
        "image": (lambda: append("Dockerfile", "RUN false\n"), "could not be built"),
        "secrets": (lambda: docker.write("app/token.py", f'TOKEN = "{token}"\n'), "/srv/app/token.py:1"),
        "advisories": (lambda: None, "GHSA-test, mended in 999"),
        "rebuild": (lambda: append("Dockerfile", "RUN date +%N > /tmp/now\n"), "  - /tmp/now: "),
        "migrations": (lambda: changes.rename_at_once(docker), "found in the migrations"),
        "in-image": (lambda: docker.write("tests/app/test_broken.py", broken), "test_that_fails"),
        "deploy": (lambda: append("app/main.py", '\nraise RuntimeError("no")\n'), "Error: no"),
        "rehearsal": (rename, "0.1.0 breaks on 0003"),
    }
    assert sorted(cases) == sorted(GATES)
    start = run("git", "rev-parse", "HEAD", cwd=docker.root)
    with database_of_advisories() as url:
        for gate, (breaks, said) in cases.items():
            run("git", "reset", "--quiet", "--hard", start, cwd=docker.root)
            breaks()
            commit(docker, f"Break {gate}") if run("git", "status", "--porcelain", cwd=docker.root) else None
            before = state(docker, plain)
            stopped = release(docker, *only(gate), OSV_URL=url)
            assert stopped.returncode != 0, (gate, stopped.stderr)
            assert said in stopped.stderr, (gate, stopped.stderr)
            assert re.search(rf"(?m)^  {gate} +failed", stopped.stderr), (gate, stopped.stderr)
            assert "Nothing was released, and everything is as it was." in stopped.stderr
            assert token not in stopped.stderr
            assert state(docker, plain) == before, gate
    assert plain.tags() == {}


def killed_at(checkout: Checkout, line: str, act: object, *args: str, **env: str) -> tuple[int, str]:
    """Release, and act when a line is printed; return how it ended, and what it said."""
    said = []
    with checkout.start("release", "--yes", *args, **env) as running:
        assert running.stdout
        for text in running.stdout:
            said.append(text)
            if re.search(line, text) and not any(re.search(line, old) for old in said[:-1]):
                act(running)  # type: ignore[operator]
    return running.returncode, "".join(said)


def test_a_release_that_breaks_off_is_finished_by_the_next(
    docker: Checkout, plain: Registry, key: dict[str, str]
) -> None:
    before = state(docker, plain)
    status, said = killed_at(docker, r"push +\S+:sha-[0-9a-f]{12}: ", lambda _: plain.kill(), *only(), **key)
    assert status != 0
    assert "0.1.1 was not published, and the tree is as before. To go on from here: ./inv release" in said
    assert run("git", "for-each-ref", cwd=docker.root) == before[0]
    unreachable = release(docker, *only(), **key)
    assert unreachable.returncode == 1
    assert f"The registry {plain.address} cannot be asked. Is it up?" in unreachable.stderr
    plain.start()
    (pushed,) = (name for name in plain.tags() if name.startswith("sha-"))
    assert "0.1.1" not in plain.tags()
    finished = release(docker, *only(), **key)
    assert finished.returncode == 0, finished.stderr
    assert "gates      passed already" in finished.stderr
    assert plain.tags()["0.1.1"] == plain.tags()[pushed]
    assert run("git", "rev-parse", "v0.1.1^{commit}", cwd=docker.root).startswith(pushed.removeprefix("sha-"))


SIGN, PUBLISH, PUBLISHED = r"\$ cosign sign", r"\$ docker push \S+ \S+:0\.1\.\d$", r"push +\S+:0\.1\.\d: sha"
MERGE, MOVE = r"\$ git merge", r"push +\S+:0\.1: "


@pytest.mark.parametrize(
    "lines", [[PUBLISH, MERGE], pytest.param([SIGN, PUBLISH, PUBLISHED, MERGE, MOVE], marks=pytest.mark.full)]
)
def test_a_release_that_was_killed_is_finished_by_the_next(
    docker: Checkout, plain: Registry, key: dict[str, str], lines: list[str]
) -> None:
    def kill(running: "subprocess.Popen[str]") -> None:
        os.killpg(running.pid, signal.SIGKILL)

    for number, line in enumerate(lines, 1):
        version = f"0.1.{number}"
        change(docker, f"what {version} has")
        status, _ = killed_at(docker, line, kill, *only(), **key)
        assert status == -signal.SIGKILL
        if line == PUBLISH:  # somebody goes on working, and then another part is asked for
            run("docker", "push", "--quiet", f"{plain.repository}:{version}")  # whether that was killed as well or not
            docker.write("more.txt", "more")
            commit(docker, "Meanwhile")
            forgotten = release(docker, "--part", "minor", *only(), **key)
            assert forgotten.returncode == 1
            assert f"published and not tagged: ./inv release --version {version}" in forgotten.stderr
            finished = release(docker, "--version", version, *only(), **key)
            assert finished.returncode == 1
            assert f"git merge v{version}" in finished.stderr
            run("git", "merge", "--quiet", "--no-edit", f"v{version}", cwd=docker.root)
            assert f"{plain.tags()['latest']}" == plain.tags()[version]
            continue
        finished = release(docker, *only(), **key)
        assert finished.returncode == 0, (version, finished.stderr)
        tags = plain.tags()
        commits = run("git", "rev-parse", f"v{version}^{{commit}}", "main", cwd=docker.root).split()
        assert len(set(commits)) == 1
        assert tags[version] == tags["latest"] == tags[f"sha-{commits[0][:12]}"]
        assert [path.name for path in (docker.root / ".slipway" / "release").iterdir()] == ["lock"]
        image = f"{plain.repository}@{tags[version]}"
        asked = ["--private-infrastructure", "--key", "cosign.pub", "--type", "slsaprovenance1", image]
        (_one,) = run("cosign", "verify-attestation", *asked, cwd=docker.root).splitlines()


def test_a_release_that_is_interrupted_leaves_everything_as_it_was(docker: Checkout, plain: Registry) -> None:
    before = state(docker, plain)
    for signum, line in ((signal.SIGINT, r"\$ docker build .*--target test"), (signal.SIGTERM, r"deploy --tag")):
        status, said = killed_at(
            docker, line, lambda running, signum=signum: os.killpg(running.pid, signum), *only("deploy")
        )
        assert status == 128 + signum, said
        assert state(docker, plain) == before


def test_a_version_is_never_published_twice(docker: Checkout, plain: Registry) -> None:
    run("docker", "tag", "registry:2", f"{plain.repository}:0.1.1")
    run("docker", "push", "--quiet", f"{plain.repository}:0.1.1")
    before = state(docker, plain)
    taken = release(docker, *only())
    assert taken.returncode == 1
    assert "never published twice" in taken.stderr
    assert state(docker, plain) == before

    run("docker", "tag", "registry:2", f"{plain.repository}:0.1.2")

    def publish(_: object) -> None:
        run("docker", "push", "--quiet", f"{plain.repository}:0.1.2")

    status, said = killed_at(docker, r"^  image ", publish, "--version", "0.1.2", *only())  # meanwhile, by another
    assert status == 1
    assert "never published twice" in said
    assert run("git", "tag", cwd=docker.root) == ""


@pytest.mark.full
def test_tags_that_move_stay_with_the_highest(docker: Checkout, plain: Registry) -> None:
    first = release(docker, "--version", "0.1.3", *only())
    assert first.returncode == 0, first.stderr
    change(docker, "more")
    released = release(docker, "--version", "0.3.0", *only())
    assert released.returncode == 0, released.stderr
    run("git", "switch", "--quiet", "--create", "maintenance", "v0.1.3", cwd=docker.root)
    change(docker, "a remedy")
    mended = release(docker, "--part", "patch", *only())
    assert mended.returncode == 0, mended.stderr
    tags = plain.tags()
    assert tags["0.1"] == tags["0.1.4"] != tags["latest"] == tags["0"] == tags["0.3.0"]


def test_what_was_tagged_elsewhere_is_published_here(docker: Checkout, plain: Registry, tmp_path: Path) -> None:
    tagged = release(docker, "--tag-only", *only())
    assert tagged.returncode == 0, tagged.stderr
    assert plain.tags() == {}
    assert f"Without its gates {', '.join(n for n in GATES if n != 'image')}." in run(
        "git", "tag", "-n9", cwd=docker.root
    )
    run("git", "clone", "--quiet", "--branch", "v0.1.1", str(docker.root), str(tmp_path / "there"))
    there = Checkout(tmp_path / "there", docker.env)
    published = release(there, *only())
    assert published.returncode == 0, published.stderr
    assert {"0.1.1", "0.1", "0", "latest", "0.1.1-test"} < set(plain.tags())
    assert run("git", "status", "--porcelain", cwd=there.root) == ""
