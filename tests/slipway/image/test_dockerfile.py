"""The base image of a Dockerfile that is not Slipway's."""

import pytest

from slipway.image import dockerfile


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("FROM python:3.12-slim\n", "python:3.12-slim"),
        ("FROM a AS build\nRUN x\n\nFROM --platform=linux/amd64 b:1\nCOPY --from=build /x /x\n", "b:1"),
        ("FROM a as Base\nFROM base AS end\n", "a"),
        ("ARG TAG=3.12\nFROM python:${TAG}-slim\n", "python:3.12-slim"),
        ('ARG TAG="3.12"\nFROM python:$TAG\n', "python:3.12"),
        ("FROM python:${TAG:-3.11}\n", "python:3.11"),
        ("FROM python:${TAG}\nARG TAG=3.12\n", ""),
        ("FROM scratch\n", ""),
        ("# nothing\n", ""),
    ],
    ids=["one", "stages", "alias", "argument", "bare", "default", "later", "scratch", "none"],
)
def test_the_image_that_the_last_stage_is_built_on(text: str, base: str) -> None:
    assert dockerfile.base(text, {}) == base


@pytest.mark.parametrize(("target", "base"), [("Prod", "b:1"), ("dev", "b:1"), ("build", "a"), ("none", "")])
def test_the_image_that_a_named_stage_is_built_on(target: str, base: str) -> None:
    text = "FROM a AS build\nFROM b:1 AS prod\nFROM prod AS dev\nFROM c AS end\n"
    assert dockerfile.base(text, {}, target) == base


def test_an_argument_of_the_build_takes_the_place_of_a_default() -> None:
    text = "ARG TAG=3.12\nFROM python:${TAG}\n"
    assert dockerfile.base(text, {"TAG": "3.13", "OTHER": "x"}) == "python:3.13"
