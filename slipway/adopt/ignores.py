"""What git, and the build of the image, have to leave alone."""

from slipway.adopt.files import Files
from slipway.adopt.findings import Untold
from slipway.adopt.layout import Image

GIT = {
    ".slipway/": (".slipway", ".slipway/", "/.slipway", "/.slipway/", "**/.slipway/", ".slipway/*"),
    ".venv/": (".venv", ".venv/", "/.venv", "/.venv/", "**/.venv/", "*venv*/", ".venv*"),
    ".env": (".env", "/.env", "*.env", ".env*", "**/.env", ".env/"),
    ".env.*": (".env.*", "/.env.*", ".env*", ".env.*.local"),
    "!.env.example": ("!.env.example", "!/.env.example", "!.env.*example"),
}
DOCKER = {
    "**/.slipway": (".slipway", ".slipway/", "**/.slipway", "**/.slipway/", ".*"),
    "**/.venv": (".venv", ".venv/", "**/.venv", "**/.venv/", ".*", "**/.venv*"),
    "**/.env": (".env", "**/.env", ".env*", "**/.env*", "*.env", "**/*.env", ".*", ".env.*", "**/.env.*"),
}


def git(text: str) -> str:
    """Return .gitignore with what it lacks."""
    return _with(text, _lacking(text, GIT), "# Slipway's state, and settings with secrets.")


def docker(files: Files, image: Image | None) -> tuple[str, str]:
    """Return the name and new text of the .dockerignore of the project's own Dockerfile, ("", "") for none.

    Without it, .env and the environment in .slipway would be sent to the builder, and `COPY . .` would put them into
    the image.
    """
    if not image:
        return "", ""
    own = f"{image.path}.dockerignore"
    name = own if files.has(own) else files.relative(f"{image.context or '.'}/.dockerignore")
    text = files.text(name) if files.has(name) else ""
    return name, _with(text, _lacking(text, DOCKER), "# Slipway's state, and settings with secrets.")


def _lacking(text: str, wanted: dict[str, tuple[str, ...]]) -> list[str]:
    there = {line.strip() for line in text.split("\n")}
    lacking = [line for line, same in wanted.items() if not there & set(same)]
    # `.env.*` would ignore the example as well, whoever wrote it.
    if "!.env.example" in lacking and ".env.*" not in lacking and not there & {".env.*", ".env*"}:
        lacking.remove("!.env.example")
    return lacking


def _with(text: str, lines: list[str], why: str) -> str:
    if not lines:
        return text
    start = text if not text or text.endswith("\n") else text + "\n"
    return start + "\n".join([*([""] if start.strip() else []), why, *lines, ""])


def tracked(names: frozenset[str]) -> list[Untold]:
    """Say which .env files git has, whose secrets are then in every clone."""
    if ".env" not in names:
        return []
    what = "git has .env, so what is secret in it is in every clone. Take it out, replace the secrets:"
    return [Untold(what, "git rm --cached .env")]
