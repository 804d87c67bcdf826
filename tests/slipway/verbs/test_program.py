"""What `./inv` says: the verbs by stage, help with values, and what was meant by a line that cannot be."""

import shutil
import subprocess

import pytest
from invoke import __version__ as of_invoke
from invoke.collection import Collection

import tasks
from slipway import __version__
from slipway.verbs.line import VALUES
from tests import support
from tests.support import Checkout

OWN = '\n\nfrom invoke import task\n\n\n@task\ndef greet_all(c, name, pretty=False, times=1):\n    """Say hello."""\n'


@pytest.fixture
def launched(little: Checkout) -> Checkout:
    """Give a project whose launcher has this environment's packages."""
    support.launched(little.root)
    return little


def inv(checkout: Checkout, *args: str, **env: str) -> "subprocess.CompletedProcess[str]":
    """Call a project's launcher from the folder above."""
    return subprocess.run(
        [checkout.root / "inv", *args], cwd=checkout.root.parent, env=checkout.environ(COLUMNS="100", **env),
        capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


WRONG = {
    "upp": "There is no verb 'upp'; did you mean up? ./inv --list shows all.",
    "--help upp": "There is no verb 'upp'; did you mean up? ./inv --list shows all.",
    "help xyz": "There is no verb 'xyz'. ./inv --list shows all.",
    "up --prot": "up has no --prot; did you mean --port or --prod? ./inv --help up",
    "up -p": "up has no -p; did you mean --port or --prod? ./inv --help up",
    "up -c": "up has no -c; did you mean --context? ./inv --help up",
    "test -T": "test has no -T. What is for pytest stands behind --: ./inv test -- -T",
    "ps -r": "ps has no -r; did you mean --runtime? ./inv --help ps",
    "rollback --yes": "rollback asks nothing: leave --yes out. ./inv --help rollback",
    "nodes --prod": "nodes is about production unless --env names another one: leave --prod out. ./inv --help nodes",
    "up -y": "up asks nothing: leave -y out. ./inv --help up",
    "up prod": "up takes no 'prod'; did you mean --prod? ./inv --help up",
    "up dev": "up takes no 'dev'; did you mean --env? ./inv --help up",
    "down upp": "down takes no 'upp'; did you mean up? ./inv --help down",
    "test tests/x.py": "test takes no 'tests/x.py'. What is for pytest stands behind --: ./inv test -- tests/x.py",
    "down test --image -k x -- -v": "test has no -k. What is for pytest stands behind --: "
    "./inv down test --image -- -k x -v",
    "psql -d postgres": "psql has no -d. What is for psql stands behind --: ./inv psql -- -d postgres",
    "up --port": "up: --port needs a value: --port PORT. ./inv --help up",
    "build --build-arg": "build: --build-arg needs a value: --build-arg NAME=VALUE. ./inv --help build",
    "up --port=": "--port needs a value, and was given an empty one.",
    "logs --follow=3": "logs: --follow takes no value, and was given '3'. ./inv --help logs",
    "rotate": "rotate needs NAME: ./inv rotate NAME. ./inv --help rotate",
    "--prod up": "--prod stands behind its verb: ./inv up --prod",
    "--foo up": "There is no option --foo before a verb: ./inv --help",
    "up --port x": "--port is a whole number from 1 to 65535, not 'x'.",
    "deploy --scale x": "--scale is a whole number from 1 to 500, of web, or names each process once, as "
    "web=3,worker=2; not 'x'.",
    "run": "There is no command to run. An example: ./inv run -- python -m app.reports --month 2026-10",
    "run ls": "run takes no 'ls'. What is for the command stands behind --: ./inv run -- ls",
    "python x.py": "python takes no 'x.py'. What is for python stands behind --: ./inv python -- x.py",
    "rotate X --bake -1": "--bake is a whole number from 0 to 86400, not '-1'.",
    "logs --lines 0": "--lines is a whole number from 1 to 1000000, not '0'.",
    "-r /other/shop up": "This ./inv works on the project in its own folder, {root}. For another project, call its "
    "own: /other/shop/inv",
    "--search-root=../a;b --list": "This ./inv works on the project in its own folder, {root}. For another project, "
    "call its own: '../a;b/inv'",
    "up --search-root /other": "up has no --search-root. ./inv --help up",
    "down --collection=x up": "down has no --collection. ./inv --help down",
    "up --complete": "up has no --complete. ./inv --help up",
    "--warn-only -T 3 status": "--command-timeout and --warn-only: of use to tasks that call Invoke's run() alone, not "
    "to status. ./inv --help",
    "-D": "--list-depth needs a value. ./inv --help",
    "-T x status": "--command-timeout is a whole number, not 'x'.",
    "-l -F xml": "--list-format is flat, nested, json, not 'xml'.",
    "-f nothing.yaml status": "--config names a file of Invoke's, .yaml, .yml, .json or .py; 'nothing.yaml' is none.",
    "completion tcsh": "There is completion for bash, fish, zsh, not for 'tcsh'.",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_was_meant_is_said_and_nothing_is_done(launched: Checkout, line: str) -> None:
    done = inv(launched, *line.split())
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"{WRONG[line].format(root=launched.root)}\n")
    assert not (launched.root / ".slipway/dev").exists()
    assert not (launched.root / ".env").exists()


def test_the_verbs_are_listed_by_stage_and_ones_own_apart(launched: Checkout) -> None:
    launched.write("tasks.py", (launched.root / "tasks.py").read_text() + OWN)
    listed = inv(launched)
    assert listed.returncode == 0, listed.stderr
    at = [listed.stdout.index(f"\n{heading}:\n") for heading in [*tasks.STAGES, "Your own"]]
    assert at == sorted(at)
    assert "\n  up            Start database, migrations and service; print the URLs.\n" in listed.stdout
    assert listed.stdout[at[-1] :].splitlines()[2] == "  greet-all     Say hello."
    for same in (["--list"], ["help"]):
        assert inv(launched, *same).stdout == listed.stdout
    assert listed.stdout.strip() in inv(launched, "--help").stdout
    assert '"name": "greet-all"' in inv(launched, "--list", "--list-format", "json").stdout
    asked = inv(launched, "--help", "greet-all").stdout
    assert asked.startswith("Usage: ./inv greet-all NAME [--options]\n\n  Say hello.\n")
    assert "  -t, --times TIMES" in asked
    for wrong in (["--times", "x"], ["--times=x"], ["-tx"]):
        refused = inv(launched, "greet-all", "Bo", *wrong)
        said = (refused.returncode, refused.stdout, refused.stderr)
        assert said == (1, "", "--times is a whole number, not 'x'.\n")


def test_the_version_is_slipways(launched: Checkout) -> None:
    assert inv(launched, "--version").stdout == f"Slipway {__version__} (Invoke {of_invoke})\n"


def test_every_verb_has_a_stage() -> None:
    staged = [verb.name for verbs in tasks.STAGES.values() for verb in verbs]
    assert sorted(staged) == sorted(Collection.from_module(tasks).tasks)


def test_help_has_values_and_letters(launched: Checkout) -> None:
    asked = inv(launched, "--help", "build").stdout
    assert asked.startswith("Usage: ./inv build [--options]\n\n  Build the production image")
    assert "\n      --build-arg NAME=VALUE " in asked
    assert "\n      --tag TAG " in inv(launched, "deploy", "--help").stdout
    assert "\n  -y, --yes " in inv(launched, "help", "deploy").stdout
    assert inv(launched, "--help", "psql").stdout.startswith("Usage: ./inv psql [--options] [-- what psql takes]\n")
    assert inv(launched, "--help", "run").stdout.startswith("Usage: ./inv run [--options] -- COMMAND\n")
    for line in ("--help rotate", "rotate --help", "rotate -h", "help rotate", "completion bash rotate --help"):
        assert inv(launched, *line.split()).stdout.startswith("Usage: ./inv rotate NAME [--options]\n")


def test_values_have_a_name_each() -> None:
    taken = {
        one.names[0]
        for verb in Collection.from_module(tasks).tasks.values()
        for one in verb.get_arguments(ignore_unknown_help=True)
        if one.takes_value
    }
    assert taken == VALUES.keys()


def test_plain_invoke_shows_the_verbs_as_well(little: Checkout) -> None:
    for args in ((), ("help",)):
        done = little.inv(*args)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: ./inv VERB [--options]\n\nRun it, with Docker or without:\n  up ")
    assert little.inv("help", "down").stdout.startswith("Usage: ./inv down ")


def test_the_tab_key_waits_for_no_environment(little: Checkout) -> None:
    done = inv(little, "--complete", "--", "inv", "u")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (little.root / ".slipway/venv").exists()


def test_what_is_begun_with_dashes_is_completed(launched: Checkout) -> None:
    said = inv(launched, "--complete", "--", "inv", "ps", "--").stdout
    assert said.split() == ["--context", "--env", "--prod", "--runtime"]
    assert inv(launched, "--complete", "--", "inv", "test", "--", "").stdout == ""


def test_a_narrow_terminal_has_room_for_help(launched: Checkout) -> None:
    for verb in ("up", "deploy"):
        done = subprocess.run(
            ["script", "--quiet", "--return", "--command", f"stty cols 20; ./inv --help {verb}", "/dev/null"],
            cwd=launched.root, env=launched.environ(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, "Traceback" in done.stdout) == (0, False), done.stdout


SHELLS = {
    "bash": 'eval "$(./inv completion bash)"; complete -p inv >&2; COMP_WORDS=(./inv {words}); '
    'COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _inv ./inv "${{COMP_WORDS[COMP_CWORD]}}"; echo "${{COMPREPLY[@]}}"',
    "fish": './inv completion fish | source; complete --do-complete "./inv {words}"',
    "zsh": """zmodload zsh/zpty; zpty shell zsh -f; zpty -w shell "cd ${{(q)PWD}}; PS1=; autoload compinit; compinit -D"
        zpty -w shell "source <(./inv completion zsh); print rea''dy"; zpty -r shell all '*ready*'
        zpty -w -n shell $'./inv {words}\\t'; zpty -r shell all '*{found} '; print -r -- {found}""",
}


COMPLETED = {
    "sta": "status",
    "up --pr": "--prod",
    "up --runtime h": "host",
    "completion z": "zsh",
    "test -- te": "tenth",
}


@pytest.mark.parametrize(("words", "found"), COMPLETED.items())
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_complete_what_is_called_by_its_path(launched: Checkout, shell: str, words: str, found: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    launched.write("tenth", "")
    done = subprocess.run(
        [shell, "-c", SHELLS[shell].format(words=words, found=found)], cwd=launched.root, stdin=subprocess.DEVNULL,
        env=launched.environ(TERM="dumb", HOME=str(launched.root)), capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    told = "" if found == "tenth" and shell == "bash" else found  # bash itself takes files then
    assert (done.stdout.strip(), done.stderr) == (told, "complete -o default -F _inv inv\n" * (shell == "bash"))
