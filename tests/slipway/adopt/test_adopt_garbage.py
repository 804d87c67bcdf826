"""Whatever is in a project's files, looking at it ends, and says what was not understood."""

import random
from pathlib import Path

import pytest

from slipway.adopt import files as module
from slipway.adopt.detect import detect
from slipway.adopt.files import MOST_BYTES, Files
from slipway.adopt.findings import Refused
from slipway.adopt.plan import plan
from slipway.adopt.report import findings, remaining
from tests.slipway.adopt.support import APP, ENV_PY, INI, PYPROJECT, SETTINGS, UV_LOCK, project, revision

GOOD: dict[str, str] = {
    "pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK, "app/main.py": APP, "app/config.py": SETTINGS, "alembic.ini": INI,
    "migrations/env.py": ENV_PY, "migrations/versions/a.py": revision("a1", None), "tests/conftest.py": "x = 1\n",
    "Dockerfile": "FROM python:3.13-slim\nENV A=b\nCOPY . .\nHEALTHCHECK CMD curl http://localhost/x\nCMD "
                  "[\"uvicorn\", \"app.main:app\"]\n",
    "compose.yaml": "services:\n  web:\n    build: {context: ., target: x}\n    environment: [A=b]\n    ports: "
                    "['1:2']\n",
    "scripts/start.sh": "A=${B:-$C}\nalembic upgrade head && python x.py\nexec uvicorn $A\n",
    "requirements.txt": "a==1\n",
    ".env": "A=1\nSECRET_KEY='x\n", ".env.example": "A=\n", "pytest.ini": "[pytest]\ntestpaths = a\n",
    ".gitignore": "x\n",
    "lint.sh": "mypy app\n", "tasks.py": "x\n",
}  # fmt: skip
READ = [  # each by a reader of its own
    "pyproject.toml", "uv.lock", "app/main.py", "app/config.py", "alembic.ini", "migrations/versions/a.py",
    "Dockerfile", "compose.yaml", "scripts/start.sh", "requirements.txt", ".env", ".env.example", "pytest.ini",
]  # fmt: skip
LONG = "a million"
BROKEN: dict[str, bytes] = {
    "nothing": b"",
    "latin-1": "é: [ü = ß\n".encode("latin-1"),
    "binary": bytes(range(256)) * 4,
    "nul": b"a = 1\0\n",
    "open": b"[[[{{{(((\"'''\n",
    "deep": b"[" * 5000,
    "deep calls": b"x = " + b"f(" * 3000 + b")" * 3000,
    LONG: b"a: [" + b"1," * 100_000,
    "a line": b"x" * 100_000,
    "dollars": b"A=${A:-${B:-${A}}}\nB=$A$B\n" * 50,
    "backslashes": b"RUN a \\\n" * 300,
    "returns": b"a = 1\r\rb: 2\r\n",
    "mark": b"\xef\xbb\xbfa = 1\n",
    "tables": b"tool = 1\nproject = []\nservices = 2\n",
    "services": b"services: [a, b]\n",
    "null": b"services:\n  web:\n  db: 3\n  x: {build: [], command: {}, ports: 4, environment: 5, healthcheck: 6}\n",
    "from": b"FROM\nFROM  AS\nENV\nENV =\nWORKDIR\nCMD\nCMD [1, {}]\nHEALTHCHECK CMD\nEXPOSE a\nCOPY\nCOPY <<E\n",
    "alembic": b"[alembic]\nscript_location = /\nversion_locations = ::: %(here)s\n[alembic]\n",
    "python": b"class A(A, B): pass\nclass B(A): x: A = f(\nfrom . import *\n",
    "circle": b"from pydantic_settings import BaseSettings\nclass A(B, BaseSettings):\n    b: 'B'\nclass B(A):\n"
    b"    a: A\nA()\n",
}


@pytest.mark.parametrize(
    "content", [text for kind, text in BROKEN.items() if kind != LONG], ids=[kind for kind in BROKEN if kind != LONG]
)
@pytest.mark.parametrize("name", READ)
def test_one_file_that_is_broken(tmp_path: Path, name: str, content: bytes) -> None:
    looked_at(project(tmp_path, GOOD | {name: content}))


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_all_of_them_broken(tmp_path: Path, content: bytes) -> None:
    looked_at(project(tmp_path, dict.fromkeys(GOOD, content)))


@pytest.mark.parametrize("seed", range(25))
def test_pieces_of_good_files_in_any_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    pieces = [line for text in GOOD.values() for line in text.splitlines(keepends=True)] + [
        "\t",
        "  ",
        "'",
        '"',
        "{",
        "]",
    ]
    looked_at(project(tmp_path, {name: "".join(chance.choices(pieces, k=chance.randrange(1, 25))) for name in GOOD}))


def looked_at(files: Files) -> None:
    """Go through all that adopting does but writing; what cannot be added to is refused."""
    found = detect(files)
    assert all(isinstance(line, str) for line in findings(found))
    try:
        made = plan(files, found, {"tasks.py": b"x", "inv": b"y"})
    except Refused:
        return
    assert remaining(made.untold) is not None


def test_links_are_not_followed(tmp_path: Path) -> None:
    project(tmp_path, {"app/main.py": APP})
    (tmp_path / "app/loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "out.py").symlink_to("/etc/passwd")

    assert Files(tmp_path).names == ("app/main.py",)


def test_the_project_comes_before_what_is_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 3)
    files = project(tmp_path, {f"a/{n}.py": "" for n in range(5)} | {"shop/main.py": APP, "shop/b.py": ""}, "shop")

    assert files.names == ("b.py", "main.py", "../a/0.py")
    assert "more than 3 files" in files.unread["."]


def test_environments_and_what_is_no_code_are_left_out(tmp_path: Path) -> None:
    files = project(tmp_path, {
        "main.py": APP, "my-env/pyvenv.cfg": "", "my-env/lib/a.py": APP, "node_modules/x/a.py": APP, ".git/a.py": APP,
        "tests/b.py": APP, "docs/c.py": APP, "test_d.py": APP,
    })  # fmt: skip

    assert files.code == ("main.py",)


def test_what_was_not_read_is_told(tmp_path: Path) -> None:
    files = project(tmp_path, {"main.py": APP, "big.py": "x" * (MOST_BYTES + 1), "new.py": "match x:\n  case\n"})
    (untold,) = [one for one in detect(files).untold if "could be read" in one.what]

    assert f"big.py: it has more than {MOST_BYTES} bytes" in untold.what
    assert "new.py: it is not Python as this Python reads it" in untold.what
