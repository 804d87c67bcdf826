"""The entrypoint of images: secrets, templates, and a process that becomes the command."""

import ast
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from slipway import entrypoint

URL = "postgresql+asyncpg://{user}:{password}@{host}:{port}/{name}"
HERE = {
    "DATABASE_HOSTNAME": "db", "DATABASE_PORT": "5433", "DATABASE_NAME": "shop", "DATABASE_USERNAME": "me",
    "DATABASE_PASSWORD": "p@ss/%w:rd",
}  # fmt: skip
RUN = (
    "import sys; from pathlib import Path; from slipway import entrypoint; "
    "entrypoint.main(sys.argv[2:], Path(sys.argv[1]))"
)


def begun(folder: Path, *command: str, **env: str) -> "subprocess.Popen[str]":
    """Begin the entrypoint in a process of its own, with the secrets of a folder."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), *command],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(entrypoint.__file__).parents[1]), **env},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ran(folder: Path, *command: str, **env: str) -> tuple[int, str, str]:
    """Run the entrypoint; return the status and both outputs."""
    process = begun(folder, *command, **env)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def secrets(folder: Path, **values: str) -> Path:
    """Write files of secrets."""
    for name, value in values.items():
        (folder / name).write_text(value)
    return folder


@pytest.mark.parametrize(
    ("template", "value"),
    [
        (URL, "postgresql+asyncpg://me:p%40ss%2F%25w%3Ard@db:5433/shop"),
        ("{password}", "p@ss/%w:rd"),
        ("host={host} port={port}", "host=db port=5433"),
        ("postgresql://{host}/{name}?sslmode={sslmode}", "postgresql://db/shop?sslmode=prefer"),
        ("plain", "plain"),
    ],
)
def test_a_template_is_filled_in(template: str, value: str) -> None:
    assert entrypoint.rendered({"IT": template}, HERE) == {"IT": value}


def test_a_url_says_what_it_is_made_of() -> None:
    values = HERE | {"DATABASE_HOSTNAME": "fd00::1", "DATABASE_PASSWORD": "{user} #?&é", "DATABASE_PORT": ""}
    parts = urlsplit(entrypoint.rendered({"URL": URL}, values)["URL"])

    assert (parts.hostname, parts.port, unquote(parts.password or "")) == ("fd00::1", 5432, "{user} #?&é")
    assert entrypoint.rendered({"HOST": "{host}"}, values) == {"HOST": "fd00::1"}


def test_what_is_not_known_is_empty_and_without_a_host_nothing_is_rendered() -> None:
    assert entrypoint.rendered({"URL": URL}, {"DATABASE_HOSTNAME": "db"}) == {"URL": "postgresql+asyncpg://:@db:5432/"}
    assert entrypoint.rendered({"URL": URL}, {"DATABASE_HOSTNAME": ""}) == {}


def test_secrets_become_variables_where_none_has_a_value(tmp_path: Path) -> None:
    secrets(tmp_path, TOKEN="abc\n", lower="x", OTHER="file", EMPTY="file", **{"..data": "no", "a-b": "no"})
    (tmp_path / "FOLDER").mkdir()
    given = {entrypoint.SECRETS_AS: "environment", "OTHER": "given", "EMPTY": ""}

    found = entrypoint.environment(given, tmp_path)

    assert found == given | {"TOKEN": "abc", "lower": "x", "OTHER": "given", "EMPTY": "file"}


def test_a_service_that_reads_files_gets_what_is_rendered_of_them_alone(tmp_path: Path) -> None:
    secrets(tmp_path, DATABASE_PASSWORD="s3cret", TOKEN="abc")
    given = {"DATABASE_HOSTNAME": "db", entrypoint.RENDER: json.dumps({"PW": "{password}"}), "PW": "of .env"}

    assert entrypoint.environment(given, tmp_path) == given | {"PW": "s3cret"}
    assert entrypoint.environment({"A": "1"}, tmp_path) == {"A": "1"}


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"SLIPWAY_RENDER": "{"}, "SLIPWAY_RENDER is no JSON"),
        ({"SLIPWAY_RENDER": '{"A": 1}'}, "no JSON table of texts"),
        ({"SLIPWAY_RENDER": '{"A": "{pass}"}'}, "A has {pass}; known are {user}"),
    ],
)
def test_what_cannot_be_rendered_is_one_line_and_a_status(tmp_path: Path, env: Mapping[str, str], said: str) -> None:
    status, out, err = ran(tmp_path, "true", **env)

    assert (status, out, err.count("\n")) == (125, "", 1)
    assert said in err


def test_a_secret_that_cannot_be_read_is_one_line_and_a_status(tmp_path: Path) -> None:
    (tmp_path / "TOKEN").write_bytes(b"a\0b")

    status, _, err = ran(tmp_path, "true", SLIPWAY_SECRETS_AS="environment")

    assert (status, err) == (125, f"slipway: {tmp_path}/TOKEN has a NUL, which no variable can hold.\n")


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_closed_file_is_named(tmp_path: Path) -> None:
    secrets(tmp_path, TOKEN="x")
    (tmp_path / "TOKEN").chmod(0)

    status, _, err = ran(tmp_path, "true", SLIPWAY_SECRETS_AS="environment")

    assert (status, err) == (125, f"slipway: {tmp_path}/TOKEN cannot be read: Permission denied.\n")


def test_it_becomes_the_command_with_its_arguments(tmp_path: Path) -> None:
    secrets(tmp_path, DATABASE_PASSWORD="p@ss", TOKEN="äöü ")
    templates = {"DATABASE_URL": "postgresql://{user}:{password}@{host}/{name}"}
    show = "import os, sys, json; print(json.dumps([sys.argv[1:], os.getpid(), dict(os.environ)]))"
    env = HERE | {"SLIPWAY_SECRETS_AS": "environment", "SLIPWAY_RENDER": json.dumps(templates)}
    del env["DATABASE_PASSWORD"]

    process = begun(tmp_path, sys.executable, "-c", show, "a b", "", "--c", **env)
    out, _ = process.communicate(timeout=60)
    arguments, pid, values = json.loads(out)

    assert (arguments, pid) == (["a b", "", "--c"], process.pid)
    assert (values["DATABASE_URL"], values["TOKEN"]) == ("postgresql://me:p%40ss@db/shop", "äöü")
    assert json.loads(values["SLIPWAY_RENDER"]) == templates  # for a scratch database


def test_signals_reach_the_command(tmp_path: Path) -> None:
    process = begun(tmp_path, "sh", "-c", "trap 'echo heard; exit 7' TERM; echo ready; while :; do sleep 0.1; done")
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)

    assert process.communicate(timeout=60)[0] == "heard\n"
    assert process.returncode == 7


def test_a_command_is_ended_by_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    assert ran(tmp_path, "sh", "-c", "kill -PIPE $$; echo went on")[0] == -signal.SIGPIPE


def test_a_command_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").write_text("")

    assert ran(tmp_path, "no-such-program", "x")[::2] == (
        127, "slipway: there is no program 'no-such-program' here, in PATH or as a file.\n"
    )  # fmt: skip
    status, _, err = ran(tmp_path, str(tmp_path / "closed"))
    assert (status, "Permission denied" in err) == (126, True)
    assert ran(tmp_path)[::2] == (
        125, "slipway: there is no command to run: python -m slipway.entrypoint COMMAND ARGUMENTS...\n"
    )  # fmt: skip


def test_it_runs_as_a_module_and_as_a_file(tmp_path: Path) -> None:
    file = str(Path(entrypoint.__file__))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(file).parents[1])}
    for words in (["-m", "slipway.entrypoint"], ["-I", file]):
        done = subprocess.run(
            [sys.executable, *words, "echo", "hello"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60
        )
        assert (done.stdout, done.stderr, done.returncode) == ("hello\n", "", 0)


def test_it_is_of_python_3_10_and_its_standard_library() -> None:
    tree = ast.parse(Path(entrypoint.__file__).read_bytes(), feature_version=(3, 10))
    names = [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names - {"tomllib"}
