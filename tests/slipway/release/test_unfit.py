"""Which gates a project with a Dockerfile of its own leaves out."""

from dataclasses import replace
from pathlib import Path

from slipway.image.build import Options
from slipway.project.config import load
from slipway.project.processes import Process
from slipway.release import gates, unfit
from tests.slipway.release.support import write


def test_what_is_for_a_projects_own_dockerfile_to_see_to_is_left_out(repository: Path) -> None:
    write(repository, {"Dockerfile": "FROM python\n", "alembic/env.py": ""})
    found = {gate.name: gate.left_out for gate in gates.of(load(repository), "1.0.0", "", [], Options())}
    own = "Dockerfile is the project's own"
    assert {name: why for name, why in found.items() if why} == {
        "dockerfile": own,
        "packages": f"{own}: which packages it installs is for it to see to",
        "rebuild": f"{own}: whether two builds are the same is for it to see to",
        "rehearsal": f"{own}, and has no stage that tests",
        "in-image": f"{own}, and has no stage that tests",
    }


def test_one_of_slipways_leaves_none_out(repository: Path) -> None:
    assert unfit.gates(load(repository)) == {}


def test_without_web_nothing_is_rehearsed_over_http(repository: Path) -> None:
    bare = replace(load(repository), asgi="", processes={"bot": Process("bot")})
    assert unfit.gates(bare) == {"rehearsal": 'the project has no web ([tool.slipway] asgi = "")'}
