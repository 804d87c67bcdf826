"""What manifests are made of, and what one is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipway.engine.compose import ANY
from slipway.engine.containers import WEB

LEAST = "1.30"  # of Kubernetes: the sleep before a pod is stopped
VALIDATED = "1.37"  # whose schema tests/e2e/test_kubernetes.py validates manifests against
NAME, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"
COMPONENT, VERSION = "app.kubernetes.io/component", "app.kubernetes.io/version"
INGRESS = "slipway.dev/ingress"  # the label of namespaces whose pods may ask web


@dataclass(frozen=True)
class Facts:
    """What is known of a release, and of what is around it.

    `services` are those of the release, as Compose has them once $$ is $ again; `migrate` is the service that
    migrations run in, None for none. `secrets` are the names that are files in /run/secrets, `kept` those of variables
    whose values are in no manifest either. `user` is that of the release's own image, as UID:GID, "" where nobody but
    the image tells. `replicas` are those that pyproject.toml says. `companions` are services that are left out.
    """

    project: str
    deployment: str
    image: str
    version: str = ""
    services: Mapping[str, Any] = field(default_factory=dict)
    migrate: Mapping[str, Any] | None = None
    secrets: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()
    user: str = ""
    hosts: tuple[str, ...] = ()
    database: str = ""
    database_port: int = 5432
    own_database: bool = False
    health: str = "/"
    health_host: str = ""
    port: int = 8000
    wait: int = 60
    settle: int = 5
    keep: int = 3
    replicas: Mapping[str, int] = field(default_factory=dict)
    single: frozenset[str] = frozenset()
    companions: tuple[str, ...] = ()
    after_migrate: bool = False
    env_file: str = ".env.prod"
    sought: tuple[str, ...] = ()

    @property
    def has_web(self) -> bool:
        """Whether clients are led to something."""
        return WEB in self.services

    @property
    def secret(self) -> str:
        """The name of the Secret."""
        return self.called("secrets")

    @property
    def keys(self) -> list[str]:
        """The keys of the Secret."""
        return sorted({*self.secrets, *self.kept})

    def called(self, name: str) -> str:
        """Return what an object is called."""
        return f"{self.deployment}-{name}"

    def is_own(self, said: Mapping[str, Any]) -> bool:
        """Tell whether a service is of the release's own image."""
        return said.get("image") == ANY

    def labels(self, component: str = "") -> dict[str, str]:
        """Return the labels of an object."""
        found = {NAME: self.project, **self.selector(component)}
        return found | ({VERSION: self.version} if self.version else {})

    def selector(self, component: str = "") -> dict[str, str]:
        """Return the labels by which pods are chosen: they never change."""
        return {INSTANCE: self.deployment} | ({COMPONENT: component} if component else {})


@dataclass(frozen=True)
class Manifest:
    """One object of Kubernetes, with what there is to say before it; one that is no `example` is to be applied."""

    body: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    example: bool = False

    @property
    def kind(self) -> str:
        """What it is."""
        return str(self.body["kind"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.body["metadata"]["name"])

    @property
    def component(self) -> str:
        """What it is about."""
        return str(self.body["metadata"]["labels"].get(COMPONENT, ""))


def manifest(
    version: str, kind: str, facts: Facts, name: str, component: str, rest: Mapping[str, Any], *notes: str
) -> Manifest:
    """Return an object that has these fields beside its name and labels."""
    metadata = {"name": name, "labels": facts.labels(component)}
    return Manifest({"apiVersion": version, "kind": kind, "metadata": metadata, **rest}, notes)
