"""Signatures of images: made and verified by cosign, with a key, offline."""

import base64
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem
from slipway.core.limits import ASK, KINDS, MOVE, Limit
from slipway.core.shell import Shell
from slipway.engine import references
from slipway.project.config import Project
from slipway.trust import provenance

PREDICATE = "slsaprovenance1"  # cosign's name of https://slsa.dev/provenance/v1
# The variables that name the private key (a file, or what cosign takes for one), and hold its password.
PRIVATE, PASSWORD = "COSIGN_KEY", "COSIGN_PASSWORD"
MAKE = 'cosign generate-key-pair makes a pair; key = "cosign.pub" in [tool.slipway.release] names its public half'


def sign_command(key: str, image: str, more: list[str]) -> list[str]:
    """Return the command that signs an image, named by its digest.

    https://github.com/sigstore/cosign/blob/main/doc/cosign_sign.md
    """
    return ["cosign", "sign", "--yes", *more, "--key", key, image]


def attest_command(key: str, image: str, predicate: Path, more: list[str]) -> list[str]:
    """Return the command that signs a provenance.

    It attaches it, the predicate of an in-toto statement, to an image.
    """
    return ["cosign", "attest", "--yes", *more, "--key", key, "--type", PREDICATE, "--predicate", str(predicate), image]


def verify_command(key: Path, image: str, more: list[str]) -> list[str]:
    """Return the command that verifies a signature.

    The image is named by its digest.
    """
    return ["cosign", "verify", "--private-infrastructure", *more, "--key", str(key), image]


def verify_attestation_command(key: Path, image: str, more: list[str]) -> list[str]:
    """Return the command that verifies provenances.

    It prints those that are signed.
    """
    asked = ["--private-infrastructure", *more, "--key", str(key), "--type", PREDICATE]
    return ["cosign", "verify-attestation", *asked, image]


def _limit(argv: Sequence[str]) -> Limit:
    # It asks a registry, and may wait for somebody who knows a password.
    return Limit(60, asks=True) if argv[1].startswith("verify") else ASK if "--help" in argv else MOVE


KINDS["cosign"] = _limit


def help_command(verb: str) -> list[str]:
    """Return the command that prints which options a verb of cosign has."""
    return ["cosign", verb, "--help"]


def public_key_command(private: str) -> list[str]:
    """Return the command that prints the public half of a private key."""
    return ["cosign", "public-key", "--key", private]


def offline(shell: Shell, verb: str) -> list[str]:
    """Return the options that spare the public log.

    They depend on its version: 2 has one; 3 keeps signatures elsewhere and asks for its services' addresses, unless
    told not to.
    """
    said = shell.probe(help_command(verb))[1]
    signs = verb in ("sign", "attest")
    options = ["--tlog-upload=false"] if signs else []
    if signs and "--use-signing-config" in said:
        options.append("--use-signing-config=false")
    if "--new-bundle-format" in said:
        options.append("--new-bundle-format=false")
    return options


def public_key(project: Project) -> Path | None:
    """Return the file of the public key by which images have to be signed, None for none; raises Problem."""
    if not project.release.key:
        return None
    missing = f"[tool.slipway.release] key = {project.release.key!r}: there is no such file. {MAKE}."
    return readable(project.root / project.release.key, missing)


def readable(file: Path, missing: str) -> Path:
    """Return the file of a public key, once it and cosign are there; raises Problem, `missing` for no such file."""
    if not file.is_file():
        raise Problem(missing)
    if not shutil.which("cosign"):
        raise Problem("Images of this project are signed, and cosign is not installed: https://docs.sigstore.dev")
    return file


def check_pair(shell: Shell, public: Path) -> None:
    """Check that the private key fits the public one.

    Raises Problem, also when it is not at hand.
    """
    if not (private := os.environ.get(PRIVATE)):
        raise Problem(f"{public.name} is there, and the private key is not: export {PRIVATE}=FILE")
    is_file = "://" not in private or private.startswith("env://")  # else it is in a vault, which has its own login
    if is_file and PASSWORD not in os.environ:
        raise Problem(f"The private key's password is not known: export {PASSWORD} (empty, if it has none)")
    said = shell.output(public_key_command(private), failed=f"{PRIVATE}={private} cannot be used.")
    if "".join(said.split()) != "".join(public.read_text(encoding="utf-8").split()):
        raise Problem(f"{PRIVATE}={private} is another key than {public.name}'s: nobody could deploy what it signs.")


def sign(shell: Shell, image: str) -> None:
    """Sign an image, named by its digest.

    One signature of a key is enough. Raises Problem.
    """
    command = sign_command(os.environ[PRIVATE], image, offline(shell, "sign"))
    shell.output(command, echo=True, failed=f"{image} could not be signed.")


def attest(shell: Shell, image: str, predicate: Path) -> None:
    """Sign a provenance and attach it to an image; raises Problem."""
    command = attest_command(os.environ[PRIVATE], image, predicate, offline(shell, "attest"))
    shell.output(command, echo=True, failed=f"The provenance of {image} could not be signed.")


def verify(shell: Shell, key: Path, image: str) -> None:
    """Check that an image is signed with the key.

    It is named by its digest, and has to be signed under that very name. Raises Problem.
    """
    said = shell.output(
        verify_command(key, image, offline(shell, "verify")),
        echo=True,
        failed=f"{image} is not signed with {key.name}, or the registry does not say so.",
    )
    if references.canonical(name := image.partition("@")[0]) not in (names := signed_names(said)):
        raise Problem(f"What {key.name} has signed is {', '.join(names)}, and not {name}.")


def provenances(shell: Shell, key: Path, image: str) -> list[dict[str, Any]]:
    """Return the signed provenances of an image.

    Their predicates. Raises Problem when there is none.
    """
    said = shell.output(
        verify_attestation_command(key, image, offline(shell, "verify-attestation")),
        echo=True,
        failed=f"{image} has no provenance that is signed with {key.name}.",
    )
    return list(predicates(said, image))


def signed_names(said: str) -> list[str]:
    """Return the repositories that are signed for.

    Takes what `cosign verify` prints. A signature can be copied to another repository with its image: what is
    signed then is still the first one's name.
    """
    signed = [one for line in said.splitlines() if line.startswith("[") for one in json.loads(line)]
    return sorted({references.canonical(str(one["critical"]["identity"]["docker-reference"])) for one in signed})


def predicates(said: str, image: str) -> Iterator[dict[str, Any]]:
    """Yield the predicates about an image.

    Takes what `cosign verify-attestation` prints, and the image, named by its digest.
    """
    for line in said.splitlines():
        if line.startswith("{"):
            yield from provenance.about(base64.b64decode(json.loads(line)["payload"]).decode(), image)
