"""Which image is deployed."""

from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.core.steps import Steps
from slipway.deploy.source import BY_NAME, Candidate, Source, find, is_called, resolve
from slipway.engine import registry
from slipway.engine.images import EngineImage
from slipway.project.checkout import Checkout
from tests.slipway.deploy.images_in_memory import MemoryImages
from tests.slipway.deploy.in_memory import PYPROJECT, MemoryDeployment
from tests.slipway.deploy.support import MemoryReleases


def an_image(*digests: str, user: str = "0", **labels: str) -> EngineImage:
    """Make an image."""
    return EngineImage("sha256:1", digests, labels, user, "", ())


def test_a_candidate_is_described_by_what_the_engine_says() -> None:
    found = Candidate.of("shop:1", an_image("sha256:2", **{"dev.slipway.schema": "0002"}))
    assert found == Candidate("shop:1", "sha256:1", "sha256:2", schema="0002")
    assert Candidate.of("a/shop:1@sha256:3", an_image("sha256:2")).digest == "sha256:3"
    labels = {"org.opencontainers.image.version": "1.2.3"}
    assert Candidate.of("shop:1", an_image(user="app", **labels)) == Candidate(
        "shop:1", "sha256:1", "", "1.2.3", user="app"
    )


def test_a_name_may_mean_another_image_by_now() -> None:
    images = MemoryImages()
    images.add("shop:1")
    images.add("shop:2")
    one = find(images, "shop:1")
    assert one
    assert is_called(images, one, "shop:1")
    assert not is_called(images, one, "shop:2")
    assert not is_called(images, one, "shop:3")
    assert find(images, "shop:3") is None


def test_an_image_of_a_newer_slipway_is_not_started() -> None:
    for number in ("", "1"):
        one = Candidate.of("shop:1", an_image(**{"dev.slipway.format": number}))
        assert one.check() is one
    with pytest.raises(Problem, match=r"The image shop:1 is of format 2, and this is Slipway .*Nothing was changed"):
        Candidate.of("shop:1", an_image(**{"dev.slipway.format": "2"})).check()


def test_what_is_on_one_engine_is_no_way_out_where_nodes_pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise Problem("The registry cannot be asked.")

    monkeypatch.setattr(registry, "find", away)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("wait = 1", 'registry = "registry.example"'))
    checkout = Checkout.at(tmp_path, Steps())
    deployment = MemoryDeployment(MemoryReleases())
    with pytest.raises(Problem, match=BY_NAME):
        resolve(checkout, deployment, "1")
    deployment.releases.images.add("shop:1")
    assert resolve(checkout, deployment, "1") == Source("shop:1")
    deployment.pulls = True
    with pytest.raises(Problem, match=r"^The registry cannot be asked\.$"):
        resolve(checkout, deployment, "1")


def test_of_what_no_registry_has_nodes_that_pull_are_told_to_release_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "find", lambda *_, **__: None)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT.replace("wait = 1", 'registry = "registry.example"'))
    deployment = MemoryDeployment(MemoryReleases(), pulls=True)
    with pytest.raises(Problem, match=r"^There is no registry\.example/shop:1 in the registry\. .* \./inv release$"):
        resolve(Checkout.at(tmp_path, Steps()), deployment, "1")
