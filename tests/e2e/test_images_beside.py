"""The images of the database and the proxy: noted, told when they are others, pinned by their digests."""

import json
import re
import subprocess
from dataclasses import dataclass
from hashlib import sha256

import pytest

from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine import registry
from slipway.image import digests
from slipway.project.checkout import Checkout as Project
from tests.e2e.production import PROD, webs
from tests.e2e.registries import Registry
from tests.e2e.support import NAME, commit, run
from tests.e2e.talk import conversation, done
from tests.support import ROOT, Checkout

pytestmark = pytest.mark.minutes(2)
# It says that a Caddyfile is fine, and doesn't start.
BROKEN = """RUN mv /usr/bin/caddy /usr/bin/real && chmod +x /usr/bin/real && printf '%s\\n' '#!/bin/sh' \
'[ "$1" != run ] || exit 3' 'exec real "$@"' >/usr/bin/caddy && chmod +x /usr/bin/caddy"""


@dataclass
class Image:
    """An image of a container beside the releases, in a registry of the test."""

    made: Registry
    base: str
    service: str

    @property
    def name(self) -> str:
        """What the Compose files call it."""
        return f"{self.made.address}/{NAME}-{self.base}"

    @property
    def digest(self) -> str:
        """What the registry has under that name now."""
        name, _, tag = self.base.partition(":")
        return self.made.digest(tag, f"-{name}")

    @property
    def short(self) -> str:
        """The digest, as a plan shows it."""
        return self.digest[: len("sha256:") + 12]

    @property
    def container(self) -> str:
        """The id of the container's image."""
        return run("docker", "inspect", "--format", "{{.Image}}", f"{PROD}-{self.service}-1")

    def build(self, *lines: str, base: str = "") -> None:
        """Let the name mean another image on this engine, made of a base or of what it is called after."""
        text = "\n".join([f"FROM {base or self.base}", "USER root", *lines])
        made = subprocess.run(
            ["docker", "build", "--quiet", "--tag", self.name, "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr

    def push(self) -> None:
        """Let it mean that in the registry as well."""
        run("docker", "push", "--quiet", self.name)


def test_a_digest_is_that_of_all_platforms_together(plain: Registry) -> None:
    names = [Image(plain, f"tiny:{tag}", "") for tag in ("1", "2")]
    for one in names:
        one.build(f"LABEL tag={one.base}", base="caddy:2")
        one.push()
    # In their own repository: into another one both are copied at once, and one can be there before its layers.
    index = f"{plain.address}/{NAME}-tiny:all"
    run("docker", "buildx", "imagetools", "create", "--tag", index, *(one.name for one in names))
    text = run("docker", "buildx", "imagetools", "inspect", "--raw", index)
    assert len(json.loads(text)["manifests"]) == 2
    assert registry.digest(Shell(ROOT, Steps()), index) == f"sha256:{sha256(text.encode()).hexdigest()}"


def plan(checkout: Checkout, *args: str) -> dict[str, str]:
    """Return the rows of a plan."""
    return dict(json.loads(done(checkout, "deploy", "--plan", "--json", *args).stdout))


def beside(checkout: Checkout) -> object:
    """Return the images that the ledger has beside the live release."""
    (live,) = [one for one in json.loads(done(checkout, "releases", "--json").stdout) if one["is_live"]]
    return live["beside"]


@pytest.mark.full
def test_images_beside_the_releases(docker: Checkout, plain: Registry) -> None:
    database, proxy = images = [Image(plain, "postgres:17", "db"), Image(plain, "caddy:2", "proxy")]
    for one, file in zip(images, ("compose.yaml", "compose.prod.yaml"), strict=True):
        docker.edit(file, f"image: {one.base}", f"image: {one.name}")
        run("docker", "tag", one.base, one.name)
        one.push()
    commit(docker, "Images of its own")
    done(docker, "deploy", "--yes", "--bake", "0")
    first = [one.short for one in images]
    assert beside(docker) == {one.name: one.digest for one in images}
    said = plan(docker)
    assert said.pop("images") == ", ".join(f"{one.name} {one.short}" for one in images)
    assert list(said) == ["nothing"]

    tags_that_moved_are_told_and_taken_up_on_demand(docker, database, proxy, first)
    what_others_make_anew_is_told(docker, database)
    digests_are_raised_and_taken_up(docker, database, proxy)
    conversation(docker.url)


def tags_that_moved_are_told_and_taken_up_on_demand(
    docker: Checkout, database: Image, proxy: Image, first: list[str]
) -> None:
    """Move the tags on the engine: nothing is made anew unless told, and a proxy that doesn't start makes way."""
    before, release = (database.container, proxy.container), webs()
    proxy.build(BROKEN)
    failed = docker.inv("deploy", "--yes", "--recreate-proxy")
    assert failed.returncode == 1, failed.stderr
    assert "The proxy is as it was before." in failed.stderr
    assert proxy.container == before[1]
    assert "proxy" not in plan(docker)  # its tag means what it did

    for one in (database, proxy):
        one.build("LABEL turn=second")
        one.push()
    for rows in (plan(docker), plan(docker, "--force")):
        assert rows["images"] == f"{database.name} {first[0]}, {proxy.name} {first[1]}"
        assert rows["database"] == (
            f"stays as it was made; its tag means another image by now ({database.name} {first[0]} -> {database.short})"
            ": ./inv deploy --recreate-database, which takes it away for some seconds"
        )
        assert rows["proxy"] == (
            f"stays as it was made; its tag means another image by now ({proxy.name} {first[1]} -> {proxy.short})"
            ": ./inv deploy --recreate-proxy; connections are cut for one to three seconds then"
        )
    assert "./inv deploy --recreate-proxy" in done(docker, "deploy", "--yes").stderr
    assert (database.container, proxy.container) == before

    taken = done(docker, "deploy", "--yes", "--recreate-database", "--recreate-proxy").stderr
    assert f"made anew, as its tag means another image by now ({proxy.name} {first[1]} -> {proxy.short})" in taken
    assert (database.container, proxy.container) != before
    assert webs() == release
    assert beside(docker) == {one.name: one.digest for one in (database, proxy)}
    assert list(plan(docker)) == ["nothing", "images"]


def what_others_make_anew_is_told(docker: Checkout, database: Image) -> None:
    """Lose the database's container, and have another verb make it of what its tag means by now."""
    before = database.short
    database.build("LABEL turn=between")
    database.push()
    run("docker", "rm", "--force", f"{PROD}-db-1")
    done(docker, "migrate", "--prod")
    said = plan(docker)
    assert said["changed"] == f"{database.name} has changed: {before} -> {database.short}"
    assert list(said) == ["nothing", "images", "changed"]


def digests_are_raised_and_taken_up(docker: Checkout, database: Image, proxy: Image) -> None:
    """Have the Compose files name digests, and newer ones: a plan says which, a deployment takes them up."""
    second, pinned = [database.short, proxy.short], [database.digest, proxy.digest]
    assert len(raised(docker)) == 2
    for one in (database, proxy):
        one.build("LABEL turn=third")
        one.push()
        run("docker", "image", "rm", one.name)  # the digests are pulled
    files = ("compose.yaml", "compose.prod.yaml")
    assert raised(docker) == [
        f"{one.name} {before} -> {one.digest} in {file}"
        for one, file, before in zip((database, proxy), files, pinned, strict=True)
    ]
    assert run("git", "diff", "--numstat", cwd=docker.root).split() == [
        "1", "1", "compose.prod.yaml", "1", "1", "compose.yaml",
    ]  # fmt: skip
    rows = plan(docker)
    assert f"changed since ({database.name} {second[0]} -> {database.short})" in rows["database"]
    assert f"Compose files changed ({proxy.name} {second[1]} -> {proxy.short})" in rows["proxy"]
    done(docker, "deploy", "--yes", "--recreate-database")
    assert beside(docker) == {one.name: one.digest for one in (database, proxy)}
    said = plan(docker)
    assert said.pop("images") == ", ".join(f"{one.name} {one.short}" for one in (database, proxy))
    assert list(said) == ["nothing"]


def raised(docker: Checkout) -> list[str]:
    """Have the Compose files name the digests of now; return what has changed."""
    project = Project.at(docker.root, Steps())
    found = digests.ask(project, digests.read(project.project))
    pinned = digests.pinned(found, add=True)
    digests.write(docker.root, found, pinned)
    assert re.search(r"image: \S+postgres:17@sha256:\w{64}\n", (docker.root / "compose.yaml").read_text())
    return digests.changes(found, pinned)
