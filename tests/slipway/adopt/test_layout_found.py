"""The folder: name, Python, lock file, Dockerfile, tests, what is written, what stands beside."""

from pathlib import Path

import pytest

from slipway.adopt import layout, versions
from slipway.adopt.composefile import services
from slipway.adopt.detect import detect
from slipway.adopt.toml import tables
from slipway.adopt.writing import writable
from tests.slipway.adopt.support import APP, ENV_PY, INI, PYPROJECT, UV_LOCK, project, revision

DOCKERFILE = """\
ARG VERSION=3.13
FROM node:22 AS front
COPY front /front

FROM python:${VERSION}-slim-bookworm AS base
ENV PATH="/srv/.venv/bin:$PATH" \\
    # a comment
    X=1
WORKDIR /srv
COPY backend/pyproject.toml backend/uv.lock ./backend/

FROM base
COPY backend/app ./backend/app
WORKDIR backend
RUN <<EOF
CMD ["not", "this"]
EOF
EXPOSE 9000/tcp
CMD ["uvicorn", \\
     "app.main:app"]
"""
MONOREPO = {
    "compose.yml": "services:\n  api:\n    build:\n      context: .\n      dockerfile: backend/Dockerfile\n    "
                   "ports: ['8080:9000']\n"
                   "  worker:\n    build: .\n    command: arq app.worker\n  cache:\n    image: redis:7\n  db:\n "
                   "   image: postgres:17\n",
    "uv.lock": UV_LOCK, "backend/pyproject.toml": PYPROJECT.replace('"shop"', '"app"'), "backend/app/main.py": APP,
    "backend/Dockerfile": DOCKERFILE,
}  # fmt: skip


def test_a_monorepo_is_seen_from_the_services_folder(tmp_path: Path) -> None:
    found = detect(project(tmp_path / "webshop", MONOREPO, "backend"))

    assert found.name.value == "webshop"  # neither "app" nor "backend" says anything
    assert found.lock.value == "../uv.lock"
    assert found.image
    assert (found.image.path, found.image.context, found.image.venv) == ("Dockerfile", "..", "/srv/.venv")
    assert (found.image.workdir, found.image.python, found.image.variant) == ("/srv/backend", "3.13", "slim-bookworm")
    assert (found.port.value, found.port.where) == (8080, "../compose.yml:2")
    assert [one.name for one in found.others] == ["worker", "cache"]


def test_without_compose_the_context_is_where_what_is_copied_lies(tmp_path: Path) -> None:
    found = detect(
        project(tmp_path, {name: text for name, text in MONOREPO.items() if name != "compose.yml"}, "backend")
    )

    assert found.image
    assert found.image.context == ".."
    assert found.port.value == 9000


STAGES = "FROM python:3.12 AS prod\nCOPY . .\nCMD uvicorn main:app\n\nFROM prod AS dev\nRUN pip install pytest\n"
TWO = STAGES.replace("FROM prod AS dev", "FROM prod AS runtime\n\nFROM runtime AS dev")


@pytest.mark.parametrize(
    ("dockerfile", "named", "target", "told"),
    [
        (STAGES, "", "prod", []),
        (STAGES, "dev", "prod", []),
        (TWO, "", "", ["The stage dev of Dockerfile is built; production's seems to be prod (Dockerfile:1)"]),
        (STAGES, "Prod", "prod", []),
        (STAGES, "'${TARGET:-prod}'", "prod", []),
        (STAGES.replace("AS dev", "AS end"), "end", "", []),
        (STAGES.replace("AS prod", "AS debug").replace("AS dev", "AS end"), "debug", "", []),
        (STAGES.replace("AS dev", "AS end"), "none", "", ["compose.yaml:2 names the stage none, which Dockerfile has"]),
    ],
    ids=[
        "unnamed",
        "development's",
        "two",
        "named",
        "a default",
        "the last",
        "of development, before the last",
        "not there",
    ],
)
def test_the_stage_that_is_built(tmp_path: Path, dockerfile: str, named: str, target: str, told: list[str]) -> None:
    build = f"{{context: ., target: {named}}}" if named else "."
    compose = f"services:\n  web:\n    build: {build}\n    command: uvicorn main:app\n"
    files = project(tmp_path, {"Dockerfile": dockerfile, "compose.yaml": compose, "main.py": APP})
    found = detect(files)

    assert tables(files, found)[""].get("target", "") == target
    said = [one.what for one in found.untold if "stage" in one.what]
    assert [one.startswith(begin) for one, begin in zip(said, told, strict=True)] == [True] * len(told)


def test_a_stage_that_was_chosen_is_not_told_again(tmp_path: Path) -> None:
    chosen = PYPROJECT + '[tool.slipway]\ntarget = "prod"\n'
    found = detect(project(tmp_path, {"Dockerfile": STAGES, "main.py": APP, "pyproject.toml": chosen}))

    assert not [one for one in found.untold if "stage" in one.what]


@pytest.mark.parametrize(
    ("files", "version", "where"),
    [
        ({"Dockerfile": "FROM python:3.12.4-slim\nCMD uvicorn a:b\n", "pyproject.toml": PYPROJECT}, "3.12",
            "Dockerfile:1"),
        ({"Dockerfile": "FROM ghcr.io/astral-sh/uv:python3.11-bookworm\nCMD x\n"}, "3.11", "Dockerfile:1"),
        ({".python-version": "3.14.1\n", "pyproject.toml": PYPROJECT}, "3.14", ".python-version:1"),
        ({"pyproject.toml": PYPROJECT}, "3.13", "pyproject.toml"),
        ({"pyproject.toml": PYPROJECT.replace(">=3.12", "~=3.10.2")}, "3.10", "pyproject.toml"),
        ({"pyproject.toml": PYPROJECT.replace(">=3.12", ">=3.9,<3.12")}, "3.11", "pyproject.toml"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.14"\n'}, "3.14", "pyproject.toml"),
        ({"main.py": ""}, "", ""),
    ],
    ids=["image", "uv's image", ".python-version", "requires", "a minor", "below", "poetry", "nothing"],
)  # fmt: skip
def test_the_python_is_that_of_production(tmp_path: Path, files: dict[str, str], version: str, where: str) -> None:
    found = detect(project(tmp_path, files)).python

    assert (found.value, found.where) == (version, where)


@pytest.mark.parametrize(
    ("names", "lock"),
    [
        (["poetry.lock"], "poetry.lock"), (["uv.lock"], "uv.lock"), (["pylock.toml"], "pylock.toml"),
        (["requirements.txt", "requirements-dev.txt"], "requirements.txt"),
        (["requirements/base.txt", "requirements/prod.txt", "requirements/dev.txt"], "requirements/prod.txt"),
        (["poetry.lock", "requirements.txt"], "poetry.lock"), ([], ""),
    ],
    ids=["poetry", "uv", "pylock", "requirements", "a folder", "a lock before", "none"],
)  # fmt: skip
def test_the_lock_file(tmp_path: Path, names: list[str], lock: str) -> None:
    assert layout.lock(project(tmp_path, dict.fromkeys(names, ""))).value == lock


def test_what_is_too_old_is_told_all_at_once(tmp_path: Path) -> None:
    text = "-r more.txt\nalembic==1.8.1 --hash=sha256:00\npsycopg[binary]==3.0.1\nfastapi\n# gunicorn==19.0\n"
    files = project(tmp_path, {"requirements.txt": text, "more.txt": "gunicorn==19.9.0\n"})

    assert versions.too_old(versions.packages(files, "requirements.txt")) == [
        "alembic 1.8.1 (requirements.txt:2): Slipway needs 1.9.4 or newer",
        "gunicorn 19.9.0 (more.txt:1): Slipway needs 21.2 or newer",
        "psycopg 3.0.1 (requirements.txt:3): Slipway needs 3.1 or newer",
    ]


def test_packages_of_each_kind_of_lock_file(tmp_path: Path) -> None:
    files = project(tmp_path, {"pylock.toml": '[[packages]]\nname = "Py_Test"\nversion = "1.0"\n', "uv.lock": UV_LOCK})

    assert versions.packages(files, "pylock.toml").version("py-test") == "1.0"
    assert versions.packages(files, "uv.lock").version("alembic") == "1.18.0"


@pytest.mark.parametrize(
    ("code", "folder"),
    [
        ("import os\nDIR = os.path.join(os.path.dirname(os.path.dirname(__file__)), 'logs')\nos.makedirs(DIR)\n",
            "app/logs"),
        ("from pathlib import Path\nBASE = Path(__file__).resolve().parent\n(BASE / 'up').mkdir()\n", "app/core/up"),
        ("from pathlib import Path\nBASE = Path(__file__).parents[2]\nlogging.FileHandler(BASE / 'log' / "
         "'a.log')\n", "log"),
        ("RotatingFileHandler('logs/app.log')\n", "logs"),
        ("open('data/x.json', 'w')\n", "data"),
        ("open('data/x.json')\n", ""),
        ("import os\nos.makedirs('/tmp/x')\n", ""),
        ("import os\nos.makedirs(settings.DIR)\n", ""),
        ("import os\nos.makedirs(os.path.join(os.path.dirname(__file__), '../../../x'))\n", ""),
    ],
    ids=["dirname", "pathlib", "parents", "relative", "written", "read", "elsewhere", "unknown", "above"],
)  # fmt: skip
def test_folders_that_are_written_to(tmp_path: Path, code: str, folder: str) -> None:
    assert [one.value for one in writable(project(tmp_path, {"app/core/log.py": code}))] == ([folder] if folder else [])


def test_what_follows_the_migrations_is_kept_and_what_comes_before_is_not(tmp_path: Path) -> None:
    script = "#!/bin/sh\nset -e\npython app/wait.py\nalembic upgrade head\nuv run python -m app.first --x\n"
    script += "python a.py > log\nexec uvicorn app.main:app\n"
    found = detect(project(tmp_path, {"scripts/prestart.sh": script, "app/main.py": APP}))

    assert [(one.value, one.where) for one in found.after_migrate] == [
        ("python -m app.first --x", "scripts/prestart.sh:5"),
        ("sh -c 'python a.py > log'", "scripts/prestart.sh:6"),
    ]
    assert [one.value for one in found.before_migrate] == ["python app/wait.py"]


def test_what_production_runs_counts_before_scripts(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    build: .\n"
    compose += "    command: sh -c 'alembic upgrade head && python seed.py && uvicorn main:app'\n"
    files = {"compose.yaml": compose, "prestart.sh": "alembic upgrade head\npython other.py\n", "main.py": APP}

    assert [one.value for one in detect(project(tmp_path, files)).after_migrate] == ["python seed.py"]


@pytest.mark.parametrize(
    ("files", "folders"),
    [
        ({"tests/test_a.py": ""}, ["tests"]),
        ({"app/tests/api/test_a.py": ""}, ["app/tests"]),
        ({"pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["a", "b/"]\n'}, ["a", "b"]),
        ({"pytest.ini": "[pytest]\ntestpaths = checks\n", "tests/test_a.py": ""}, ["checks"]),
        ({"tests/helpers.py": ""}, []),
    ],
    ids=["tests", "inside", "pyproject", "pytest.ini", "none"],
)
def test_the_tests(tmp_path: Path, files: dict[str, str], folders: list[str]) -> None:
    assert [one.value for one in detect(project(tmp_path, files)).suite.folders] == folders


@pytest.mark.parametrize(
    ("conftest", "migrate"),
    [
        ("engine = create_engine(URL)\n", True),
        ("Base.metadata.create_all(engine)\n", False),
        ("x = 1\n", False),
        ("client = TestClient(app)\n", True),
    ],
    ids=["tables are expected", "tables are made", "no database", "the service is asked"],
)
def test_tests_that_make_no_tables_want_them(tmp_path: Path, conftest: str, migrate: bool) -> None:
    files = {"alembic.ini": INI, "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("a", None),
             "tests/conftest.py": conftest, "tests/test_a.py": ""}  # fmt: skip

    assert detect(project(tmp_path, files)).suite.migrate.value is migrate


def test_what_tests_are_given(tmp_path: Path) -> None:
    files = {"tests/test_a.py": "", "scripts/test.sh": "set -e\nMODE=test LEVEL='a b' coverage run -m pytest\n",
             "pyproject.toml": '[project.optional-dependencies]\nchecks = ["pytest>=8"]\nmore = ["x"]\n',
             "uv.lock": UV_LOCK}  # fmt: skip
    suite = detect(project(tmp_path, files)).suite

    assert (suite.env, suite.env_where) == ({"MODE": "test", "LEVEL": "a b"}, "scripts/test.sh:2")
    assert suite.extras == ("checks",)
    assert not suite.has_xdist


def test_compose_files_of_production_come_before_those_of_development(tmp_path: Path) -> None:
    one = "services:\n  web:\n    image: {}\n"
    files = {"docker-compose.yml": one.format("b"), "docker-compose.prod.yml": one.format("a"),
             "docker-compose.override.yml": one.format("c")}  # fmt: skip

    assert [service.image for service in services(project(tmp_path, files))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("name", "text", "extras", "said"),
    [
        ("requirements-dev.txt", "pytest==9.0 --hash=sha256:00\n", (), ""),
        ("requirements-dev.txt", "pytest\n-r requirements.txt\n", (), "requirements-dev.txt has no hashes"),
        ("requirements-test.txt", "pytest==9.0 --hash=sha256:00\n", ("test",), ""),
        ("requirements-docs.txt", "mkdocs\n", (), "pytest is not in requirements.txt"),
        ("requirements-all.txt", "-r requirements-x.in\n", (), "pytest is not in requirements.txt"),
    ],
    ids=["dev", "no hashes", "another group", "nowhere", "included"],
)
def test_pytest_may_be_in_a_file_beside(tmp_path: Path, name: str, text: str, extras: object, said: str) -> None:
    locked = "fastapi==0.115.0 --hash=sha256:00\n"
    files = {"tests/test_a.py": "", "main.py": APP, "requirements.txt": locked, "requirements-x.in": "pytest\n"}
    found = detect(project(tmp_path, files | {name: text}))

    told = [one.what for one in found.untold if "pytest" in one.what or name in one.what]
    assert found.suite.extras == extras
    assert [said in one for one in told] == [True] * bool(said)
