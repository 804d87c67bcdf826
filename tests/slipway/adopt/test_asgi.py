"""Which application is served."""

from pathlib import Path

import pytest

from slipway.adopt import asgi
from slipway.adopt.detect import detect
from slipway.adopt.findings import Untold
from tests.slipway.adopt.support import APP, PYPROJECT, project

FACTORY = "from fastapi import FastAPI\n\n\ndef create_app() -> FastAPI:\n    return FastAPI()\n"
FASTAPI = PYPROJECT + '\n[tool.fastapi]\nentrypoint = "app.main:app"\n'
COMPOSE = """\
services:
  web:
    build: .
    command: {command}
    ports: ["8000:8000"]
"""
START = """\
#!/bin/sh
set -e
DEFAULT=app.main
MODULE=${MODULE_NAME:-$DEFAULT}
export APP_MODULE=${APP_MODULE:-"$MODULE:${VARIABLE:-app}"}

exec gunicorn --forwarded-allow-ips "*" -b 0.0.0.0:8000 "$APP_MODULE"
"""
CASES: dict[str, tuple[dict[str, str], str, str, str]] = {
    # what it is, the folder that the import begins in, and where that was found
    "tool.fastapi": ({"pyproject.toml": FASTAPI, "app/main.py": APP}, "app.main:app", "", "pyproject.toml"),
    "before the Dockerfile": (
        {"pyproject.toml": FASTAPI, "app/main.py": APP, "other.py": APP,
         "Dockerfile": "FROM python:3.13\nCOPY . .\nCMD uvicorn other:app\n"},
        "app.main:app", "", "pyproject.toml",
    ),
    "a list in a Dockerfile": (
        {"app/main.py": APP, "Dockerfile": 'FROM python:3.13\nCOPY . .\nCMD ["uvicorn", "app.main:app", '
                                           '"--host", "0.0.0.0"]\n'},
        "app.main:app", "", "Dockerfile:3",
    ),
    "an address is none": (
        {"app/main.py": APP, "Dockerfile": "FROM python:3.13\nCOPY . .\nCMD gunicorn -b localhost:8000 app.main:app\n"},
        "app.main:app", "", "Dockerfile:3",
    ),
    "a factory": (
        {"shop/web.py": FACTORY, "compose.yaml": COMPOSE.format(command="uvicorn shop.web:create_app --factory")},
        "shop.web:create_app()", "", "compose.yaml:2",
    ),
    "a factory as gunicorn spells it": (
        {"shop/web.py": FACTORY, "Procfile": "web: gunicorn 'shop.web:create_app()'\n"},
        "shop.web:create_app()", "", "Procfile:1",
    ),
    "src": ({"src/shop/main.py": APP, "src/shop/__init__.py": "", "start.sh": "uvicorn shop.main:app\n"},
            "shop.main:app", "src", "start.sh:1"),
    "variables of a script": (
        {"app/main.py": APP, "scripts/start.sh": START,
         "Dockerfile": 'FROM python:3.13\nCOPY . /srv\nCMD ["/srv/scripts/start.sh"]\n'},
        "app.main:app", "", "scripts/start.sh:7",
    ),
    "python -m": (
        {"shop/__main__.py": 'import uvicorn\n\nuvicorn.run("shop.web:create_app", factory=True)\n',
            "shop/web.py": FACTORY,
         "Dockerfile": 'FROM python:3.13\nCOPY . .\nCMD ["python", "-m", "shop"]\n'},
        "shop.web:create_app()", "", "shop/__main__.py:3",
    ),
    "fastapi run": (
        {"app/main.py": APP, "Dockerfile": "FROM python:3.13\nCOPY . .\nCMD fastapi run app/main.py --port 80\n"},
        "app.main:app", "", "app/main.py:3",
    ),
    "the code alone": ({"app/main.py": APP}, "app.main:app", "", "app/main.py:3"),
    "a module": ({"main.py": APP}, "main:app", "", "main.py:3"),
    "a factory in the code": ({"shop/web.py": FACTORY}, "shop.web:create_app()", "", "shop/web.py:4"),
    "what calls a factory": (
        {"app/setup.py": FACTORY, "app/main.py": "from .setup import create_app\n\napp = create_app()\n"},
        "app.main:app", "", "app/main.py:3",
    ),
    "src in the code": ({"src/shop/__init__.py": "", "src/shop/main.py": APP}, "shop.main:app", "src",
    "src/shop/main.py:3"),
    "src as a package": (
        {"src/__init__.py": "", "src/main.py": "from src.config import x\n" + APP, "src/config.py": "x = 1\n"},
        "src.main:app", "", "src/main.py:4",
    ),
    "no test, no example": ({"app/main.py": APP, "tests/main.py": APP, "examples/main.py": APP, "docs/app.py": APP},
                            "app.main:app", "", "app/main.py:3"),
    "one that is mounted": (
        {"main.py": "from fastapi import FastAPI\n\nadmin = FastAPI()\napp = FastAPI()\napp.mount('/admin', admin)\n"},
        "main:app", "", "main.py:4",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "target", "root", "where"), CASES.values(), ids=CASES)
def test_the_application_is_found_as_production_starts_it(
    tmp_path: Path, files: dict[str, str], target: str, root: str, where: str
) -> None:
    found = detect(project(tmp_path, files)).application

    assert found
    assert (found.target, found.root, found.where) == (target, root, where)


def test_two_that_are_alike_are_named_and_none_is_chosen(tmp_path: Path) -> None:
    found = asgi.application(project(tmp_path, {"one/main.py": APP, "two/main.py": APP}), [], [])

    assert isinstance(found, Untold)
    assert "one.main:app (one/main.py:3), two.main:app (two/main.py:3)" in found.what
    assert found.line == 'asgi = "one.main:app"'


def test_a_factory_that_needs_something_is_none(tmp_path: Path) -> None:
    code = "from fastapi import FastAPI\n\n\ndef create_app(settings: object) -> FastAPI:\n    return FastAPI()\n"

    assert detect(project(tmp_path, {"app/web.py": code})).application is None


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"manage.py": "import django\n"}, "Django"),
        ({"app.py": "from flask import Flask\n\napp = Flask(__name__)\n"}, "Flask"),
        ({"app.py": "print(1)\n"}, ""),
    ],
    ids=["django", "flask", "none"],
)
def test_other_frameworks_are_known(tmp_path: Path, files: dict[str, str], name: str) -> None:
    assert asgi.frameworks(project(tmp_path, files)) == name
