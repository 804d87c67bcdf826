"""Whether a container's user may read what it gets of the project's folder."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.engine import images
from slipway.runtime import mounts
from slipway.runtime.compose_service import ComposeService
from tests.support import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a project whose files all may read."""
    for name in (
        "app/main.py",
        "app/__pycache__/main.pyc",
        "alembic/env.py",
        "gunicorn.conf.py",
        ".env",
        ".git/config",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    for path in tmp_path.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for private in (".env", "app/__pycache__/main.pyc", ".git/config"):
        (tmp_path / private).chmod(0o600)
    (tmp_path / "app/link").symlink_to("nowhere")
    return tmp_path


def config(root: Path, user: str = "") -> dict[str, Any]:
    """Return what Compose prints of services that get parts of a folder."""

    def service(*names: str) -> dict[str, Any]:
        volume = {"type": "volume", "source": "data", "target": "/data"}
        return {"volumes": [volume, *({"type": "bind", "source": str(root / name)} for name in names)]}

    web = service("app", "gunicorn.conf.py") | ({"user": user} if user else {})
    return {"services": {"web": web, "migrate": service("app", "alembic"), "db": service(".git"), "bare": {}}}


def check(root: Path, user: str = "65532:65532", named: str = "") -> None:
    """Check the mounts of web and migrate, of an image with this user."""
    services = ("web", "migrate", "bare", "none")
    mounts.check(root, mounts.mounted(config(root, named), services, user))


def test_what_all_may_read_is_in_order(root: Path) -> None:
    assert not mounts.is_any_closed(root)
    check(root)


@pytest.mark.parametrize(
    ("closed", "mode", "said"),
    [
        ("app/main.py", 0o600, "app/main.py, which"), ("alembic", 0o700, "alembic, which"),
        ("gunicorn.conf.py", 0o640, "gunicorn.conf.py, which"), ("app", 0o744, "app, which"),
    ],
)  # fmt: skip
def test_what_is_closed_is_named_with_how_to_open_it(root: Path, closed: str, mode: int, said: str) -> None:
    (root / closed).chmod(mode)
    assert mounts.is_any_closed(root)
    with pytest.raises(Problem) as stopped:
        check(root)
    text = str(stopped.value)
    assert f"The container's user 65532 may not read {root / said}" in text
    assert text.endswith("Let others read it: chmod -R go+rX app gunicorn.conf.py alembic")
    for user in ("0", "0:0", "somebody", str(root.stat().st_uid)):  # root; nobody knows; the files' own
        check(root, user)
    (root / closed).chmod(0o755)
    check(root)


def test_the_user_that_a_service_names_is_its_own(root: Path) -> None:
    (root / "gunicorn.conf.py").chmod(0o600)
    check(root, named=str(root.stat().st_uid))
    with pytest.raises(Problem, match=r"user 64123 may not read .*: chmod -R go\+rX app gunicorn\.conf\.py$"):
        check(root, named="64123:0")


@pytest.mark.parametrize(
    ("dockerfile", "user"),
    [
        ("FROM base\n", ""),
        ("FROM base\nUSER 1\nRUN x\nUSER 2:3\n", "2:3"),
        ("FROM base AS a\nUSER 1\nFROM a AS b\nCOPY x y\nFROM base AS c\nUSER 9\nFROM b\nARG X\n", "1"),
        ("FROM base as a\nUSER 1\nFROM --platform=x base\n", ""),
        ("ARG ID=5\nFROM base\nUSER ${ID}\n", "${ID}"),
    ],
    ids=["none", "last", "inherited", "another's", "variable"],
)
def test_the_user_of_an_image_is_known_before_it_is_built(dockerfile: str, user: str) -> None:
    assert mounts.user_of(dockerfile) == user


def test_slipways_own_image_has_a_user_that_files_can_be_closed_to() -> None:
    assert mounts.user_of((ROOT / "Dockerfile").read_text()) == "65532:65532"


def test_what_is_closed_is_said_before_the_image_is_built(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "Dockerfile").write_text("FROM base\nUSER 65532\n")
    (root / "app/main.py").chmod(0o600)
    done: list[str] = []
    image = SimpleNamespace(tag="x", prepare=lambda: done.append("built"), is_built=lambda: "built" in done)
    service = ComposeService.__new__(ComposeService)
    service.checkout, service.image = SimpleNamespace(root=root, shell=None), image  # type: ignore[assignment]
    monkeypatch.setattr(service, "config", lambda _: json.dumps(config(root)))
    monkeypatch.setattr(images, "existing", lambda *_: SimpleNamespace(user="0"))
    with pytest.raises(Problem, match=r"user 65532 may not read .*main\.py, which"):
        service.prepare()
    assert not done
    (root / "Dockerfile").write_text("FROM base\n")
    service.prepare()
    assert done
    monkeypatch.setattr(images, "existing", lambda *_: SimpleNamespace(user="4711"))  # of an image of somebody's
    with pytest.raises(Problem, match=r"user 4711 may not read"):
        service.prepare()
