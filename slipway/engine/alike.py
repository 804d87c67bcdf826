"""A container like another one, for a command of its own: what `docker run` is told for it.

https://docs.docker.com/reference/cli/docker/container/run/, and what `docker inspect` prints of the other one. It has
no ports, no names in its networks, no health check and no restart: nobody asks it for anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slipway.core.shell import tokens
from slipway.engine.images import EngineImage
from slipway.project import labels
from slipway.project.variables import ENTRYPOINT as ENTRYPOINT

OWN = "slipway/entrypoint.py"  # in the ENTRYPOINT of an image that has Slipway's stage
# What `HostConfig` has, and the option that says it: for each of a list, of a table, for a number, for what is true.
LISTS = {
    "CapAdd": "--cap-add", "CapDrop": "--cap-drop", "SecurityOpt": "--security-opt", "GroupAdd": "--group-add",
    "ExtraHosts": "--add-host", "Dns": "--dns", "DnsSearch": "--dns-search", "DnsOptions": "--dns-option",
    "Binds": "--volume",
}  # fmt: skip
TABLES = {"Tmpfs": ("--tmpfs", ":"), "Sysctls": ("--sysctl", "=")}
NUMBERS = {
    "Memory": "--memory", "MemorySwap": "--memory-swap", "PidsLimit": "--pids-limit", "ShmSize": "--shm-size",
    "CpuShares": "--cpu-shares",
}  # fmt: skip
FLAGS = {"ReadonlyRootfs": "--read-only", "Privileged": "--privileged"}
ALONE = ("none", "host")  # networks that are none of the engine's


def alike_command(
    facts: Mapping[str, Any], image: str, command: Sequence[str], variables: str, options: Sequence[str]
) -> list[str]:
    """Return the command that runs one like a container: its `facts` are what `docker inspect` prints of it.

    `variables` is the file that has those of `lines`, `command` what `entered` returns.
    """
    config = facts.get("Config") or {}
    own = ["--init", "--pull", "never", "--no-healthcheck", "--env-file", variables]
    user, folder, grace = config.get("User"), config.get("WorkingDir"), config.get("StopTimeout")
    return tokens(
        ["docker", "run", *options, *own],
        ["--user", user] if user else None,
        ["--workdir", folder] if folder else None,
        ["--stop-timeout", str(grace)] if grace is not None else None,
        *(["--env", name] for name in apart(facts)),
        *_of_host(facts.get("HostConfig") or {}),
        *(["--network", one] for one in networks(facts)),
        *([command[0], command[1], image, *command[2:]] if command[0] == "--entrypoint" else [image, *command],),
    )


def entered(image: EngineImage, argv: Sequence[str]) -> list[str]:
    """Return what runs a command in an image, whose ENTRYPOINT may do anything else: words, or `--entrypoint` first.

    Slipway's gives it the variables of the service, and says what there is no program of. Images of before have none.
    """
    if any(word.endswith(OWN) for word in image.entrypoint):
        return list(argv)
    first, *rest = [*ENTRYPOINT, *argv] if labels.FORMAT in image.labels else argv
    return ["--entrypoint", first, *rest]


def lines(facts: Mapping[str, Any]) -> str:
    """Return the variables of a container as a file for `--env-file`, without those `apart`."""
    return "".join(f"{name}={value}\n" for name, value in _variables(facts) if _fits(value))


def apart(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return those of its variables that such a file cannot have: their values have more than a line."""
    return {name: value for name, value in _variables(facts) if not _fits(value)}


def networks(facts: Mapping[str, Any]) -> list[str]:
    """Return the networks of a container, the first as the engine has it."""
    mode = str((facts.get("HostConfig") or {}).get("NetworkMode") or "")
    if mode in ALONE or mode.startswith("container:"):
        return [mode]
    found = list((facts.get("NetworkSettings") or {}).get("Networks") or {})
    return sorted(found, key=lambda name: (name != mode, name))


def _variables(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in (facts.get("Config") or {}).get("Env") or ():
        name, given, value = one.partition("=")
        if given:
            yield name, value


def _fits(value: str) -> bool:
    return not {"\n", "\r"} & set(value)


def _of_host(host: Mapping[str, Any]) -> Iterator[list[str]]:
    for key, option in LISTS.items():
        yield [word for one in host.get(key) or () for word in (option, one)]
    for key, (option, between) in TABLES.items():
        yield [word for pair in (host.get(key) or {}).items() for word in (option, between.join(filter(None, pair)))]
    yield from ([option, str(host[key])] for key, option in NUMBERS.items() if host.get(key))
    yield from ([option] for key, option in FLAGS.items() if host.get(key))
    if cpus := host.get("NanoCpus"):
        yield ["--cpus", f"{cpus / 1e9:g}"]
    yield from (["--mount", mount(one)] for one in host.get("Mounts") or ())
    for one in host.get("Ulimits") or ():
        yield ["--ulimit", f"{one['Name']}={one['Soft']}:{one['Hard']}"]
    for one in host.get("Devices") or ():
        yield ["--device", f"{one['PathOnHost']}:{one['PathInContainer']}:{one['CgroupPermissions']}"]
    log = host.get("LogConfig") or {}
    if log.get("Type"):
        rest = [word for pair in (log.get("Config") or {}).items() for word in ("--log-opt", "=".join(pair))]
        yield ["--log-driver", log["Type"], *rest]


def mount(one: Mapping[str, Any]) -> str:
    """Return a mount of `HostConfig` as `--mount` has it: fields of CSV."""
    volume, tmpfs = one.get("VolumeOptions") or {}, one.get("TmpfsOptions") or {}
    fields = {
        "type": one["Type"], "source": one.get("Source"), "target": one["Target"],
        "volume-subpath": volume.get("Subpath"), "tmpfs-size": tmpfs.get("SizeBytes"),
        "tmpfs-mode": f"{tmpfs['Mode']:o}" if tmpfs.get("Mode") else "",
    }  # fmt: skip
    words = [f"{name}={value}" for name, value in fields.items() if value]
    words += tokens("readonly" if one.get("ReadOnly") else None, "volume-nocopy" if volume.get("NoCopy") else None)
    return ",".join(map(_field, words))


def _field(word: str) -> str:
    return '"' + word.replace('"', '""') + '"' if {",", '"'} & set(word) else word
