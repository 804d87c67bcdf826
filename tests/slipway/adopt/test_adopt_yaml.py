"""YAML, read with the standard library alone, as PyYAML reads it."""

from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml  # type: ignore[import-untyped]

from slipway.adopt import yaml
from slipway.adopt.composefile import services
from tests.slipway.adopt.support import project
from tests.support import ROOT

TEXTS = {
    "blocks": "a:\n  b: 1\n  c:\n  - x\n  - y: 1\n    z: 2\n  -\n    w: 3\nd: e # f\n",
    "a list of lists": "- - a\n  - b\n- [c, d]\n",
    "quotes": "a: 'it''s # no comment'\nb: \"x\\ty: z\"\n'c d': e\n",
    "brackets": "a: [1, 'b, c', {d: e}]\nb: {c: d, e: [f]}\nc: []\nd: {}\n",
    "brackets over lines": "a: [\n  one,\n  two # it's a comment\n]\nb: 1\n".replace(" # it's a comment", ""),
    "an apostrophe behind": "a: {b: c}  # PostgreSQL's own\nd: [e]  # that's it\nf: g\n",
    "texts over lines": "a: one\n  two\nb: |\n  x\n    y\n\n  z\nc: >-\n  p\n  q\nd: e\n",
    "nothing": "a:\nb: ~\nc: null\nd: ''\n",
    "anchors": "x: &x\n  a: 1\n  b: 2\ny:\n  <<: *x\n  b: 3\nz: {<<: *x, c: 4}\nw: *x\n",
    "several": "x: &x {a: 1}\ny: &y {a: 2, b: 3}\nz:\n  <<: [*x, *y]\n",
    "a document": "%YAML 1.2\n---\na: b\n...\n",
    "colons": "a: b:c\nd: http://e:80/f\ng: '8000:80'\n- h\n".replace("- h\n", ""),
    "empty": "# nothing\n",
}


def plain(value: Any) -> Any:
    """Return a value as texts, with no more than one space in a row."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return None if value is None else " ".join(str(value).split())


class Texts(pyyaml.SafeLoader):  # type: ignore[misc]
    """PyYAML, which takes scalars for texts, and knows merges and what is null."""


KNOWN = ("tag:yaml.org,2002:merge", "tag:yaml.org,2002:null")
Texts.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag in KNOWN]
    for first, known in pyyaml.SafeLoader.yaml_implicit_resolvers.items()
}
for tag in ("!reset", "!override"):
    Texts.add_constructor(tag, lambda loader, node: loader.construct_object(untagged(node)))


def untagged(node: Any) -> Any:
    """Return a node as if it had no tag."""
    kind = {pyyaml.ScalarNode: "null", pyyaml.SequenceNode: "seq", pyyaml.MappingNode: "map"}[type(node)]
    return type(node)(f"tag:yaml.org,2002:{kind}", node.value)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_is_read_as_others_read_it(text: str) -> None:
    assert plain(yaml.load(text)) == plain(pyyaml.load(text, Loader=Texts))


@pytest.mark.parametrize(
    "name", ["compose.yaml", "compose.prod.yaml", "compose.test.yaml", ".github/workflows/ci.yaml"]
)
def test_files_of_ones_own_are_read_as_others_read_them(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert plain(yaml.load(text)) == plain(pyyaml.load(text, Loader=Texts))


@pytest.mark.parametrize(
    "text", ["a: [b\n", "a: 'b\n", "a: b\n  - c: d\n e\n", "{a: }}", "a: {b: c} d", "[" * 500], ids=range(6)
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        yaml.load(text)


def test_laughs_by_the_billion_are_cheap() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]

    assert len(yaml.load("\n".join(lines))) == 40


def test_a_service_says_where_it_stands(tmp_path: Path) -> None:
    text = """\
x: &x
  build: {context: .., dockerfile: a/Dockerfile, target: prod}
services:
  # one
  web:
    <<: *x
    command: [run, 'it now']
    environment: [A=1, B]
    env_file:
      - path: .env
    healthcheck: {test: [CMD-SHELL, curl x]}
    ports: [{published: '1', target: 2}, '3:4']
"""
    (one,) = services(project(tmp_path, {"app/compose.yaml": text}, "app"))

    assert one.where == "compose.yaml:5"
    assert (one.context, one.dockerfile, one.target) == ("..", "../a/Dockerfile", "prod")
    assert (one.command, one.environment, one.env_files) == ("run it now", {"A": "1", "B": None}, (".env",))
    assert (one.health, one.ports) == ("curl x", ("1:2", "3:4"))
