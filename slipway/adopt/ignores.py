"""What git has to leave alone, and what it has to have."""

from slipway.adopt.findings import Untold
from slipway.core.sources import FILE

GIT = {
    ".slipway/": (".slipway", ".slipway/", "/.slipway", "/.slipway/", "**/.slipway/", ".slipway/*"),
    ".venv/": (".venv", ".venv/", "/.venv", "/.venv/", "**/.venv/", "*venv*/", ".venv*"),
    ".env": (".env", "/.env", "*.env", ".env*", "**/.env", ".env/"),
    ".env.*": (".env.*", "/.env.*", ".env*", ".env.*.local"),
    "!.env.example": ("!.env.example", "!/.env.example", "!.env.*example"),
}


def git(text: str, env_file: str = FILE) -> str:
    """Return .gitignore with what it lacks; `env_file` has the settings."""
    own = {} if env_file == FILE else {".env.*": (".env.*", "/.env.*", ".env*", env_file, f"/{env_file}")}
    return _with(text, _lacking(text, GIT | own), "# Slipway's state, and settings with secrets.")


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
