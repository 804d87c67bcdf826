"""Signing and verifying: what cosign is told, and with which key."""

import base64
import json
import shutil
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.project.config import Project
from slipway.project.tables import ReleaseRules
from slipway.trust import cosign, provenance
from tests.slipway.engine.support import Answers
from tests.slipway.trust.support import DIGEST, ORIGIN

IMAGE = f"r/shop@{DIGEST}"
KEY = Path("/srv/shop/cosign.pub")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (cosign.sign_command("k.key", "r/x@d", ["--more"]), "cosign sign --yes --more --key k.key r/x@d"),
        (
            cosign.attest_command("k.key", "r/x@d", Path("p.json"), ["--more"]),
            "cosign attest --yes --more --key k.key --type slsaprovenance1 --predicate p.json r/x@d",
        ),
        (
            cosign.verify_command(KEY, "r/x@d", ["--more"]),
            f"cosign verify --private-infrastructure --more --key {KEY} r/x@d",
        ),
        (
            cosign.verify_attestation_command(KEY, "r/x@d", []),
            f"cosign verify-attestation --private-infrastructure --key {KEY} --type slsaprovenance1 r/x@d",
        ),
        (cosign.help_command("sign"), "cosign sign --help"),
        (cosign.public_key_command("env://K"), "cosign public-key --key env://K"),
    ],
)
def test_commands(command: list[str], words: str) -> None:
    assert command == words.split()


@pytest.mark.parametrize(
    ("helped", "signs", "verifies"),
    [
        ("--tlog-upload", ["--tlog-upload=false"], []),
        (
            "--tlog-upload --use-signing-config --new-bundle-format",
            ["--tlog-upload=false", "--use-signing-config=false", "--new-bundle-format=false"],
            ["--new-bundle-format=false"],
        ),
    ],
)
def test_cosign_is_kept_off_the_public_log(helped: str, signs: list[str], verifies: list[str]) -> None:
    assert cosign.offline(Answers(helped), "sign") == signs
    assert cosign.offline(Answers(helped), "verify") == verifies


def project(root: Path, key: str) -> Project:
    """Return a project whose images are signed with a key."""
    return Project(root=root, name="shop", version="1.0.0", release=ReleaseRules(key=key))


def test_the_public_key_has_to_be_there_with_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cosign.public_key(project(tmp_path, "")) is None
    with pytest.raises(Problem, match=r"key = 'cosign\.pub': there is no such file"):
        cosign.public_key(project(tmp_path, "cosign.pub"))

    (tmp_path / "cosign.pub").touch()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Problem, match="cosign is not installed"):
        cosign.public_key(project(tmp_path, "cosign.pub"))
    monkeypatch.setattr(shutil, "which", lambda _: "/usr/bin/cosign")
    assert cosign.public_key(project(tmp_path, "cosign.pub")) == tmp_path / "cosign.pub"


def test_the_private_key_has_to_fit_the_public_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    public = tmp_path / "cosign.pub"
    public.write_text("-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n")
    for name in (cosign.PRIVATE, cosign.PASSWORD):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Problem, match="export COSIGN_KEY=FILE"):
        cosign.check_pair(Answers(), public)

    monkeypatch.setenv(cosign.PRIVATE, "cosign.key")
    with pytest.raises(Problem, match="export COSIGN_PASSWORD"):
        cosign.check_pair(Answers(), public)

    monkeypatch.setenv(cosign.PRIVATE, "awskms:///shop")  # a vault has its own login
    cosign.check_pair(Answers(public.read_text()), public)
    with pytest.raises(Problem, match=r"another key than cosign\.pub's"):
        cosign.check_pair(Answers("-----BEGIN PUBLIC KEY-----\nxyz\n-----END PUBLIC KEY-----"), public)


def signed(name: str) -> str:
    """Return what `cosign verify` prints of an image that was signed under a name."""
    return json.dumps([{"critical": {"identity": {"docker-reference": name}}}])


def test_a_signature_counts_for_the_name_that_was_signed_alone() -> None:
    cosign.verify(Answers("help", signed("r/shop")), KEY, IMAGE)
    cosign.verify(Answers("help", signed("index.docker.io/library/shop")), KEY, f"shop@{DIGEST}")
    with pytest.raises(Problem, match="has signed is r/other, and not r/shop"):
        cosign.verify(Answers("help", signed("r/other")), KEY, IMAGE)
    with pytest.raises(Problem, match=r"is not signed with cosign\.pub"):
        cosign.verify(Answers("help", "", said="no matching signatures"), KEY, IMAGE)


def test_provenances_are_those_that_are_signed() -> None:
    predicate = provenance.predicate(ORIGIN)
    statement = json.dumps(provenance.statement(predicate, "r/shop", DIGEST))
    line = json.dumps({"payload": base64.b64encode(statement.encode()).decode()})

    assert cosign.provenances(Answers("help", line), KEY, IMAGE) == [predicate]
    with pytest.raises(Problem, match=r"no provenance that is signed with cosign\.pub"):
        cosign.provenances(Answers("help", "", said="no matching attestations"), KEY, IMAGE)


def test_what_is_signed_is_kept_off_the_public_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cosign.PRIVATE, "k.key")
    shell = Answers("help", "signed", "help", "attested")

    cosign.sign(shell, IMAGE)
    cosign.attest(shell, IMAGE, Path("p.json"))

    assert shell.asked == [
        cosign.help_command("sign"),
        cosign.sign_command("k.key", IMAGE, ["--tlog-upload=false"]),
        cosign.help_command("attest"),
        cosign.attest_command("k.key", IMAGE, Path("p.json"), ["--tlog-upload=false"]),
    ]
