"""A service's files: the template under a name of one's own, with the example domain or without it."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from slipway.core import resources
from slipway.template import changes, own
from slipway.template.make import change, make

BESIDE = (own.NAME, changes.NAME)  # in the archive, and no file of the template's
MADE = (".git", ".venv", ".slipway")  # folders of a repository that are not its own
EXECUTABLE = frozenset({"inv"})
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 40  # of a name: Compose and Docker append to it
# (pattern, instead) of a file, each is there once, whatever the repository's own name is. {name} is the service's,
# {database} its database's, {title} is read by people.
NAMED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "pyproject.toml": (
        (r'(?<=^\[project\]\n)name = ".*"$', 'name = "{name}"'),
        (r'(?<=^\[tool\.slipway\]\n)name = ".*"$', 'name = "{name}"'),
        (r"^description = .*$", 'description = "{title}, a service over HTTP"'),
    ),
    ".env.example": (
        (r"^DATABASE_NAME=.*$", "DATABASE_NAME={database}"),
        (r"^DATABASE_USERNAME=.*$", "DATABASE_USERNAME={database}"),
        (r"^# OTEL_SERVICE_NAME=.*$", "# OTEL_SERVICE_NAME={name}"),
    ),
    "compose.prod.yaml": ((r"^name: .*-prod$", "name: {name}-prod"),),
    "app/main.py": ((r'^( +title=)".*",$', r'        title="{title}",'),),
}
# What an adopted project gets. Its linters and formatters have settings of their own, which no file could fit.
ADOPTED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "inv": (),
    "tasks.py": ((
        r"^# ruff: noqa: I001  .*$",
        "\n# Written by Slipway: the project's linters and formatters leave it as it is.\n# ruff: noqa\n"
        "# ruff: noqa: PGH004\n# flake8: noqa\n# isort: skip_file\n# mypy: ignore-errors\n# fmt: off",
    ), (r"^\}  # fmt: skip$", "}")),
}  # fmt: skip
DOMAIN = (
    "app/posts/",
    "tests/app/posts/",
    "tests/http/test_http_posts.py",
    "alembic/versions/2026_11_24_0002_posts.py",
)
EMPTY: Mapping[str, tuple[tuple[str, str], ...]] = {
    "app/main.py": (
        (r"^from app\.posts import router as posts\n", ""),
        (r"users\.ERRORS \| posts\.ERRORS", "users.ERRORS"),
        (r"^    app\.include_router\(posts\.router\).*\n", ""),
    ),
    "app/cleanup.py": (
        (r"^from app\.posts import service as posts\n", ""),
        (r"^    posts\.EXPIRED,\n", ""),
    ),
    "app/__init__.py": ((r"users, tokens and posts", "users and tokens"),),
}  # fmt: skip


def unfit(name: str) -> str:
    """Return why a service cannot be called so, "" when it can."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        return f"lower-case letters, digits and single - between them, a letter first, {LONGEST} at most: my-shop, say"
    return ""


def render(name: str, *, empty: bool = False) -> dict[str, bytes]:
    """Return the files of a service by name, but for slipway.lock; raises ValueError when the template does not fit.

    `empty` is without the example domain: users, logins and health remain.
    """
    words = {"name": name, "database": name.replace("-", "_"), "title": name.replace("-", " ").capitalize()}
    texts = {path: content.decode() for path, content in template().items()}
    unlike, like = ("posts", "empty") if empty else ("empty", "posts")
    readme = re.sub(rf"(?s)<!-- {unlike} -->\n.*?<!-- /{unlike} -->\n", "", resources.text("template/README.md"))
    texts["README.md"] = re.sub(rf"<!-- /?{like} -->\n", "", readme)
    if empty:
        texts = {path: text for path, text in texts.items() if not path.startswith(DOMAIN)}
        texts |= {path: change(path, texts[path], rules) for path, rules in EMPTY.items()}
    for path, rules in NAMED.items():
        texts[path] = change(path, texts[path], [(pattern, filled(instead, words)) for pattern, instead in rules])
    texts["README.md"] = filled(texts["README.md"], words)
    return {path: texts[path].encode() for path in sorted(texts)}


def of_adopted() -> dict[str, bytes]:
    """Return what an adopted project gets of the files; raises ValueError when the template does not fit."""
    files = template()
    return {path: change(path, files[path].decode(), rules).encode() for path, rules in ADOPTED.items()}


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return a text with words in the place of their names in braces."""
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


def template() -> dict[str, bytes]:
    """Return the template's files by name: those in this wheel, or made of the repository that this Slipway lies in."""
    if (files := resources.packaged()) is not None:
        return {name: content for name, content in files.items() if name not in BESIDE}
    root = own.repository()
    return make(root, tracked(root))


def tracked(root: Path) -> list[str]:
    """Return the files that git knows in a folder; without git, all files."""
    if (root / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, text=True)
        return [name for name in listed.stdout.split("\0") if name and (root / name).is_file()]
    found = (path for one in root.iterdir() if one.name not in MADE for path in [one, *one.rglob("*")])
    return sorted(path.relative_to(root).as_posix() for path in found if path.is_file())
