"""Settings classes (pydantic's BaseSettings) and what their configuration says."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from slipway.adopt.files import Files
from slipway.adopt.source import calls, dotted, given, last, literal, text

BASES = ("BaseSettings",)
MODELS = ("BaseModel",)


@dataclass(frozen=True)
class Settings:
    """A class of settings; one that is a part of another one's (`reads_itself` is no) is read through that."""

    file: str
    node: ast.ClassDef
    prefix: str = ""
    delimiter: str = ""
    case_sensitive: bool = False
    reads_itself: bool = True
    is_used: bool = True
    env_file: ast.expr | None = None
    extra: str = "forbid"


def words(annotation: str) -> list[str]:
    """Return the names in an annotation."""
    return re.findall(r"[A-Za-z_]\w*", annotation)


def settings(files: Files) -> list[Settings]:
    """Return the classes of settings, and the models that are parts of them."""
    every = [
        (name, node)
        for name in files.code
        for node in ast.walk(files.tree(name) or ast.Module([], []))
        if isinstance(node, ast.ClassDef)
    ]
    ours = _descended(every, BASES)
    models = _descended(every, MODELS)
    by_name = {node.name: node for _, node in every if _derives(node, BASES, ours)}
    used = _used(files, by_name)
    found = []
    for name, node in every:
        if _derives(node, BASES, ours):  # another class may have the name of one
            one = _configured(Settings(name, node), node, by_name)
            found.append(replace(one, is_used=not used or node.name in used))
        elif _derives(node, MODELS, models):
            found.append(Settings(name, node, reads_itself=False, is_used=False))
    return found


def _descended(every: list[tuple[str, ast.ClassDef]], bases: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    before = -1
    while before != len(found):
        before = len(found)
        found |= {node.name for _, node in every if _derives(node, bases, found)}
    return found


def _derives(node: ast.ClassDef, bases: tuple[str, ...], known: set[str]) -> bool:
    return any(last(base) in bases or last(base) in known for base in node.bases)


def _used(files: Files, by_name: dict[str, ast.ClassDef]) -> set[str]:
    # Those that the code makes one of, names as a factory or a part, and what they are made of.
    found: set[str] = set()
    for name in files.code:
        for call in calls(files.tree(name)):
            named = [call.func, *call.args, *(keyword.value for keyword in call.keywords)]
            found |= {last(one) for one in named if last(one) in by_name}
    for node in [by_name[one] for one in found]:
        found |= set(_parts(node, by_name))
    return found


def _parts(node: ast.ClassDef, by_name: dict[str, ast.ClassDef], depth: int = 0) -> Iterator[str]:
    inner = [last(base) for base in node.bases]
    inner += [
        word
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
        for word in words(ast.unparse(statement.annotation))
    ]
    for name in inner:
        if name in by_name and depth < 10 and by_name[name] is not node:
            yield name
            yield from _parts(by_name[name], by_name, depth + 1)


def _configured(one: Settings, node: ast.ClassDef, by_name: dict[str, ast.ClassDef], depth: int = 0) -> Settings:
    for base in reversed(node.bases):
        if last(base) in by_name and depth < 10 and by_name[last(base)] is not node:
            one = _configured(one, by_name[last(base)], by_name, depth + 1)
    for key, value in _configuration(node):
        if key == "env_prefix":
            one = replace(one, prefix=text(value) or "")
        elif key == "env_nested_delimiter":
            one = replace(one, delimiter=text(value) or "")
        elif key == "env_file":
            one = replace(one, env_file=value)
        elif key == "extra":
            one = replace(one, extra=text(value) or dotted(value).rpartition(".")[2] or "forbid")
        elif key == "case_sensitive":
            one = replace(one, case_sensitive=literal(value) is True)
    return one


def _configuration(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    yield from ((keyword.arg or "", keyword.value) for keyword in node.keywords)
    for statement in node.body:
        if isinstance(statement, ast.ClassDef) and statement.name == "Config":
            for inner in statement.body:
                if isinstance(inner, ast.Assign) and isinstance(inner.targets[0], ast.Name):
                    yield inner.targets[0].id, inner.value
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        value = getattr(statement, "value", None)
        if last(target) == "model_config" and isinstance(value, ast.Call):
            yield from ((keyword.arg or "", keyword.value) for keyword in value.keywords)
        elif last(target) == "model_config" and isinstance(value, ast.Dict):
            yield from ((text(key) or "", inner) for key, inner in zip(value.keys, value.values, strict=True))


def aliases(statement: ast.AnnAssign) -> list[str]:
    """Return the names that a field has in the environment besides its own."""
    for call in calls(statement, "Field"):
        for name in ("validation_alias", "alias", "env"):
            value = given(call, name)
            found = [text(value)] if value else []
            if isinstance(value, ast.Call):
                found = [text(one) for one in value.args]
            if any(found):
                return [one for one in found if one]
    return []
