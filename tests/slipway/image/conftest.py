"""This project, as a build sees it."""

import shutil
from pathlib import Path

import pytest

from slipway.image.context import context
from tests.support import ROOT


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Give a copy of all that goes into the image, and of what the build is told."""
    for name in [*context(ROOT), "Dockerfile", ".dockerignore"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path
