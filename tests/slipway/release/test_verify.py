"""A release verified: what is compared, what is left as it was, and what each failure says."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.image.build import Options
from slipway.project.checkout import Checkout
from slipway.release import facts, run
from slipway.release.plan import decide
from slipway.release.verify import Verified, verify
from slipway.release.wanted import Wanted
from tests.slipway.project.support import git
from tests.slipway.release.played import BASE, Answer, Engine, Ran, id_of, played
from tests.slipway.release.support import REPOSITORY, commit, write

PINNED = f"python@{id_of('base')}"


@pytest.fixture
def shop(shop: Checkout, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """Release 1.2.4, signed; what oras attaches is kept."""
    write(shop.root, {"cosign.pub": "", "pyproject.toml": with_key(shop.root)})
    commit(shop.root, "A key")
    shop = Checkout(Checkout.at(shop.root, shop.steps).project, shop.shell)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("COSIGN_KEY", "cosign.key")
    monkeypatch.setenv("COSIGN_PASSWORD", "")
    engine.names[f"{REPOSITORY}:1.2.3"] = id_of("before")
    bills: list[str] = []
    engine.when("oras attach", lambda ran: keep(bills, ran))
    engine.when(
        "oras discover", lambda _: answer({"manifests": [{"reference": f"r@{n}"} for n, _ in enumerate(bills)]})
    )
    engine.when("oras manifest", lambda ran: answer({"layers": [{"digest": ran.argv[-1]}]}))
    engine.when("oras blob", lambda ran: (0, bills[int(ran.argv[-1].rpartition("@")[2])], ""))
    wanted = Wanted()
    run.release(shop, decide(shop.project, wanted, facts.look(shop, wanted)))
    engine.ran.clear()
    return shop


def with_key(root: Path) -> str:
    """Return the project's declaration, with a key."""
    return (root / "pyproject.toml").read_text() + '[tool.slipway.release]\nkey = "cosign.pub"\n'


def keep(bills: list[str], ran: Ran) -> Answer:
    """Keep what is attached."""
    assert ran.cwd
    bills.append((ran.cwd / ran.argv[-1].partition(":")[0]).read_text())
    return 0, "", ""


def answer(value: object) -> Answer:
    """Answer in JSON."""
    return 0, json.dumps(value), ""


def fails(shop: Checkout, said: str, key: Path | None = None) -> None:
    """Check that it is not verified, why, and that its last line says so."""
    with pytest.raises(Problem) as told:
        verify(shop, "1.2.4", Options(), key)
    assert said in str(told.value.message).splitlines()[-1]


def builds(engine: Engine) -> Sequence[str]:
    """Return the commands of builds."""
    return engine.lines("docker", "build")


def test_a_release_is_built_once_more_and_compared(shop: Checkout, engine: Engine) -> None:
    names = dict(engine.names)
    verified = verify(shop, "1.2.4", Options())
    head = git(shop.root, "rev-parse", "v1.2.4^{commit}")
    image = f"{REPOSITORY}@{id_of(engine.pushed[f'{REPOSITORY}:1.2.4'])}"
    assert isinstance(verified, Verified)
    assert verified.line == f"{image} is what {head} makes, signed for cosign.pub"
    assert verified.as_json()["signed"] is True
    (build,) = builds(engine)
    assert " --no-cache " in build
    assert "--build-context" not in build
    assert engine.lines("docker", "pull") == []
    assert engine.names == names


def test_the_base_image_of_then_is_pulled_by_its_digest_and_removed(shop: Checkout, engine: Engine) -> None:
    engine.names[BASE] = id_of("another month's")
    engine.pushed[PINNED] = id_of("base")
    verify(shop, "1.2.4", Options())
    assert f" --build-context {BASE}=docker-image://{PINNED} " in builds(engine)[0]
    assert engine.lines("docker", "pull") == [f"docker pull --quiet {PINNED}"]
    assert engine.names[BASE] == id_of("another month's")
    assert PINNED not in engine.names


def test_a_base_image_that_is_here_by_its_digest_stays(shop: Checkout, engine: Engine) -> None:
    del engine.names[BASE]
    engine.names[PINNED] = id_of("base")
    verify(shop, "1.2.4", Options())
    assert engine.lines("docker", "pull") == []
    assert PINNED in engine.names


def test_a_base_image_that_is_nowhere_is_named(shop: Checkout, engine: Engine) -> None:
    engine.names[BASE] = id_of("another month's")
    fails(shop, f"The image was built on {PINNED}: the {BASE} of this engine is another one, and that one could not be")
    del engine.names[BASE]
    fails(shop, f"there is no {BASE} here, and that one could not be pulled.")
    assert builds(engine) == []


def test_an_engine_that_calls_images_by_their_manifests_is_asked_for_the_image(shop: Checkout, engine: Engine) -> None:
    # The played archive's configuration is {}, and the registry's manifest says so.
    configuration = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    engine.when("--raw", lambda _: answer({"config": {"digest": configuration}}))
    engine.when("{{.Id}}", lambda _: (0, id_of("a manifest"), ""))
    verify(played(shop.root, engine), "1.2.4", Options())
    assert len(engine.lines("docker", "save")) == 1


def test_an_image_that_is_another_is_told_and_not_kept(shop: Checkout, engine: Engine) -> None:
    named = f"{REPOSITORY}@{id_of(engine.pushed[f'{REPOSITORY}:1.2.4'])}"
    engine.pushed[named] = id_of("tampered")
    engine.when("{{.Id}}", lambda _: (0, id_of("another"), ""))
    fails(shop, f"{named} is not what its commit makes.")
    assert engine.lines("docker", "pull") == [f"docker pull --quiet {named}"]
    assert named not in engine.names


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("cosign verify ", "is not signed with cosign.pub, or the registry does not say so."),
        ("cosign verify-attestation", "has no provenance that is signed with cosign.pub."),
        ("oras discover", "cannot be read."),
    ],
)
def test_what_fails_is_told_before_anything_is_built(shop: Checkout, engine: Engine, part: str, said: str) -> None:
    engine.rules.insert(0, (part, lambda _: (1, "", "no")))
    fails(shop, said)
    assert builds(engine) == []


def test_the_bill_of_materials_has_to_be_the_one_of_the_provenance(shop: Checkout, engine: Engine) -> None:
    engine.rules.insert(0, ("oras blob", lambda _: (0, "{}", "")))
    fails(shop, ", is not attached to it; 1 other is.")
    engine.rules.insert(0, ("oras discover", lambda _: answer({"manifests": []})))
    fails(shop, ", is not attached to it; no other is.")


def test_another_platform_a_missing_key_and_a_missing_commit_are_told(
    shop: Checkout, engine: Engine, tmp_path: Path
) -> None:
    fails(shop, f"--key {tmp_path / 'their.pub'}: there is no such file.", tmp_path / "their.pub")
    engine.platform = "linux/arm64"
    fails(shop, "is for linux/amd64, and this engine builds for linux/arm64")
    engine.platform = "linux/amd64"
    git(shop.root, "tag", "--delete", "v1.2.4")
    git(shop.root, "update-ref", "refs/heads/main", "HEAD~1")
    git(shop.root, "reflog", "expire", "--expire=now", "--all")
    git(shop.root, "gc", "--quiet", "--prune=now")
    fails(shop, "is not in this clone: git fetch --tags")


def test_the_key_that_is_given_is_the_one_that_counts(shop: Checkout, engine: Engine, tmp_path: Path) -> None:
    (mine := tmp_path / "mine.pub").touch()
    assert verify(shop, "1.2.4", Options(), mine).key == "mine.pub"
    assert all(f"--key {mine} " in line for line in engine.lines("cosign", "verify") if "--help" not in line)
