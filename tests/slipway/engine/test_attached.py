"""Commands beside a service, in containers of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.engine import attached, jobs
from slipway.engine.attached import Aside
from tests.slipway.engine.support import Answers, container
from tests.support import ROOT, wait_for

FACTS = {"Image": "sha256:1", "Config": {"Image": "shop:1"}}
IMAGE = json.dumps([{"Id": "sha256:1", "Config": {}}])
OTHER = json.dumps([{"Id": "sha256:2", "Config": {}}])
NO_SUCH = "Error: No such image: shop:1"


def aside(**more: Any) -> Aside:
    """Make a command."""
    return Aside("shop-prod", "run-1", ["ls"], lambda: FACTS, **more)


@pytest.mark.parametrize(
    ("answers", "image"), [([IMAGE], "shop:1"), ([OTHER, IMAGE], "sha256:1")], ids=["as it was", "means another"]
)
def test_the_image_is_that_of_the_other_container(answers: list[str], image: str) -> None:
    command = attached.run_command(Answers(*answers), aside(marks=["a=b"]), FACTS, "-", ["--detach"])
    assert command[-3:] == ["--entrypoint", "ls", image]
    said = " ".join(command)
    assert said.startswith("docker run --detach --name shop-prod-run-1 --label dev.slipway.by=")
    assert "--label com.docker.compose.project=shop-prod --label com.docker.compose.oneoff=True --label a=b" in said


def test_one_whose_image_is_gone_is_not_started() -> None:
    with pytest.raises(Problem, match="The image shop:1 is gone from the engine"):
        attached.run_command(Answers("", "", "", "", said=NO_SUCH), aside(), FACTS, "-", [])


def test_what_cannot_be_started_in_the_background_leaves_nothing() -> None:
    volume = "shop-prod-run-1-secrets"
    shell = Answers(IMAGE, "", "gone", "gone", f"{volume}\nanother", "gone", said="no such network")
    with pytest.raises(Problem, match="no such network"):
        attached.launch(shell, aside(volumes=[volume]), detached=True)
    assert [argv[1:] for argv in shell.asked[2:]] == [
        ["rm", "--force", "--volumes", "shop-prod-run-1"],
        ["rm", "--force", "--volumes", "shop-prod-run-1-like"],
        ["volume", "ls", "--quiet", "--filter", "dangling=true"],
        ["volume", "rm", volume],
    ]


def test_one_is_found_by_its_name_alone_and_with_the_project() -> None:
    one_off = {"com.docker.compose.oneoff": "True"}
    there = [container(name="shop-web-1"), container(name="shop-run-1", labels=one_off)]
    assert attached.find(there, "shop", "run-1") == attached.find(there, "shop", "shop-run-1") == "shop-run-1"
    for name in ("web-1", "run-2", ""):
        with pytest.raises(Problem, match="was started with `inv run --detach`"):
            attached.find(there, "shop", name)


def test_of_those_in_the_background_the_ended_ones_are_known() -> None:
    labelled = {jobs.DETACHED: "run-1"}
    there = [
        container(name="ended", labels=labelled, phase="exited", running=False),
        container(name="at work", labels=labelled),
        container(name="begins", labels=labelled, phase="created", running=False),
        container(name="another", phase="exited", running=False),
    ]
    assert attached.ended(there) == ["ended"]


ENTER = """
import sys
from pathlib import Path
from slipway.core.shell import Shell
from slipway.core.steps import Steps
from slipway.engine import attached
facts = {"Image": "sha256:1", "Config": {"Image": "shop:1", "Env": ["A=b"]}}
attached.enter(Shell(Path.cwd(), Steps()), attached.Aside("shop", "run-1", ["ls"], lambda: facts, volumes=["v"]))
"""
DOCKER = f"""#!/bin/sh
echo "$@" >>calls
case "$1" in
image) echo '{IMAGE}' ;;
run) while [ "$1" != --env-file ]; do shift; done; cat "$2"; echo "$$" >pid; exec sleep 60 ;;
esac
"""


@pytest.mark.parametrize("ended", [True, False], ids=["by itself", "killed"])
def test_all_of_it_goes_once_the_client_is_gone(tmp_path: Path, ended: bool) -> None:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER.replace("exec sleep 60", "exit 7") if ended else DOCKER)
    docker.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", ENTER]
    with subprocess.Popen(argv, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"A=b\n"
        if not ended:
            wait_for((tmp_path / "pid").exists)
            assert (tmp_path / "pid").read_text().strip() == str(process.pid)  # it is the client itself
            process.kill()
        assert process.wait() == (7 if ended else -9)
    wait_for(lambda: "volume rm" in (tmp_path / "calls").read_text())
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[-2:] == ["rm --force --volumes shop-run-1 shop-run-1-like", "volume rm v"]
