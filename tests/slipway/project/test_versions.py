"""What a service's lock file lacks of what Slipway needs: said all at once."""

import tomllib
from pathlib import Path

import pytest

from slipway.project.lockfile import Lockfile, Package
from slipway.project.versions import OLDEST, lacking
from tests.support import ROOT


def lock(*versions: str, group: str = "main") -> Lockfile:
    """Return a lock file of these packages."""
    split = (one.split("==") for one in versions)
    return Lockfile(Path("uv.lock"), tuple(Package(name, version, {group: ""}, {}) for name, version in split), "uv")


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        (["alembic==1.20.1", "gunicorn==27.0.1", "psycopg==3.3.9"], []),
        ([f"{name}=={version}" for name, version in OLDEST.items()], []),
        (["Alembic==1.8.0", "gunicorn==27"], [f"alembic {OLDEST['alembic']} or newer (locked: 1.8.0)",
                                                f"psycopg {OLDEST['psycopg']} or newer (not locked)"]),
        (["alembic==2", "alembic==1.5", "gunicorn==27", "psycopg==4.0rc1"],
         [f"alembic {OLDEST['alembic']} or newer (locked: 1.5)"]),
        (["alembic==our-own", "gunicorn==", "psycopg==3.3"], []),
    ],
)  # fmt: skip
def test_what_is_missing_or_older_is_said_all_at_once(versions: list[str], said: list[str]) -> None:
    assert [one.said() for one in lacking(lock(*versions))] == said


def test_a_group_that_is_not_asked_for_does_not_count() -> None:
    dev = lock("alembic==1.20", "gunicorn==27", "psycopg==3.3", group="dev")

    assert {one.name for one in lacking(dev)} == set(OLDEST)
    assert lacking(dev, ["main", "dev"]) == []


def test_this_project_has_what_it_needs() -> None:
    assert lacking(Lockfile.read(ROOT)) == []
    assert set(OLDEST) <= {one.partition("[")[0].partition(">")[0] for one in asked()}


def asked() -> list[str]:
    """Return what the project asks for."""
    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(about["project"]["dependencies"])
