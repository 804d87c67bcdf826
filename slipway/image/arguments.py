"""Build arguments: what is injected, what may be added, what is refused.

They stay readable in the image's history, so that a secret is never one.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from slipway.core.dockerfile import declared
from slipway.core.errors import Problem
from slipway.core.secrecy import PRIVATE_KEY, has_login, is_secret
from slipway.core.sources import source
from slipway.image.base import Base
from slipway.project import tags
from slipway.project.config import Project
from slipway.project.tree import Tree

# What `inv build` says itself.
INJECTED = frozenset(
    ("PYTHON_VERSION", "VARIANT", "TITLE", "VERSION", "REVISION", "CREATED", "SOURCE", "PREVIOUS", "SCHEMA", "ACCEPTS")
) | {"INPUTS", "SOURCE_DATE_EPOCH"}
# https://docs.docker.com/reference/dockerfile/#predefined-args: these need no ARG
PREDEFINED = re.compile(r"(?i:(https?|ftp|no|all)_proxy)|BUILDKIT_\w+")


def shape(project: Project, base: Base) -> dict[str, str]:
    """Return the arguments that don't change with a commit."""
    return {
        "PYTHON_VERSION": base.python,
        "VARIANT": base.suffix,
        "ASGI_APP": project.asgi,
        "PORT": str(project.port),
        "WEB_CONCURRENCY": str(project.workers),
        "HEALTH_PATH": project.health,
        **({"HEALTH_HOST": project.health_host} if project.health_host else {}),
        **project.build_args,
    }


def describe(project: Project, tree: Tree, schema: str, dockerfile: str) -> dict[str, str]:
    """Return the arguments that say which commit this is; `dockerfile` is its text.

    They become labels: `org.opencontainers.image.*` and Slipway's own, the newest migration (SCHEMA), the release
    before this one (PREVIOUS), and the names of the secrets that it reads (ACCEPTS). https://specs.opencontainers.org/image-spec/annotations/
    """
    later = {"ACCEPTS": " ".join(sorted(project.secrets))}  # commits of before are built with what they were built with
    return {name: value for name, value in later.items() if name in declared(dockerfile)} | {
        "TITLE": project.name,
        "VERSION": tags.of_tree(project.version, tree),
        "REVISION": tree.commit or "unknown",
        "CREATED": tree.created,
        "SOURCE": project.source,
        "PREVIOUS": tree.previous,
        "SCHEMA": schema,
        "SOURCE_DATE_EPOCH": str(tree.epoch),
    }


def parse(given: Iterable[str]) -> dict[str, str]:
    """Read NAME=VALUE as written on the command line.

    Raises Problem for what is something else.
    """
    args = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise Problem("--build-arg takes NAME=VALUE, like --build-arg FEATURE=on (a secret goes through --secret).")
        args[name] = value
    return args


def check(
    args: Mapping[str, str],
    dockerfile: str,
    private: Mapping[str, str],
    secrets: Iterable[str],
    injected: Collection[str] = INJECTED,
) -> None:
    """Refuse what is no build argument, or looks like a secret.

    Takes the arguments that are not injected, the Dockerfile's text, the values that are not .env.example's, and the
    names of the secret ones. Raises Problem with all findings, which show no value.
    """
    known = declared(dockerfile)
    hidden = {name: value for name, value in private.items() if name in secrets or is_secret(name)}
    long = {name: value for name, value in private.items() if len(value) >= 8 and not value.isalpha()}
    findings = []
    for name, value in args.items():
        if name in injected:
            findings.append(f"{name} is injected by inv build itself (--python and --variant choose the base image)")
        elif found := _gives_away(name, value, hidden, long):
            findings.append(f"{name} {found}, and would stay readable in the image's history")
        elif name not in known and not PREDEFINED.fullmatch(name):
            findings.append(f"{name} is not known to the Dockerfile: add ARG {name} to the stage that uses it")
    if findings:
        listed = "\n".join(f"  - {finding}" for finding in findings)
        raise Problem(
            f"These build arguments cannot be used:\n{listed}\n"
            "What is secret while building goes through --secret id=NAME,src=FILE; what is secret while running "
            "goes into .env."
        )


def _gives_away(name: str, value: str, hidden: Mapping[str, str], long: Mapping[str, str]) -> str:
    if is_secret(name):
        return "looks like a secret by its name"
    if has_login(value):
        return "is an address with a login in it"
    if PRIVATE_KEY.search(value):
        return "is a private key"
    for variable, secret in hidden.items():
        if secret == value:
            return f"is the value of {variable} in {source(variable)}"
    for variable, secret in long.items():  # a short one may be part of anything
        if secret in value:
            return f"holds the value of {variable} in {source(variable)}"
    return ""
