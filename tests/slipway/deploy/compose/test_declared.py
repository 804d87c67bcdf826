"""What compose.release.yaml may declare, and which volumes its releases share."""

from pathlib import Path
from typing import Any

import pytest

from slipway.deploy.compose.declared import Mount, Place, Shared, findings, overlay, place, shared, uncovered

NOW, BEFORE = "20261127t101500", "20261120t101500"
SECRETS = {"name": "shop-prod-none-secrets", "external": True}
UPLOADS = {"type": "volume", "source": "uploads", "target": "/srv/uploads", "volume": {}}


def config(volumes: dict[str, Any] | None = None, **web: Any) -> dict[str, Any]:
    """Return what Compose prints of a release: `web` with the secrets, and what else it has."""
    secrets = {"type": "volume", "source": "secrets", "target": "/run/secrets", "read_only": True}
    mounts = [secrets, *web.pop("mounts", [])]
    service = {"image": "none", "tmpfs": ["/tmp:size=64m"], "volumes": mounts, "networks": {"default": None}, **web}
    return {"services": {"web": service}, "volumes": {"secrets": SECRETS, **(volumes or {})}}


def bind(source: str) -> dict[str, Any]:
    """Return a folder of a machine, as Compose prints it."""
    return {"type": "bind", "source": source, "target": "/x"}


def found(made: dict[str, Any], root: Path | None = None) -> str:
    """Return what is found, in a text."""
    return "; ".join(findings(made, "shop-prod", ["nfs"], root))


def test_a_volume_of_the_file_is_shared_with_what_is_said_of_it() -> None:
    assert shared(config(), "shop-prod") == []
    options = {"type": "nfs", "o": "addr=10.0.0.5"}
    volumes = {
        "uploads": {"name": "shop-prod-none_uploads", "driver": "local", "driver_opts": options},
        "named": {"name": "shop-files"},
        "nfs": {"name": "nfs", "external": True},
        "unused": {"name": "shop-prod-none_unused"},
    }
    named = {"type": "volume", "source": "named", "target": "/named", "read_only": True}
    nfs = {"type": "volume", "source": "nfs", "target": "/nfs"}
    made = config(volumes, mounts=[UPLOADS, named, nfs], user="1000")
    made["services"]["clock"] = {"image": "clock:1", "volumes": [{**UPLOADS, "target": "/u"}]}
    assert shared(made, "shop-prod") == [
        Shared("named", "shop-files", mounts=(Mount("web", "/named", "1000", read_only=True),)),
        Shared(
            "uploads", "", "local", (("o", "addr=10.0.0.5"), ("type", "nfs")),
            (Mount("web", "/srv/uploads", "1000"), Mount("clock", "/u", image="clock:1")),
        ),
    ]  # fmt: skip
    assert found(made) == ""


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (config(container_name="web"), "web: container_name"),
        (config(ports=[{"target": 8000, "published": "8080"}]), "web: port 8080"),
        (config(networks={"default": {"ipv4_address": "10.0.0.9"}}), "web: 10.0.0.9 in the network default"),
        (config(mounts=[{"type": "volume", "target": "/data"}]), r"web: /data is a volume without a name"),
        (config({"db": {"name": "shop-prod-none_db"}}, mounts=[{**UPLOADS, "source": "db"}]), "shop-prod_db"),
        (config({"up": {"name": "up-none"}}, mounts=[{**UPLOADS, "source": "up"}]), "${RELEASE} in its name"),
        (
            config({"up": {"name": "away", "external": True}}, mounts=[{**UPLOADS, "source": "up"}]),
            "the volume away is external, and not there",
        ),
    ],
    ids=["name", "port", "address", "nameless", "own", "of-a-release", "external"],
)
def test_what_two_releases_cannot_have_or_keep_is_found(made: dict[str, Any], said: str) -> None:
    assert said in found(made)
    assert "; " not in found(made)


def test_what_two_releases_can_have_is_not() -> None:
    assert found(config(ports=[{"target": 8000}], networks={"default": {"aliases": ["a"]}})) == ""
    external = config({"up": {"name": "nfs", "external": True}}, mounts=[{**UPLOADS, "source": "up"}])
    assert found(external) == ""
    assert found(config({"cache": {"name": "nonesuch"}}, mounts=[{**UPLOADS, "source": "cache"}])) == ""


def test_a_folder_of_this_machine_is_none_of_another_engines() -> None:
    here = Path("/home/ann/shop")
    assert found(config(mounts=[bind("/home/ann/shop/uploads")])) == ""
    assert "/home/ann/shop/uploads is on this machine" in found(config(mounts=[bind("/home/ann/shop/uploads")]), here)
    assert found(config(mounts=[bind("/srv/uploads")]), here) == ""


def test_a_volume_of_the_image_needs_something_in_its_place() -> None:
    made = config(mounts=[UPLOADS])
    made["services"]["clock"] = {"image": "clock:1"}
    assert uncovered(made, ["/tmp/", "/srv/uploads"]) == []
    (said,) = uncovered(made, ["/data"])
    assert said.startswith("web: /data is a VOLUME of the image, new and empty in each container")


OWN = f"shop-prod-{NOW}_uploads"
OLD = f"shop-prod-{BEFORE}_uploads"
STANDARD = "shop-prod_uploads"


@pytest.mark.parametrize(
    ("there", "mounted", "chosen", "at"),
    [
        ([], [], {}, Place("uploads", STANDARD, is_new=True)),
        ([STANDARD], [STANDARD], {"uploads": STANDARD}, Place("uploads", STANDARD)),
        ([STANDARD], [], {}, Place("uploads", STANDARD)),  # what was chosen is lost
        ([OLD, OWN], [OWN], {}, Place("uploads", OWN, left=(OLD,))),
        ([OLD, OWN], [], {}, Place("uploads", OWN, left=(OLD,))),  # after `down`: as who is live has them
        ([STANDARD, OWN], [OWN], {}, Place("uploads", OWN)),  # a one-off of compose.yaml has made the other
        ([OLD], [OLD], {}, Place("uploads", OLD)),  # likewise lost, when releases share an earlier one's
        ([OLD], ["other"], {}, Place("uploads", STANDARD, is_new=True, left=(OLD,))),
        ([OLD, OWN], [OLD], {"uploads": OLD}, Place("uploads", OLD)),
        ([STANDARD, OWN], [OWN], {"uploads": STANDARD}, Place("uploads", STANDARD, own=OWN)),  # by an older checkout
        ([], [], {"uploads": OLD}, Place("uploads", STANDARD, is_new=True)),  # somebody has deleted it
    ],
)  # fmt: skip
def test_the_volume_is_what_was_chosen_or_what_the_live_release_has(
    there: list[str], mounted: list[str], chosen: dict[str, str], at: Place
) -> None:
    assert place(Shared("uploads"), "shop-prod", NOW, [*there, "shop-prod-x_uploads"], mounted, chosen) == at


def test_a_volume_with_a_name_of_its_own_keeps_it() -> None:
    named = Shared("uploads", "files")
    assert place(named, "shop-prod", NOW, ["files", OWN], [OWN], {}) == Place("uploads", "files")


def test_the_plan_names_volumes_and_what_was_left() -> None:
    assert str(Place("uploads", STANDARD, is_new=True)) == "uploads is shop-prod_uploads, which is new"
    assert str(Place("uploads", OWN, left=(OLD,))).endswith(f"; earlier releases had {OLD} of their own, which stay")
    assert f"the live release has {OWN} instead" in str(Place("uploads", STANDARD, own=OWN))


def test_a_release_is_told_its_volumes_in_a_compose_file() -> None:
    assert overlay([]) == ""
    assert overlay([Place("uploads", STANDARD)]) == (
        'volumes:\n  "uploads": !override {name: "shop-prod_uploads", external: true}\n'
    )
