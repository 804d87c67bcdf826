"""The Compose file by which a release has the processes of [tool.slipway.processes] as services beside `web`."""

import json
import posixpath
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from slipway.core.errors import Problem
from slipway.core.runner import WATCHED
from slipway.core.scripts import Script
from slipway.engine.containers import WEB
from slipway.project.config import Project
from slipway.project.labels import SINGLE
from slipway.project.processes import KEY, Process
from slipway.project.variables import with_variables

LOCKS = "single"  # the volume of the locks, which all releases share
FOLDER = "/run/slipway"  # where a container has it
SCRIPT = Script("slipway.engine", "single.py")
RUNNER = Script("slipway.core", "runner.py")
GRACE, MORE = 30, 5  # seconds that a process has in development, and what restarts it beyond them


def overlays(project: Project, services: Mapping[str, Any], files: Sequence[str], dev: bool = False) -> list[str]:
    """Return the Compose files of a project's processes, [] for none; raises Problem for one that cannot be.

    `services` are what Compose reads of the `files`, for each of which there is one. A process with a command of its
    own is as web, but for what leads clients to it; one without is a service of these files. In development there is
    one of each, which is restarted when the code that is mounted in web changes.
    """
    like_web = [name for name, one in project.processes.items() if _is_new(one, services, name)]
    if like_web and WEB not in services:
        where = f"pyproject.toml: [tool.slipway.{KEY}] {like_web[0]}"
        raise Problem(f"{where} is made like {WEB} of the Compose files, which have none: write it there, if no more.")
    if dev:
        own = {
            name: _in_dev(services[WEB], one) for name, one in project.processes.items() if _is_new(one, services, name)
        }
    else:
        own = {name: _of(project, name, one, services.get(name)) for name, one in project.processes.items()}
    if not own:
        return []
    new = [name for name in own if name not in services]
    found = [_text({name: {"extends": _extends(file)} for name in new}) for file in files[:-1]]
    as_web = {"extends": _extends(files[-1]), **_like_web(services[WEB])} if new else {}
    last = {name: {**(as_web if name in new else {}), **one} for name, one in own.items()}
    has_single = not dev and any(one.single for one in project.processes.values())
    return [*found, _text(last) + (f"volumes:\n  {LOCKS}: {{}}\n" if has_single else "")]


def _is_new(process: Process, services: Mapping[str, Any], name: str) -> bool:
    return bool(process.command) and name not in services


def _in_dev(web: Mapping[str, Any], process: Process) -> dict[str, str]:
    mounted = [one["target"] for one in web.get("volumes") or () if one["type"] == "bind"]
    folders = [one for one in mounted if not posixpath.splitext(one)[1]]  # a single file is gunicorn's
    seconds = process.stop_timeout or GRACE
    found = {"command": _words(["python", "-I", "-c", RUNNER, str(seconds), "", *process.argv])}
    found["environment"] = json.dumps({WATCHED: ":".join(folders)})
    return found | ({"stop_grace_period": f"{seconds + MORE}s"} if process.stop_timeout else {})


def replicas(project: Project, services: Mapping[str, Any]) -> dict[str, int]:
    """Return how many containers each service beside web has, by what defines it; 0 where that says nothing."""
    found = {}
    for name, service in sorted(services.items()):
        process = project.processes.get(name, Process())
        said = process.replicas or service.get("scale") or (service.get("deploy") or {}).get("replicas") or 0
        if name != WEB:
            found[name] = 1 if process.single else int(said)
    return found


def _of(project: Project, name: str, process: Process, service: Mapping[str, Any] | None) -> dict[str, str]:
    where = f"pyproject.toml: [tool.slipway.{KEY}] {name}"
    if process.command and service is not None:
        raise Problem(f"{where} has a command, and the Compose files a service of that name: leave one of both out.")
    if not process.command and service is None:
        raise Problem(f"{where} has no command, and the Compose files no service of that name: write one of both.")
    words = process.argv or list((service or {}).get("command") or ())
    if process.single and not words:
        raise Problem(f"{where} is a single one: its service has to say its command.")
    found = {"command": _words(words)} if process.command else {}
    if process.single:
        lock = ["python", "-I", "-c", SCRIPT, f"{FOLDER}/{name}.lock"]
        found["command"] = _words([*lock, *words])
        found |= {"labels": json.dumps({SINGLE: "true"}), "volumes": json.dumps([f"{LOCKS}:{FOLDER}"])}
    if process.memory:
        found["mem_limit"] = json.dumps(process.memory)
    if process.stop_timeout:
        found["stop_grace_period"] = f"{process.stop_timeout}s"
    if process.health:
        test = _words(["CMD", *with_variables(project, shlex.split(process.health))])
        found["healthcheck"] = (
            f"!override {{test: {test}, interval: 10s, timeout: 10s, retries: 3, start_interval: 1s, "
            f"start_period: {project.wait}s}}"
        )
    return found


def _like_web(web: Mapping[str, Any]) -> dict[str, str]:
    # Without what clients are led to it by: its names in the networks, its ports; and its health is web's own.
    networks = json.dumps({name: {} for name in web.get("networks") or ()})
    return {"networks": f"!override {networks}", "ports": "!reset []", "healthcheck": "!override {disable: true}"}


def _extends(file: str) -> str:
    return json.dumps({"file": file, "service": WEB})


def _words(argv: Sequence[str]) -> str:
    return json.dumps([word.replace("$", "$$") for word in argv])  # else Compose would put variables there


def _text(services: Mapping[str, Mapping[str, str]]) -> str:
    lines = ["services:" if services else "services: {}"]
    for name, found in services.items():
        lines += [f"  {json.dumps(name)}:", *(f"    {key}: {value}" for key, value in found.items())]
    return "\n".join([*lines, ""])
