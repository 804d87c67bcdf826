"""The health path, the documentation's, and the host under which the service answers."""

from pathlib import Path

import pytest

from slipway.adopt.detect import detect
from tests.slipway.adopt.support import project

PLAIN = "from fastapi import FastAPI\n\napp = FastAPI({})\n"
ROUTER = "from fastapi import APIRouter\n\nrouter = APIRouter({})\n\n\n@router.get('{}')\ndef health(): ...\n"
SETTINGS = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    API: str = '/api/v1'\n"
COMPOSE = """\
services:
  web:
    build: .
    command: uvicorn app.main:app
    healthcheck:
      test: ["CMD", "curl", "-f", "http://localhost:8000/api/status"]
"""
INCLUDED = "from app.api import api\nfrom app.config import settings\n" + PLAIN + "app.include_router(api, prefix={})\n"
API = """\
from fastapi import APIRouter
from app.routes import utils

api = APIRouter()
api.include_router(utils.router)
"""
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "a route of the application": (
        {"main.py": PLAIN.format("") + "@app.get('/healthz')\ndef health(): ...\n"}, "/healthz", "main.py:4",
    ),
    "prefixes of routers, one of the settings": (
        {"app/main.py": INCLUDED.format("", "settings.API"), "app/api.py": API, "app/config.py": SETTINGS,
         "app/routes/utils.py": ROUTER.format("prefix='/utils'", "/health-check/"), "app/routes/__init__.py": ""},
        "/api/v1/utils/health-check/", "app/routes/utils.py:6",
    ),
    "a prefix that is put together": (
        {"app/main.py": INCLUDED.format("", "f'{settings.API}/x'"), "app/api.py": API, "app/config.py": SETTINGS,
         "app/routes/utils.py": ROUTER.format("", "/ping")}, "/api/v1/x/ping", "app/routes/utils.py:6",
    ),
    "handed on by a package": (
        {"app/main.py": PLAIN.format("") + "from app.web import router\napp.include_router(router, prefix='/w')\n",
         "app/web/__init__.py": "from .views import router\n", "app/web/views.py": ROUTER.format("", "/ready")},
        "/w/ready", "app/web/views.py:6",
    ),
    "ready before health": (
        {"main.py": PLAIN.format("") + "@app.get('/health')\ndef a(): ...\n@app.get('/health/ready')\ndef b(): ...\n"},
        "/health/ready", "main.py:6",
    ),
    "none that asks who it is": (
        {"main.py": PLAIN.format("") + "@app.get('/ping', dependencies=[x])\ndef a(): ...\n@app.get('/live')\n"
                                       "def b(): ...\n"},
        "/live", "main.py:6",
    ),
    "no POST": (
        {"main.py": PLAIN.format("") + "@app.post('/ping')\ndef a(): ...\n"}, "/openapi.json", "main.py:3",
    ),
    "add_api_route": (
        {"main.py": PLAIN.format("") + "app.add_api_route('/ready', lambda: 1)\n"}, "/ready", "main.py:4",
    ),
    "what production asks": (
        {"app/main.py": PLAIN.format("") + "@app.get('/health')\ndef a(): ...\n", "compose.yaml": COMPOSE},
        "/api/status", "compose.yaml:2",
    ),
    "what the Dockerfile asks": (
        {"main.py": PLAIN.format(""),
         "Dockerfile": "FROM python:3.13\nHEALTHCHECK --interval=5s CMD curl -f http://127.0.0.1/up || exit 1\n"
                       "CMD uvicorn main:app\n"},
        "/up", "Dockerfile:2",
    ),
    "else the OpenAPI document": (
        {"main.py": PLAIN.format("openapi_url='/v1/openapi.json'")}, "/v1/openapi.json", "main.py:3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("files", "path", "where"), CASES.values(), ids=CASES)
def test_the_health_path_is_what_answers(tmp_path: Path, files: dict[str, str], path: str, where: str) -> None:
    found = detect(project(tmp_path, files)).answers.health

    assert (found.value, found.where) == (path, where)


def test_a_prefix_that_cannot_be_told_is_named(tmp_path: Path) -> None:
    files = {"app/main.py": INCLUDED.format("", "prefix_of()"), "app/api.py": API,
             "app/routes/utils.py": ROUTER.format("", "/ping")}  # fmt: skip
    found = detect(project(tmp_path, files))

    assert found.answers.health.value == ""
    assert [one.line for one in found.untold if "/ping (app/routes/utils.py:6) looks like" in one.what] == [
        'health = "/ping"'
    ]


@pytest.mark.parametrize(
    ("arguments", "docs", "untold"),
    [
        ("", "/docs", False),
        ("docs_url='/api/docs'", "/api/docs", False),
        ("docs_url=None", "", False),
        ("openapi_url=None", "", False),
        ("docs_url=settings.DOCS", "", True),
    ],
    ids=["default", "another", "none", "no document", "by settings"],
)
def test_the_documentation(tmp_path: Path, arguments: str, docs: str, untold: bool) -> None:
    found = detect(project(tmp_path, {"main.py": PLAIN.format(arguments)}))

    assert found.answers.docs.value == docs
    assert any("depends on the settings" in one.what for one in found.untold) == untold


@pytest.mark.parametrize(
    "code",
    [
        "options = {}\noptions['openapi_url'] = None\n",
        "def make(**kwargs):\n    kwargs.update({'openapi_url': None})\n",
    ],
    ids=["an item", "a dict"],
)
def test_a_document_that_is_turned_off_somewhere_is_told(tmp_path: Path, code: str) -> None:
    found = detect(project(tmp_path, {"main.py": code + PLAIN.format("**options")}))

    assert [one.line for one in found.untold if "turns the OpenAPI document off" in one.what] == ['docs = ""']
    assert [one.line for one in found.untold if "the service is never ready" in one.what] == ['health = "/health"']


@pytest.mark.parametrize(
    ("hosts", "host", "untold"),
    [
        ("['shop.example.com', '*.example.com']", "shop.example.com", False),
        ("['shop.example.com', 'localhost']", "localhost", False),
        ("['shop.example.com', '127.0.0.1']", "", False),
        ("['*']", "", False),
        ("settings.HOSTS", "", True),
    ],
    ids=["a name", "this machine", "its address", "all", "by settings"],
)
def test_the_host_that_the_service_answers_to(tmp_path: Path, hosts: str, host: str, untold: bool) -> None:
    code = PLAIN.format("") + f"app.add_middleware(TrustedHostMiddleware, allowed_hosts={hosts})\n"
    found = detect(project(tmp_path, {"main.py": code}))

    assert found.answers.host.value == host
    assert any("only to certain hosts" in one.what for one in found.untold) == untold
