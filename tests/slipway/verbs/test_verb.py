"""The options of all verbs: their letters, and what is no option of theirs."""

import string

import pytest
from invoke.collection import Collection
from invoke.parser.context import ParserContext
from invoke.program import Program
from invoke.tasks import Task

import tasks
from slipway.verbs.line import OF_INVOKE, behind, flags
from slipway.verbs.mistakes import after_dashes, alike, option
from slipway.verbs.verb import SHORT, Verb
from tests.support import ROOT, Checkout

VERBS: dict[str, Task] = dict(Collection.from_module(tasks).tasks)  # type: ignore[type-arg]
CORE = {name for one in [*Program().core_args(), *Program().task_args()] for name in one.names if len(name) == 1}


def test_a_letter_is_one_option_in_every_verb_and_documented() -> None:
    found = {(name, one.names[0]) for verb in VERBS.values() for one in verb.get_arguments() for name in one.names[1:]}
    assert found == {(letter, name) for name, letter in SHORT.items()}
    assert len(set(SHORT.values())) == len(SHORT)
    text = (ROOT / "README.md").read_text().partition("Options have few letters")[2].partition("\n\n")[0]
    for name, letter in SHORT.items():
        assert f"`-{letter}`" in text
        assert f"`--{name}`" in text


@pytest.mark.parametrize("name", sorted(VERBS))
def test_no_letter_behind_a_verb_is_taken_for_invokes_own(name: str) -> None:
    assert isinstance(VERBS[name], Verb)
    arguments = VERBS[name].get_arguments()
    names = ["x" for one in arguments if one.positional]
    for letter in {*CORE, *string.ascii_letters} - OF_INVOKE:
        own = f"-{letter}" in flags(arguments)
        assert behind([*names, f"-{letter}"], arguments)[0] == ("" if own else f"-{letter}")


def test_letters_are_found_among_values_and_other_verbs() -> None:
    logs, down = (VERBS[name].get_arguments() for name in ("logs", "down"))
    for tokens in ("--context -c -n -p", "-fn5 --runtime=-x", "-n=-1 -f", "-fh", "-- -x", ""):
        assert behind(tokens.split(), logs) == ("", [])
    assert behind(["-fpn", "5"], logs) == ("-p", ["5"])
    assert behind(["-f", "down", "-p"], logs) == ("", ["down", "-p"])
    assert behind(["-yp"], down)[0] == "-p"


def test_what_was_meant_is_named() -> None:
    named = {"up": ("-p", "--port or --prod"), "deploy": ("-c", "--context"), "revision": ("--mesage", "--message")}
    for name, (word, meant) in named.items():
        said = option(VERBS[name], VERBS[name].get_arguments(), word, [name, word])
        assert said == f"{name} has no {word}; did you mean {meant}? ./inv --help {name}"
    assert option(VERBS["up"], VERBS["up"].get_arguments(), "-x", ["up", "-x"]) == "up has no -x. ./inv --help up"
    assert alike("--vol", ["--volumes", "--yes"]) == ["--volumes"]
    assert alike("upp", ["up", "ps", "deploy"]) == ["up"]
    assert alike("-", ["--volumes"]) == []


def test_arguments_of_another_program_stand_behind_the_dashes() -> None:
    test = VERBS["test"]
    said = option(test, test.get_arguments(), "-k", ["test", "--image", "-k", "a b", "--", "-x"])
    assert said == "test has no -k. What is for pytest stands behind --: ./inv test --image -- -k 'a b' -x"
    assert after_dashes("psql", ["psql", "-At"], "-t").endswith("./inv psql -- -At")
    assert after_dashes("pytest", ["test", "--lf=x"], "--lf").endswith("./inv test -- --lf=x")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("deploy -c elsewhere", "deploy has no -c; did you mean --context? ./inv --help deploy\n"),
        ("migrate -p", "migrate has no -p; did you mean --plan or --prod? ./inv --help migrate\n"),
        ("test -p", "test has no -p. What is for pytest stands behind --: ./inv test -- -p\n"),
        ("--dry down", "--dry is for tasks that call Invoke's run(): down would do everything. Nothing was done.\n"),
        ("deploy --tag=", "--tag needs a value, and was given an empty one.\n"),
    ],
)
def test_plain_invoke_does_nothing_then(little: Checkout, line: str, said: str) -> None:
    done = little.inv(*line.split())
    assert (done.returncode, done.stdout, done.stderr) == (1, "", said)
    assert not (little.root / ".slipway").exists()


def test_a_list_is_given_values_and_a_task_of_ones_own_is_invokes(little: Checkout) -> None:
    tasks_file = (little.root / "tasks.py").read_text()
    own = "from invoke import task\n\n\n@task\ndef hello(c, pretty='', times=1):\n    c.run(pretty)\n"
    little.write("tasks.py", f"{tasks_file}\n\n{own}")
    assert little.inv("hello", "-p", "echo hi").stdout == "hi\n"
    wrong = little.inv("hello", "-t", "x")
    assert (wrong.returncode, wrong.stderr) == (1, "--times is a whole number, not 'x'.\n")
    assert "needed value and was not given one" in little.inv("build", "--build-arg").stderr
    context = ParserContext("psql", args=VERBS["psql"].get_arguments())
    assert context.args["command"].value == []
    for sql in ("SELECT 1", "SELECT 2"):
        context.flags["-c"].value = sql
    assert context.as_kwargs["command"] == ["SELECT 1", "SELECT 2"]
