"""The image that is live in one environment, deployed to another one."""

import re
from pathlib import Path

import pytest

from slipway.core.errors import Problem
from slipway.deploy.source import Elsewhere, Source, take
from slipway.engine import registry
from slipway.engine.registry import Manifest
from tests.slipway.deploy.images_in_memory import MemoryImages
from tests.slipway.deploy.in_memory import shop

PINNED = "registry.example/shop:1@sha256:5"


def test_an_image_that_is_here_is_taken_by_its_id(tmp_path: Path) -> None:
    checkout, _ = shop(tmp_path)
    images = MemoryImages()
    one = images.add("shop:1")
    found = take(checkout, images, Elsewhere("staging", "shop:1", one.id, PINNED))
    assert found == Source("shop:1", live_in="staging")
    images.known["shop:1"] = images.add("shop:2")  # the name means another one by now
    assert take(checkout, images, Elsewhere("staging", "shop:1", one.id)).reference == one.id


def test_an_image_of_another_engine_comes_from_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, _ = shop(tmp_path)
    asked: list[str] = []

    def find(_: object, reference: str, **__: object) -> Manifest:
        asked.append(reference)
        return Manifest("sha256:5", "sha256:6")

    monkeypatch.setattr(registry, "find", find)
    found = take(checkout, MemoryImages(), Elsewhere("staging", "shop:1", "sha256:1", PINNED))
    assert (found, asked) == (Source(PINNED, live_in="staging"), [PINNED])


def test_one_that_is_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, _ = shop(tmp_path)
    with pytest.raises(Problem, match=r"shop:1, which is live in staging, is not on this engine, and it is in no reg"):
        take(checkout, MemoryImages(), Elsewhere("staging", "shop:1", "sha256:1"))
    monkeypatch.setattr(registry, "find", lambda *_, **__: None)
    with pytest.raises(Problem, match=f"the registry has no {re.escape(PINNED)} any more"):
        take(checkout, MemoryImages(), Elsewhere("staging", "shop:1", "sha256:1", PINNED))
