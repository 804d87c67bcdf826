"""Buildx: which builder builds, what it is told, and its version."""

import os
import re
from collections.abc import Mapping, Sequence

from slipway.core.shell import Shell, tokens
from slipway.engine import asked, client

NO_BUILDX = re.compile(r"is not a docker command|unknown command")


def inspect_command() -> list[str]:
    """Return the command that describes the builder in use."""
    return ["docker", "buildx", "inspect"]


def version_command() -> list[str]:
    """Return the command that prints Buildx's version."""
    return ["docker", "buildx", "version"]


def store_command() -> list[str]:
    """Return the command that tells how the engine stores its images."""
    return ["docker", "info", "--format", "{{.DriverStatus}}"]


def build_command(
    tags: Sequence[str], args: Mapping[str, str], target: str | None = None, options: Sequence[str] = ()
) -> list[str]:
    """Return the command that builds the folder where it is run.

    Without Buildx's attestations: they hold the time, and the engine's own store has no place for them.
    """
    return ["docker", "build", *_instructions(tags, args, target, options)]


def push_command(
    tag: str, args: Mapping[str, str], platforms: Sequence[str] = (), options: Sequence[str] = ()
) -> list[str]:
    """Return the command that builds for platforms and pushes.

    `docker buildx build` and not `docker build`, which would not use the builder that was chosen.
    """
    where = ["--platform", ",".join(platforms)] if platforms else []
    return ["docker", "buildx", "build", *_instructions([tag], args, None, [*where, "--push", *options])]


def _instructions(
    tags: Sequence[str], args: Mapping[str, str], target: str | None, options: Sequence[str]
) -> list[str]:
    return tokens(
        "--provenance=false",
        options,
        *(["--tag", name] for name in tags),
        ["--target", target] if target else None,
        *(["--build-arg", f"{name}={value}"] for name, value in args.items()),
        ".",
    )


def in_place_of(name: str, other: str) -> list[str]:
    """Return the options that let a build begin with another image than the one that its Dockerfile names.

    https://docs.docker.com/reference/cli/docker/buildx/build/#build-context
    """
    return ["--build-context", f"{name}=docker-image://{other}"]


def buildkit(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variable that lets `docker build` use BuildKit, where the environment has turned that off.

    The builder of before knows neither the Dockerfile's mounts nor the options above.
    """
    return {"DOCKER_BUILDKIT": "1"} if environ.get("DOCKER_BUILDKIT", "1") != "1" else {}


def is_engines_own(shell: Shell) -> bool:
    """Tell whether the builder in use is the engine's own, which builds on the engine's images; raises Problem."""
    return bool(re.search(r"(?m)^Driver:\s+docker$", asked.ask(shell, inspect_command(), NO_BUILDX) or ""))


def builds_several(shell: Shell) -> bool:
    """Tell whether the builder in use builds for several platforms at once.

    The engine's own builder keeps one platform, unless containerd stores the engine's images.
    """
    return not is_engines_own(shell) or "io.containerd.snapshotter" in shell.output(store_command())


def version(shell: Shell) -> str:
    """Return Buildx's version, "" when it doesn't say."""
    said = shell.probe(version_command())[1].split()
    return said[1] if len(said) > 1 else ""


def tools(shell: Shell) -> dict[str, str]:
    """Return the versions of what builds, by name; each is "" when it doesn't say."""
    return {"docker": client.version(shell), "buildx": version(shell)}
