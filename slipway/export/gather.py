"""What manifests are made of, as Compose and the project say it: no engine is asked, and with a tag the registry is."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.core.errors import Problem
from slipway.core.words import listed
from slipway.deploy.compose.labels import PROXY
from slipway.deploy.source import of_registry
from slipway.deploy.swarm.values import plain
from slipway.engine import references, registry
from slipway.engine.compose import ANY, UNREADABLE, compose_command, need_client, release_variables
from slipway.engine.containers import WEB
from slipway.engine.stack import DATABASE, SERVICES, Stack
from slipway.export.facts import Facts
from slipway.export.workloads import MIGRATE
from slipway.image import plan
from slipway.project import adopted, hidden, tags
from slipway.project.checkout import Checkout
from slipway.project.config import Project
from slipway.project.database import PORT
from slipway.project.values import schema
from slipway.runtime.environment import Environment
from slipway.trust import cosign

USER = "65532:65532"  # of the Dockerfile
LONGEST = 63  # a label's value
TREE = (
    "That is this tree's tag, and whether a registry has it was not asked. A released one, by its digest:\n"
    "  ./inv export --kubernetes --tag VERSION"
)
NOWHERE = "[tool.slipway] registry names none, and nodes pull from one: no pod will start"


def gather(checkout: Checkout, environment: Environment, tag: str) -> tuple[Facts, str]:
    """Return what manifests are made of, and what there is to say of the image; raises Problem."""
    project, of = checkout.project, environment.settings
    values = of.values
    need_client()
    config, around = _printed(checkout, environment)
    services = config["services"]
    if not project.has_web:  # what the others are like, and is never started
        services.pop(WEB, None)
    image, source = _image(checkout, tag)
    migrate = around["services"].get(MIGRATE) if project.migrations else None
    each = [*services.values(), *([migrate] if migrate else [])]
    stays = set(around["services"]) - {PROXY, DATABASE, MIGRATE, WEB}
    replicas = {name: one.replicas for name, one in project.processes.items()} | {WEB: project.place.scale}
    facts = Facts(
        project=project.name, deployment=around["name"].replace("_", "-"), image=image, version=label(image),
        services=services, migrate=migrate, kept=kept(project, each),
        secrets=tuple(name for name in project.secrets if values.get(name) or name in project.sought),
        user="" if adopted.has_own_image(project) else USER, hosts=tuple(listed(of.domain)),
        database=of.hostname, database_port=int(values.get(PORT) or Facts.database_port),
        own_database=of.own_database, health=project.health, health_host=project.health_host, port=project.port,
        wait=project.wait, settle=project.deploy.settle, keep=project.deploy.keep, replicas=replicas,
        single=frozenset(name for name, one in project.processes.items() if one.single),
        companions=tuple(sorted(stays)), after_migrate=bool(project.hooks.after_migrate),
        env_file=project.env_file, sought=tuple(project.sought),
    )  # fmt: skip
    return facts, source


def _printed(checkout: Checkout, environment: Environment) -> tuple[dict[str, Any], dict[str, Any]]:
    # What Compose reads of a release that has no name yet, and of what is around it.
    shell, project, name = checkout.shell, checkout.project, environment.name
    stack = Stack(shell, project, name, lambda: {"IMAGE": ANY, "DEPLOYMENT": stack.name})
    found = []
    for release, more in ((ANY, stack.of_processes), ("", ())):
        command = compose_command(project, name, *SERVICES, release=release, more=more)
        env = stack.env() | release_variables(stack.name)
        found.append(plain(json.loads(shell.output(command, env=env, failed=UNREADABLE))))
    return found[0], found[1] | {"name": stack.name}


def kept(project: Project, services: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the variables whose values are in no manifest: whatever may be secret, by name or by what it holds.

    One that .env.example has a value of is none that its name alone makes secret.
    """
    example = schema(project)
    public = example.required if example else {}
    found = set()
    for said in services:
        for name, value in (said.get("environment") or {}).items():
            named = "" if public.get(name) and name not in project.secrets else name
            if value and (hidden.is_hidden(project, named, str(value)) or hidden.is_hidden(project, "", str(value))):
                found.add(name)
    return frozenset(found)


def _image(checkout: Checkout, tag: str) -> tuple[str, str]:
    # Its reference, and what there is to say of it.
    project = checkout.project
    if not tag:
        tree = plan.current(checkout).tag
        remote = tags.in_registry(references.tag(tree), project.repository)
        return remote or tree, TREE if remote else NOWHERE
    remote = tags.in_registry(tag, project.repository)
    if not remote:
        raise Problem(
            f"--tag {tag} is of no registry, and nodes pull from one: name it in pyproject.toml ([tool.slipway] "
            "registry), or say a whole reference: --tag HOST/NAME:TAG"
        )
    found = registry.find(checkout.shell, remote, echo=True)
    if not found:
        raise Problem(f"There is no {remote} in the registry. What was released: git tag")
    return of_registry(checkout, cosign.public_key(project), remote, found).reference, ""


def label(image: str) -> str:
    """Return a tag as a label's value, "" for none."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", references.tag(image))[:LONGEST].strip("._-")
