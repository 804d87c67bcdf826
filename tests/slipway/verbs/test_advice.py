"""What messages and documentation advise: verbs that there are, with options that they have."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.collection import Collection

import tasks
from slipway.schema.words import DEPLOYS, VERBS, in_environment
from slipway.verbs.advice import FILES, in_context
from slipway.verbs.line import OF_INVOKE, flags
from tests.support import ROOT

# A verb as a message writes it, and its options up to the end of the command.
WORD = r"--?[a-z][a-z-]*|[A-Z][A-Z.]*|\{[^}]*\}|[0-9.]+"
CALL = re.compile(rf"(?:\./|[`(\"' ])inv ([a-z]+)((?: (?:{WORD}))*)(?= --[ '\"]|[^\w]|$)")
TASKS = Collection.from_module(tasks).tasks
OPTIONS = {name: flags(verb.get_arguments(ignore_unknown_help=True)) for name, verb in TASKS.items()}


def texts() -> Iterator[Path]:
    """Yield the files in which verbs are advised."""
    yield from [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".env.example", *(ROOT / "docs").glob("*.md")]
    yield from sorted((ROOT / "slipway").rglob("*.py"))


def advised(text: str) -> Iterator[tuple[str, str]]:
    """Yield each verb with each option that a text has it called with."""
    joined = re.sub(r"[\"']\s*\n\s*f?[\"']", "", text)  # a message that goes on in the next line
    for verb, rest in CALL.findall(joined):
        for option in re.findall(r" (--?[a-z][a-z-]*)", rest):
            yield verb, option


@pytest.mark.parametrize("file", list(texts()), ids=lambda one: str(one.relative_to(ROOT)))
def test_no_option_is_advised_that_a_verb_has_not(file: Path) -> None:
    known = [(verb, option) for verb, option in advised(file.read_text()) if verb in OPTIONS]
    core = {"--help", *(f"-{letter}" for letter in OF_INVOKE)}
    assert [(verb, option) for verb, option in known if option not in {*OPTIONS[verb], *core}] == []


def test_options_are_found_where_they_are_advised() -> None:
    text = """raise Problem(f"Look: ./inv migrate --plan --to {to}, or `inv up --prod`, "
                            "./inv down "
                            "--volumes")"""
    assert list(advised(text)) == [("migrate", "--plan"), ("migrate", "--to"), ("up", "--prod"), ("down", "--volumes")]


def test_verbs_whose_environment_is_named_have_the_option() -> None:
    assert [verb for verb in VERBS if not {"--prod", "--env"} <= OPTIONS[verb].keys()] == []
    assert [verb for verb in DEPLOYS if "--env" not in OPTIONS[verb]] == []
    assert [verb for verb in (*VERBS, *DEPLOYS) if "--context" not in OPTIONS[verb]] == [*FILES]
    told = "./inv up, ./inv deploy --yes, ./inv down --prod"
    assert in_environment(told, "dev") == told
    assert in_environment(told, "prod") == "./inv up --prod, ./inv deploy --yes, ./inv down --prod"
    wanted = "./inv up --env staging, ./inv deploy --env staging --yes, ./inv down --prod"
    assert in_environment(told, "staging") == wanted


def test_docker_commands_of_a_message_name_their_context() -> None:
    told = (
        "Why: docker service ps --no-trunc a_web; docker node update --label-rm x n1. On n1: docker ps, docker volume "
        "ls. Then ./inv nodes --env qa or ./inv status --prod, ./inv deploy --context n2, ./inv export"
    )
    assert in_context(told, "", given=False) == told
    named = in_context(told, "prod 1", given=False)
    assert "Why: docker --context 'prod 1' service ps --no-trunc a_web; docker --context 'prod 1' node up" in named
    assert named.endswith(told[told.index("--label-rm") :])  # on a node, and verbs in whose environment the context is
    assert in_context(named, "prod 1", given=False) == named
    assert in_context(told, "n2", given=True).endswith(
        "./inv nodes --env qa --context n2 or ./inv status --prod --context n2, ./inv deploy --context n2, ./inv export"
    )
