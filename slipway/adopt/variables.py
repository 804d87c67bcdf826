"""The variables that a service reads: settings classes, config("X"), os.environ."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from slipway.adopt import classes
from slipway.adopt.classes import Settings
from slipway.adopt.files import Files
from slipway.adopt.findings import at
from slipway.adopt.source import NOTHING, calls, dotted, given, last, literal, text

# What an operating system, a shell, or a tool says, and no .env.
OF_SYSTEM = re.compile(
    r"(HOME|PATH|TERM|USER|LOGNAME|SHELL|LANG|PWD|TMPDIR|TZ|HOSTNAME|CI|VIRTUAL_ENV|DISPLAY|EDITOR|COLUMNS|NO_COLOR)$"
    r"|(PYTHON|PYTEST_|XDG_|LC_|GITHUB_|GITLAB_|SUDO_|SSH_|COMPOSE_|DOCKER_|BUILDKIT_|UV_|PIP_|KUBERNETES_)"
)
OF_SERVERS = ("gunicorn",)  # whose configuration Slipway's own replaces
NUMBERS = ("int", "float", "bool", "timedelta", "Decimal", "PositiveInt", "NonNegativeInt")


@dataclass(frozen=True)
class Variable:
    """A variable of the environment; `default` is what the code says without it, "" where that is no plain value."""

    name: str
    where: str
    required: bool
    default: str = ""
    kind: str = ""  # the annotation
    attribute: str = ""  # what the code calls it
    computed: bool = False  # made of others, unless it is set

    @property
    def is_number(self) -> bool:
        """Whether it holds a number, or a yes or no."""
        words = self.kind.replace("|", " ").replace("[", " ").replace("]", " ").split()
        return any(word in NUMBERS for word in words) or self.default.replace("_", "").replace(".", "").isdigit()


def variables(files: Files) -> list[Variable]:
    """Return what the service reads, each name once: who says most of it counts."""
    found: dict[str, Variable] = {}
    known = classes.settings(files)
    unused = [(one.file, one.node.lineno, one.node.end_lineno or 0) for one in known if not one.is_used]
    for name in files.code:
        own = name.rpartition("/")[2]
        tree = files.tree(name)
        if own.startswith(OF_SERVERS) or not tree:
            continue
        for one in _read_by_calls(name, tree):
            line = int(one.where.rpartition(":")[2])
            if not OF_SYSTEM.match(one.name) and not any(
                file == name and begin <= line <= end for file, begin, end in unused
            ):
                _add(found, one)
    by_name = {one.node.name: one for one in known}
    for model in known:
        if model.is_used and not model.file.rpartition("/")[2].startswith(OF_SERVERS):
            for variable in _fields(model, by_name):
                _add(found, variable)
    return list(found.values())


def _add(found: dict[str, Variable], one: Variable) -> None:
    before = found.get(one.name)
    if not before:
        found[one.name] = one
    else:  # config("X", default=...) within a settings class: both speak of one variable
        found[one.name] = replace(
            before,
            required=before.required or one.required,
            computed=before.computed and one.computed,
            default=before.default or one.default,
            kind=before.kind or one.kind,
            attribute=before.attribute or one.attribute,
        )


def _read_by_calls(name: str, tree: ast.Module) -> Iterator[Variable]:
    readers = _readers(tree)
    for call in calls(tree):
        function = dotted(call.func)
        variable = text(call.args[0]) if call.args else None
        if not variable or not variable.replace("_", "").isalnum() or variable[:1].isdigit():
            continue
        if function in readers or function.partition(".")[0] in readers - {"os"}:
            default = given(call, "default")
            default = default if default is not None else None if last(call.func) == "config" else given(call, "", 1)
            soft = default is not None or function.endswith(("getenv", "environ.get"))
            kind = dotted(given(call, "cast")) or (last(call.func) if "." in function else "")
            yield Variable(variable, at(name, call.lineno), not soft, _shown(default), kind)
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and dotted(node.value).endswith("environ"):
            variable = text(node.slice)
            if variable and isinstance(node.ctx, ast.Load):
                yield Variable(variable, at(name, node.lineno), True)


def _readers(tree: ast.Module) -> set[str]:
    # The names by which a module calls what reads the environment.
    found = {"os.getenv", "os.environ.get", "getenv", "environ.get"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "decouple":
            found |= {one.asname or one.name for one in node.names if one.name == "config"}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made = last(node.value.func)
            named = {target.id for target in node.targets if isinstance(target, ast.Name)}
            found |= named if made in ("Config", "Env", "AutoConfig") and _is_reader(tree, made) else set()
    return found


def _is_reader(tree: ast.Module, name: str) -> bool:
    modules = ("starlette.config", "environs", "environ", "decouple")
    return any(
        (isinstance(node, ast.ImportFrom) and node.module in modules and name in {one.name for one in node.names})
        or (isinstance(node, ast.Import) and {one.name for one in node.names} & set(modules))
        for node in ast.walk(tree)
    )


def _fields(one: Settings, known: dict[str, Settings], prefix: str | None = None) -> Iterator[Variable]:
    prefix = one.prefix if prefix is None else prefix
    for statement in one.node.body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        attribute, kind = statement.target.id, ast.unparse(statement.annotation)
        if attribute.startswith("_") or attribute == "model_config" or "ClassVar" in kind:
            continue
        nested = next((known[word] for word in classes.words(kind) if word in known), None)
        if nested and not nested.reads_itself:
            if one.delimiter:
                yield from _fields(nested, known, f"{prefix}{attribute}{one.delimiter}".upper())
            continue
        if nested:
            continue
        value = _field(statement)
        names = classes.aliases(statement) or [f"{prefix}{attribute}"]
        required = value is None
        for name in names[:1]:
            spelled = name if one.case_sensitive or name in classes.aliases(statement) else name.upper()
            yield Variable(
                spelled, at(one.file, statement.lineno), required, _shown(value), kind, attribute, _is_computed(value)
            )


def _field(statement: ast.AnnAssign) -> ast.expr | None:
    # What a field is without a value; None for one that has to have one.
    value = statement.value
    if value is None and isinstance(statement.annotation, ast.Subscript):
        inner = next(calls(statement.annotation, "Field"), None)
        return given(inner, "default") or given(inner, "default_factory") if inner else None
    if isinstance(value, ast.Call) and last(value.func) == "Field":
        default = given(value, "default", 0) or given(value, "default_factory")
        return None if literal(default) is ... else default
    return None if literal(value) is ... else value


def _is_computed(value: ast.expr | None) -> bool:
    return isinstance(value, ast.JoinedStr | ast.Call) and not (isinstance(value, ast.Call) and value.args == [])


def _shown(default: ast.expr | None) -> str:
    value = literal(default)
    if value is NOTHING and isinstance(default, ast.Call) and default.args and last(default.func) in (
        "SecretStr", "AnyUrl", "HttpUrl", "PostgresDsn", "Path", "str",
    ):  # fmt: skip
        value = literal(default.args[0])
    if value is NOTHING or value is None or value is ...:
        return ""
    return str(value)
