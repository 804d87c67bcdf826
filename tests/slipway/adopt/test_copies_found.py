"""The code of a service whose own image has none."""

import json
from pathlib import Path

import pytest

from slipway.adopt import toml
from slipway.adopt.detect import detect
from slipway.adopt.files import Files
from tests.slipway.adopt.support import APP, ENV_PY, INI, project

WITHOUT_CODE = "FROM python:3.12\nCOPY requirements.txt .\nWORKDIR /code\n"


@pytest.mark.parametrize(("mount", "service", "copied"), [
    ("'./src/app:/code/app'", ".", ["src"]),
    ("'./one/src:/code/src:ro'", "one", ["src"]),
    ("{type: bind, source: ./src, target: /code/src}", ".", ["src"]),
    ("'.:/code'", ".", ["."]),
    ("'./src:/code/src', './shared:/code/shared', './conf:/etc/conf'", ".", ["src", "shared"]),
    ("'./.env:/code/.env'", ".", []),
    ("'src:/code/src'", ".", []),  # a volume
    ("'..:/code'", ".", []),  # another folder than the project is the image's
])  # fmt: skip
def test_code_that_compose_mounts_into_an_image_without_it_is_copied(
    tmp_path: Path, mount: str, service: str, copied: list[str]
) -> None:
    compose = f"services:\n  web:\n    build: {{context: ., dockerfile: {service}/Dockerfile}}\n"
    compose += f"    command: uvicorn app.main:app\n    volumes: [{mount}, './.env:/code/.env', 'data:/data']\n"
    files = {
        f"{service}/Dockerfile": WITHOUT_CODE, f"{service}/src/app/main.py": APP, f"{service}/src/alembic.ini": INI,
        f"{service}/src/migrations/env.py": ENV_PY, f"{service}/shared/a.py": "", f"{service}/conf/a.yaml": "",
    }  # fmt: skip
    top = project(tmp_path, {"compose.yaml": compose, **files}).project
    found = detect(Files(top / service, top))

    assert [(one.value, one.where.lstrip("./")) for one in found.copied] == [(one, "compose.yaml:2") for one in copied]
    assert toml.tables(Files(top / service, top), found)[""].get("copy", []) == copied
    untold = [one.line for one in found.untold if "no code of the service" in one.what]
    assert untold == ([] if copied else ['copy = ["src"]'])


@pytest.mark.parametrize(
    ("files", "copied"),
    [
        ({"app/main.py": APP, "alembic.ini": INI, "migrations/env.py": ENV_PY}, ["app", "migrations", "alembic.ini"]),
        ({"main.py": APP, "models.py": ""}, ["."]),
    ],
    ids=["folders", "modules"],
)
def test_what_an_image_that_seems_to_have_no_code_would_need_is_told(
    tmp_path: Path, files: dict[str, str], copied: list[str]
) -> None:
    found = detect(project(tmp_path, {"Dockerfile": WITHOUT_CODE, **files}))

    untold = [one.line for one in found.untold if "seems to have no code" in one.what]
    assert (untold, found.copied) == ([f"copy = {json.dumps(copied)}"], ())
