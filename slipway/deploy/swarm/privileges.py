"""What hardens a container, as a Swarm's service has it. What cannot be kept raises ValueError."""

from collections.abc import Mapping, Sequence
from typing import Any

SELINUX = {"user": "User", "role": "Role", "type": "Type", "level": "Level"}
TRUE, FALSE = frozenset({"", "true", "1"}), frozenset({"false", "0"})


def privileges(options: Sequence[str]) -> dict[str, Any]:
    """Return the Privileges of a ContainerSpec, of Compose's `security_opt`."""
    found: dict[str, Any] = {}
    for option in options:
        for key, value in _option(option).items():
            found[key] = {**found.get(key, {}), **value} if isinstance(value, dict) else value
    return found


def _option(option: str) -> Mapping[str, Any]:
    # Compose has NAME:VALUE and NAME=VALUE.
    cut = min((place for sign in ":=" if (place := option.find(sign)) > 0), default=len(option))
    name, value = option[:cut], option[cut + 1 :]
    if name == "no-new-privileges" and value in TRUE | FALSE:
        return {"NoNewPrivileges": value in TRUE}
    if name == "apparmor" and value in ("unconfined", "docker-default"):
        return {"AppArmor": {"Mode": "disabled" if value == "unconfined" else "default"}}
    if name == "seccomp" and value in ("unconfined", "builtin"):
        return {"Seccomp": {"Mode": "unconfined" if value == "unconfined" else "default"}}
    if name == "label" and value == "disable":
        return {"SELinuxContext": {"Disable": True}}
    kind, _, one = value.partition(":")
    if name == "label" and kind in SELINUX and one:
        return {"SELinuxContext": {SELINUX[kind]: one}}
    way = "take it out"
    if name in ("apparmor", "seccomp"):
        way = f"take it out; each node's engine has a profile of its own{_in_daemon(name)}"
    raise ValueError(f"security_opt {option}, which no service of a Swarm can have: {way}")


def _in_daemon(name: str) -> str:
    return " (seccomp-profile in its daemon.json)" if name == "seccomp" else ""


def ulimits(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the Ulimits of a ContainerSpec: one number is both limits."""
    found = []
    for name, one in sorted(said.items()):
        soft, hard = (one["soft"], one["hard"]) if isinstance(one, Mapping) else (one, one)
        found.append({"Name": name, "Soft": int(soft), "Hard": int(hard)})
    return found
