"""The template: the files of Slipway's own repository that a service has, without what is about Slipway alone.

What is between `# <slipway>` and `# </slipway>` stays behind, and so does what the table below says.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from slipway.template import locked

# Each of them, and all below a folder; whatever else git has is Slipway's.
FILES = (
    ".dockerignore", ".env.example", ".gitattributes", ".gitignore", ".github/workflows/ci.yaml",
    ".github/workflows/release.yaml", "CHANGELOG.md", "Caddyfile", "Dockerfile", "alembic/", "app/",
    "changelog.d/.gitignore", "compose.https.yaml", "compose.ipv6.yaml", "compose.override.yaml", "compose.prod.yaml",
    "compose.release.yaml", "compose.test.yaml", "compose.yaml", "gunicorn.conf.py", "inv", "poetry.lock",
    "pyproject.toml", "tasks.py", "tests/app/", "tests/http/",
)  # fmt: skip
BLOCK = r"^[ \t]*# <slipway>$.*?^[ \t]*# </slipway>\n"
BLOCKS = re.compile(rf"(?ms)(?<=\n\n){BLOCK}\n|{BLOCK}")
DOCS = re.compile(r"(?<!Slipway's )\bdocs/(?=\w+\.md)")
RELEASES = "<!-- the releases, newest first -->\n"
# (pattern, instead) of a file: each is there once.
RULES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "pyproject.toml": (
        (r"^version = .*$", 'version = "0.1.0"'),
        (r'^license = "MIT"\n', ""),
        (r"^# What the service's .venv has .*\nservice = \[$", "dev = ["),
        (r'^host = \["tests/app", "tests/slipway"\]$', 'host = ["tests/app"]'),
        (r'^e2e = \["tests/e2e"\]\n', ""),
        (r'^testpaths = \["tests/app", "tests/slipway"\]$', 'testpaths = ["tests/app"]'),
        (r'^    "-p", "no:schemathesis", .*\n', ""),
        (r'^files = \["app", "slipway", "tests", "tasks.py", "gunicorn.conf.py"\]$',
         'files = ["app", "tests", "gunicorn.conf.py"]'),
    ),
    "CHANGELOG.md": ((rf"(?s)(?<={re.escape(RELEASES)}).*", ""),),
}  # fmt: skip


def make(root: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the template's files by name, of those that a repository has.

    Raises ValueError when a file is not what the rules were written for.
    """
    chosen = sorted(name for name in names if any(name == one or name.startswith(one) for one in FILES))
    made = {name: (root / name).read_bytes() for name in chosen if not name.endswith((".pyc", "~"))}
    texts = {name: _cut(name, content.decode()) for name, content in made.items()}
    texts["poetry.lock"] = locked.prune(texts["poetry.lock"], texts["pyproject.toml"])
    return {name: text.encode() for name, text in texts.items()}


def change(name: str, text: str, rules: Iterable[tuple[str, str]]) -> str:
    """Apply rules to a file's text; raises ValueError for one that finds nothing, or more than one place."""
    for pattern, instead in rules:
        text, found = re.subn(f"(?m){pattern}", instead.replace("\\", "\\\\"), text)
        if found != 1:
            raise ValueError(f"{name}: the template's rule {pattern!r} fits {found} places, not one.")
    return text


def _cut(name: str, text: str) -> str:
    text = change(name, BLOCKS.sub("", text), RULES.get(name, ()))
    return DOCS.sub("Slipway's docs/", text)
