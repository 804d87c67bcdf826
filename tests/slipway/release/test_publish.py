"""Publishing: in which order, what is left as it is, and what is never done."""

import json
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.checkout import Checkout
from slipway.release import attach, publish
from slipway.release.attempt import Attempt
from slipway.release.passed import PASSED, SKIPPED, Passed
from slipway.release.publish import Publication
from slipway.trust import provenance
from tests.slipway.project.support import git
from tests.slipway.release.played import Answer, Engine, Ran, id_of
from tests.slipway.release.support import REPOSITORY, write

DIGEST = id_of(id_of("mine"))  # of the image's manifest in the registry
KEY = Path("cosign.pub")


@pytest.fixture
def attempt(shop: Checkout, engine: Engine) -> Attempt:
    """Give an attempt at 1.2.4 whose images are on the engine."""
    made = Attempt(shop, "1.2.4")
    made.make(git(shop.root, "rev-parse", "HEAD"))
    made.write(())
    engine.names |= {made.tag: id_of("mine"), made.tests_tag: id_of("tests")}
    engine.versions[id_of("mine")] = "1.2.4"
    return made


@pytest.fixture
def passed(attempt: Attempt) -> Passed:
    """Give what has passed its gates."""
    gates = {"lint": PASSED, "types": SKIPPED}
    return Passed("0" * 40, attempt.commit, id_of("mine"), id_of("tests"), id_of("base"), gates, "began", "ended")


def named(publications: list[Publication]) -> list[tuple[str, str]]:
    """Return the names of publications, and what they do."""
    return [(one.name, one.what) for one in publications]


def push(attempt: Attempt, passed: Passed, name: str) -> str:
    """Push a tag that does not move."""
    publications = [
        *publish.first(REPOSITORY, "1.2.4", passed.commit, None),
        publish.version(REPOSITORY, "1.2.4"),
        *publish.last(REPOSITORY, "1.2.4", passed.commit, ("1.2", "latest"), None),
    ]
    (one,) = (one for one in publications if one.what == f"{REPOSITORY}:{name}")
    return one.do(attempt, passed)


def test_the_version_comes_last_of_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    commit = "0123456789abcdef" * 2
    bill = ("attach", "the bill of materials (CycloneDX), to the image")
    by_commit, tests = ("push", f"{REPOSITORY}:sha-0123456789ab"), ("push", f"{REPOSITORY}:1.2.4-test")
    unsigned = ("attach", "the provenance (SLSA 1.0), not signed")
    signed = ("sign", "the image and its provenance, for cosign.pub")
    assert named(publish.first(REPOSITORY, "1.2.4", commit, None)) == [by_commit, bill, unsigned, tests]
    assert named(publish.first(REPOSITORY, "1.2.4", commit, KEY)) == [by_commit, bill, signed, tests]
    assert publish.version(REPOSITORY, "1.2.4").what == f"{REPOSITORY}:1.2.4"
    assert named(publish.last(REPOSITORY, "1.2.4", commit, ("1.2", "latest"), None)) == [
        ("push", f"{REPOSITORY}:1.2"), ("push", f"{REPOSITORY}:latest"),
        ("verify", "sha-0123456789ab, 1.2.4, 1.2, latest: one image"),
    ]  # fmt: skip


def test_nothing_is_attached_without_oras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    missing = ("attach", "left out: oras is not installed (https://oras.land)")
    assert named(publish.first(REPOSITORY, "1.2.4", "<commit>", None)) == [
        ("push", f"{REPOSITORY}:sha-<commit>"), missing, ("push", f"{REPOSITORY}:1.2.4-test"),
    ]  # fmt: skip
    assert named(publish.first(REPOSITORY, "1.2.4", "<commit>", KEY))[1:3] == [
        missing, ("sign", "the image and its provenance, for cosign.pub"),
    ]  # fmt: skip


def test_what_is_pushed_is_read_back(attempt: Attempt, passed: Passed, engine: Engine) -> None:
    assert push(attempt, passed, "1.2.4") == DIGEST[:19]
    assert push(attempt, passed, "1.2.4-test") == id_of(id_of("tests"))[:19]
    assert engine.pushed == {f"{REPOSITORY}:1.2.4": id_of("mine"), f"{REPOSITORY}:1.2.4-test": id_of("tests")}
    assert engine.lines("docker", "push")[0] == f"docker push --quiet {REPOSITORY}:1.2.4"


def test_what_was_pushed_before_is_left_as_it_is(attempt: Attempt, passed: Passed, engine: Engine) -> None:
    engine.holds(f"{REPOSITORY}:1.2.4", "mine", "1.2.4")
    assert push(attempt, passed, "1.2.4") == f"{DIGEST[:19]}, was there already"
    engine.holds(f"{REPOSITORY}:latest", "mine", "1.2.4")
    assert push(attempt, passed, "latest") == f"{DIGEST[:19]}, was there already"
    assert not engine.lines("docker", "push")


@pytest.mark.parametrize("name", ["1.2.4", "1.2.4-test", "sha"])
def test_nothing_is_published_twice(attempt: Attempt, passed: Passed, engine: Engine, name: str) -> None:
    name = f"sha-{passed.commit[:12]}" if name == "sha" else name
    engine.holds(f"{REPOSITORY}:{name}", "another", "1.2.4")
    engine.holds(f"{REPOSITORY}:1.2.4", "another", "1.2.4")
    with pytest.raises(Problem, match="a version is never published twice"):
        push(attempt, passed, name)
    assert not engine.lines("docker", "push")


def test_tests_that_a_try_has_left_give_way(attempt: Attempt, passed: Passed, engine: Engine) -> None:
    engine.holds(f"{REPOSITORY}:1.2.4-test", "of a try that failed")
    assert push(attempt, passed, "1.2.4-test") == id_of(id_of("tests"))[:19]


def test_moving_tags_move_unless_they_lead_to_a_higher_version(
    attempt: Attempt, passed: Passed, engine: Engine
) -> None:
    engine.holds(f"{REPOSITORY}:1.2", "older", "1.2.3")
    engine.holds(f"{REPOSITORY}:latest", "higher", "2.0.0")
    assert push(attempt, passed, "1.2") == DIGEST[:19]
    assert push(attempt, passed, "latest") == "stays at 2.0.0, which is higher"
    assert engine.lines("docker", "push") == [f"docker push --quiet {REPOSITORY}:1.2"]


def test_a_registry_that_refuses_is_explained(attempt: Attempt, passed: Passed, engine: Engine) -> None:
    engine.fails("docker push", "denied: requested access to the resource is denied")
    with pytest.raises(Problem, match=r"The registry localhost:5000 does not let you: docker login localhost:5000"):
        push(attempt, passed, "1.2.4")


def test_a_push_that_cannot_be_read_back_is_no_success(attempt: Attempt, passed: Passed, engine: Engine) -> None:
    engine.when("docker push", lambda _: (0, "", ""))  # and nothing is there
    with pytest.raises(Problem, match=r"1\.2\.4 was pushed, and the registry has nothing there"):
        push(attempt, passed, "1.2.4")

    def gone(_: Ran) -> Answer:
        engine.fails("imagetools", "connection refused")
        return 0, "", ""

    engine.rules.clear()
    engine.when("docker push", gone)
    with pytest.raises(Problem, match=r"cannot be asked[^$]*\n.*1\.2\.4 was pushed, and cannot be read back"):
        push(attempt, passed, "1.2.4")


def verify(attempt: Attempt, passed: Passed, key: Path | None = None) -> str:
    """Look at all tags once more."""
    return publish.last(REPOSITORY, "1.2.4", passed.commit, ("1.2", "latest"), key)[-1].do(attempt, passed)


def test_all_tags_have_to_lead_to_one_image(attempt: Attempt, passed: Passed, engine: Engine) -> None:
    by_commit = f"sha-{passed.commit[:12]}"
    with pytest.raises(Problem, match=rf"{by_commit} is not in the registry as it was pushed"):
        verify(attempt, passed)
    for name in (by_commit, "1.2.4", "1.2"):
        engine.holds(f"{REPOSITORY}:{name}", "mine", "1.2.4")
    with pytest.raises(Problem, match=r"latest leads to nothing, and not to localhost:5000/team/shop@sha256:"):
        verify(attempt, passed)
    engine.holds(f"{REPOSITORY}:latest", "older", "1.2.3")
    with pytest.raises(Problem, match=rf"latest leads to {id_of(id_of('older'))}"):
        verify(attempt, passed)
    engine.holds(f"{REPOSITORY}:latest", "higher", "2.0.0")  # somebody else has released meanwhile
    assert verify(attempt, passed) == DIGEST
    assert not engine.lines("cosign")
    assert verify(attempt, passed, KEY) == DIGEST
    assert engine.lines("cosign", "verify")[-1].endswith(f"--key cosign.pub {REPOSITORY}@{DIGEST}")


@pytest.fixture
def published(attempt: Attempt, passed: Passed, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the commit's image be published; give its name."""
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("COSIGN_KEY", "cosign.key")
    engine.holds(f"{REPOSITORY}:sha-{passed.commit[:12]}", "mine", "1.2.4")
    return f"{REPOSITORY}@{DIGEST}"


def test_what_is_attached_says_where_the_image_comes_from(
    attempt: Attempt, passed: Passed, engine: Engine, published: str
) -> None:
    attach.attach_sbom(attempt, passed)
    attach.attach_provenance(attempt, passed)
    first, second = engine.lines("oras", "attach")
    assert first.endswith(f"{published} shop-1.2.4.cdx.json:application/vnd.cyclonedx+json")
    assert second.endswith(f"{published} statement.json:application/vnd.in-toto+json")
    assert {ran.cwd for ran in engine.ran if ran.argv[0] == "oras"} == {attempt.folder}
    statement = json.loads((attempt.folder / "statement.json").read_text())
    assert statement["subject"] == [{"name": REPOSITORY, "digest": {"sha256": DIGEST.removeprefix("sha256:")}}]
    origin = provenance.origin(statement["predicate"])
    assert (origin.version, origin.commit, origin.began, origin.ended) == ("1.2.4", passed.commit, "began", "ended")
    assert origin.gates == {"lint": "passed", "types": "left out: --skip"}
    assert (origin.base, origin.base_digest) == ("python:3.13-slim", id_of("base"))
    bill = attempt.folder / "shop-1.2.4.cdx.json"
    assert json.loads(bill.read_text())["bomFormat"] == "CycloneDX"
    assert origin.sbom == provenance.sha256(bill)


def test_a_second_run_attaches_the_same_files(attempt: Attempt, passed: Passed, published: str) -> None:
    write(attempt.folder, {"shop-1.2.4.cdx.json": "{}", "provenance.json": "{}"})
    attach.attach_sbom(attempt, passed)
    attach.attach_provenance(attempt, passed)
    assert (attempt.folder / "shop-1.2.4.cdx.json").read_text() == "{}"
    assert json.loads((attempt.folder / "statement.json").read_text())["predicate"] == {}


def test_a_provenance_is_signed_once(attempt: Attempt, passed: Passed, engine: Engine, published: str) -> None:
    attach.sign(attempt, passed, KEY)
    attach.sign(attempt, passed, KEY)
    assert len(engine.attested) == 1
    signed = json.loads(engine.attested[0])["predicate"]
    assert provenance.origin(signed).commit == passed.commit
    signatures = [line for line in engine.lines("cosign", "sign") if "--help" not in line]
    assert len(signatures) == 2
    assert signatures[0] == f"cosign sign --yes --tlog-upload=false --key cosign.key {published}"


def test_the_builder_is_the_workflow_or_whoever_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_WORKFLOW_REF", raising=False)
    assert attach.built_by().startswith("urn:slipway:by:")
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "team/shop/.github/workflows/release.yml@refs/tags/v1")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://git.example.com")
    assert attach.built_by() == "https://git.example.com/team/shop/.github/workflows/release.yml@refs/tags/v1"
