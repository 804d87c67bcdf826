"""Images on an engine: what is read of them, and how they are asked for."""

import json
from typing import Any

import pytest

from slipway.core.errors import Problem
from slipway.engine import images
from slipway.engine.images import EngineImage
from tests.slipway.engine.support import Answers

FACTS: dict[str, Any] = {
    "Id": "sha256:1d",
    "RepoDigests": ["localhost:5000/shop@sha256:aa", "shop@sha256:bb"],
    "Created": "2026-01-02T03:04:05Z",
    "Config": {"User": "65532:65532", "Labels": {"a": "b"}},
    "RootFS": {"Type": "layers", "Layers": ["sha256:l1", "sha256:l2"]},
}


def test_an_image_is_read_of_what_docker_prints() -> None:
    assert EngineImage.of(FACTS) == EngineImage(
        id="sha256:1d", pinned=("localhost:5000/shop@sha256:aa", "shop@sha256:bb"), labels={"a": "b"},
        user="65532:65532", created="2026-01-02T03:04:05Z", layers=("sha256:l1", "sha256:l2"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "nothing", [{}, {"Config": None, "RepoDigests": None, "RootFS": None}, {"Config": {"User": "", "Labels": None}}]
)
def test_what_an_image_does_not_say_is_empty_and_its_user_root(nothing: dict[str, Any]) -> None:
    assert EngineImage.of({"Id": "sha256:1d", **nothing}) == EngineImage("sha256:1d", (), {}, "0", "", ())


def test_an_image_is_known_by_its_digests_and_its_id() -> None:
    assert EngineImage.of(FACTS).identities == ["sha256:aa", "sha256:bb", "sha256:1d"]
    assert EngineImage.of({"Id": "sha256:1d"}).identities == ["sha256:1d"]


@pytest.mark.parametrize("name", ["shop", "shop:1.4", "docker.io/library/shop:1.4"])
def test_under_a_name_an_image_is_known_by_the_digests_that_it_has_there(name: str) -> None:
    assert EngineImage.of(FACTS).identities_as(name) == ["sha256:bb", "sha256:1d"]
    assert EngineImage.of(FACTS).identities_as("localhost:5000/shop:1") == ["sha256:aa", "sha256:1d"]
    assert EngineImage.of(FACTS).identities_as("python:3.13-slim") == ["sha256:1d"]


def test_the_digest_that_names_an_image_is_the_first_that_it_is_known_by() -> None:
    image = EngineImage.of(FACTS | {"RepoDigests": ["shop@sha256:aa", "shop@sha256:bb"]})
    assert image.identities_as("shop:1") == ["sha256:aa", "sha256:bb", "sha256:1d"]
    assert image.identities_as("shop:1@sha256:bb") == ["sha256:bb", "sha256:aa", "sha256:1d"]


NONE = "Error response from daemon: No such image: x:1"


def test_several_images_are_looked_up_in_one_call_unless_one_is_missing() -> None:
    one, other = FACTS, FACTS | {"Id": "sha256:2d"}
    shell = Answers(json.dumps([one, other]))
    assert images.inspect_all(shell, "a", "b") == [EngineImage.of(one), EngineImage.of(other)]
    assert shell.asked == [["docker", "image", "inspect", "a", "b"]]
    found = images.inspect_all(Answers("", json.dumps([one]), "", said=NONE), "a", "b")
    assert found == [EngineImage.of(one), None]
    assert images.inspect_all(Answers()) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (images.inspect_command("x:1"), "docker image inspect x:1"),
        (images.inspect_command("x:1", "{{.Id}}"), "docker image inspect --format {{.Id}} x:1"),
        (images.list_command(name="x", form="{{.Tag}}"), "docker image ls --format {{.Tag}} x"),
        (images.list_command(form="{{.Tag}}", digests=True), "docker image ls --digests --format {{.Tag}}"),
        (
            images.list_command("label=a=b", "label=c", name="x", form="{{.Tag}}"),
            "docker image ls --format {{.Tag}} --filter label=a=b --filter label=c x",
        ),
        (images.pull_command("x:1"), "docker pull --quiet x:1"),
        (images.push_command("r/x:1"), "docker push --quiet r/x:1"),
        (images.tag_command("sha256:1d", "x:1"), "docker tag sha256:1d x:1"),
        (images.remove_command("x:1", "x:2"), "docker image rm x:1 x:2"),
        (images.save_command("x:1", "/tmp/x.tar"), "docker save --output /tmp/x.tar x:1"),
        (images.load_command("/tmp/x.tar"), "docker load --quiet --input /tmp/x.tar"),
        (
            images.ask_command("x:1", "python", "-I", "-c", "pass"),
            "docker run --rm --network none --read-only --cap-drop ALL --entrypoint python x:1 -I -c pass",
        ),
    ],
)
def test_commands(command: list[str], words: str) -> None:
    assert command == words.split()


def test_the_command_of_the_history() -> None:
    assert images.history_command("x:1") == [
        "docker", "history", "--no-trunc", "--human=false", "--format", "{{json .}}", "x:1",
    ]  # fmt: skip


def test_an_image_that_is_not_there_is_none_or_a_problem() -> None:
    assert images.inspect(Answers(json.dumps([FACTS])), "x:1") == EngineImage.of(FACTS)
    assert images.existing(Answers(json.dumps([FACTS])), "x:1") == EngineImage.of(FACTS)
    assert images.inspect(Answers("", said=NONE), "x:1") is None
    shell = Answers("", json.dumps([FACTS]), said="context canceled")
    assert images.inspect(shell, "x:1") == EngineImage.of(FACTS)  # one answer that was lost is asked for again
    for ask in (images.inspect, images.built_id, lambda shell, tag: images.label(shell, tag, "a.b")):
        with pytest.raises(Problem, match=r"context canceled(.|\n)*could not be asked"):
            ask(Answers("", "", said="context canceled"), "x:1")
    with pytest.raises(Problem, match="No such image"):
        images.existing(Answers("", said="Error: No such image: x:1"), "x:1")


def test_a_label_is_told_apart_from_an_image_that_is_not_there() -> None:
    shell = Answers("1.2.3", "", said=NONE)

    assert [images.label(shell, "x:1", "a.b"), images.label(shell, "x:1", "a.b")] == ["1.2.3", None]
    assert shell.asked[0] == ["docker", "image", "inspect", "--format", '{{index .Config.Labels "a.b"}}', "x:1"]


def test_the_history_begins_with_the_first_step() -> None:
    shell = Answers('{"CreatedBy": "last"}\n{"CreatedBy": "first"}')

    assert images.history(shell, "x:1") == [{"CreatedBy": "first"}, {"CreatedBy": "last"}]


def test_tags_are_put_back_where_they_meant_something_else() -> None:
    shell = Answers("sha256:1d", "sha256:new", "done", "sha256:new", "done")

    images.put_back(shell, {"x:same": "sha256:1d", "x:moved": "sha256:2d", "x:made": ""})

    changes = [command for command in shell.asked if command[1:3] != ["image", "inspect"]]
    assert changes == [["docker", "tag", "sha256:2d", "x:moved"], ["docker", "image", "rm", "x:made"]]
