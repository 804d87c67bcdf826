"""A project with an index of its own."""

from pathlib import Path

import pytest

from tests.slipway.virtualenv.support import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give a project whose packages come from a folder."""
    return Project(tmp_path)
