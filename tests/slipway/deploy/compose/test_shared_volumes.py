"""How volumes that releases share come to be there, on an engine that answers what a test says."""

import json
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.deploy.compose.definition import Definition
from slipway.deploy.compose.files import Files
from slipway.deploy.compose.shared import SharedVolumes, of_releases
from slipway.engine.stack import Stack
from slipway.project.config import load
from slipway.runtime.release import NewRelease
from tests.slipway.engine.support import Answers

IMAGE = json.dumps([{"Id": "sha256:1", "Config": {"Volumes": {"/data": {}}}}])
NEW = NewRelease("20261127t101500", "shop:2", "65532:65532")
OLD = "shop-prod-20261120t101500_uploads"
LISTED = f"{OLD} shop-prod-20261120t101500\nsomebodys \nshop-prod_deployment shop-prod"


def config(*mounts: dict[str, Any]) -> str:
    """Return what Compose prints of a release."""
    tmpfs = {"type": "tmpfs", "target": "/data"}
    web = {"image": "none", "volumes": [tmpfs, *mounts]}
    return json.dumps({"services": {"web": web}, "volumes": {"uploads": {"name": "shop-prod-none_uploads"}}})


UPLOADS = {"type": "volume", "source": "uploads", "target": "/srv/uploads"}


class Notes(Files):
    """The files of a deployment in memory."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack, str)
        self.there: dict[str, str] = {}

    def read(self, *names: str) -> list[str]:
        """Return them."""
        return [self.there.get(name, "") for name in names]

    def write(self, name: str, text: str) -> None:
        """Keep one."""
        self.there[name] = text


def shop(root: Path, monkeypatch: pytest.MonkeyPatch, *answers: str) -> tuple[SharedVolumes, Answers, Notes]:
    """Return the volumes of a project on an engine."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setenv("DOCKER_CONFIG", str(root))
    (root / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1.0.0"\n')
    shell = Answers(*answers)
    shell.root = root
    stack = Stack(shell, load(root), "prod", dict)
    files = Notes(stack)
    return SharedVolumes(stack, files, Definition(stack)), shell, files


def test_a_release_without_a_volume_is_told_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, shell, files = shop(tmp_path, monkeypatch, config(), IMAGE, LISTED)
    assert shared.prepare(NEW, None, "") == []
    assert (shell.answers, files.there) == ([], {})


def test_a_new_one_is_the_deployments_and_the_service_may_write_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, shell, files = shop(tmp_path, monkeypatch, config(UPLOADS), IMAGE, LISTED, "made", "", "owned")
    (option, file) = shared.prepare(NEW, None, "20261127t000000")
    assert option == "--file"
    assert "shop-prod_uploads" in (tmp_path / file).read_text()
    assert json.loads(files.there["../ledger/volumes.json"]) == {"uploads": "shop-prod_uploads"}
    create, test, own = shell.asked[-3:]
    assert create[:3] == ["docker", "volume", "create"]
    assert {"com.docker.compose.project=shop-prod", "com.docker.compose.volume=uploads"} < set(create)
    assert test[test.index("--user") + 1] == "65532:65532"
    assert test[-2:] == ["-c", "test -w ."]
    assert own[own.index("--volume") + 1] == "shop-prod_uploads:/srv/uploads"
    assert own[-1] == "65532:65532"


def test_what_the_live_release_has_is_what_all_have_from_now_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, shell, files = shop(tmp_path, monkeypatch, config(UPLOADS), IMAGE, LISTED, "it may")
    shared.prepare(NEW, None, "20261120t101500")
    assert json.loads(files.there["../ledger/volumes.json"]) == {"uploads": OLD}
    assert not any("create" in argv or "chown" in " ".join(argv) for argv in shell.asked)


def test_what_no_release_can_be_made_of_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nameless = {"type": "volume", "target": "/srv/cache"}
    shared, _, _ = shop(tmp_path, monkeypatch, config(nameless), IMAGE.replace("/data", "/var/lib"), LISTED)
    with pytest.raises(Problem, match=r"(?s)/srv/cache is a volume.*/var/lib is a VOLUME of the image.*Nothing was"):
        shared.look("shop:2", None, "")


def test_down_names_the_volumes_of_single_releases() -> None:
    there = {OLD: "shop-prod-20261120t101500", "a": "shop-prod", "b": "", "c": "shop-prod-2-20261120t101500"}
    assert of_releases(there, "shop-prod") == [OLD]
