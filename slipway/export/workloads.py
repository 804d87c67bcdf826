"""What runs: a Deployment for web and for each process, the Job that migrates, and how many pods there are of web."""

from collections.abc import Mapping
from typing import Any

from slipway.deploy.swarm.policies import replicas as said_of_replicas
from slipway.engine.containers import WEB
from slipway.export.facts import Facts, Manifest, manifest
from slipway.export.pods import CPU, PAUSE, template
from slipway.export.settings import Given, digest

MIGRATE = "migrate"
DAY = 86_400
MOST, BUSY = 3, 70  # times as many pods as usual, and the percentage of CPU that pods are added at
SPARE = 60  # seconds beyond those in which a pod has to be ready, for the image to be pulled


def deployment(name: str, facts: Facts, given: Given) -> Manifest:
    """Return the Deployment of a service of the release."""
    said, is_single, is_web = facts.services[name], name in facts.single, name == WEB
    strategy: dict[str, Any] = {"type": "Recreate"}
    if not is_single:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    rest = {
        **({} if is_web else {"replicas": count(name, said, facts)}),
        "revisionHistoryLimit": facts.keep,
        "minReadySeconds": facts.settle,
        "progressDeadlineSeconds": facts.wait + facts.settle + SPARE,
        "strategy": strategy,
        "selector": {"matchLabels": facts.selector(name)},
        "template": template(name, said, facts, given),
    }
    return manifest("apps/v1", "Deployment", facts, facts.called(name), name, {"spec": rest}, *_notes(name, facts))


def _notes(name: str, facts: Facts) -> list[str]:
    if name in facts.single:
        return [
            "One at a time: the old pod ends before the new one is made. A node that is cut off may go on with its pod "
            "while another node has begun one: what must never happen twice needs a lock in the database."
        ]
    if name != WEB:
        return []
    return [
        f"How many pods there are is the HorizontalPodAutoscaler's to say. Each goes on for {PAUSE} s when it is told "
        "to stop, until nobody is led to it.",
        "No liveness probe: gunicorn restarts workers that hang, and one that asked the health path would restart all "
        "pods while the database is away.",
    ]


def count(name: str, said: Mapping[str, Any], facts: Facts) -> int:
    """Return how many pods a service has, as a release has containers unless told."""
    return 1 if name in facts.single else facts.replicas.get(name) or said_of_replicas(said) or 1


def migration(facts: Facts, given: Given) -> list[Manifest]:
    """Return the Job that migrates, none where there are no migrations.

    It is named by what it runs: a Job cannot be changed, and the same one is not run again.
    """
    if not facts.migrate:
        return []
    made = template(MIGRATE, facts.migrate, facts, given, ends=True)
    rest = {"spec": {"backoffLimit": 0, "ttlSecondsAfterFinished": DAY, "template": made}}
    name = facts.called(f"{MIGRATE}-{digest(made)}")
    notes = [
        "Before the Deployments: apply this, and wait for it. All that is pending is applied, contract revisions as "
        "well, as no release that runs is known there: leave those to a version after the one that does without.",
        f"  kubectl wait --for=condition=complete --timeout=10m job/{name}",
    ]
    if facts.after_migrate:
        notes.append("[tool.slipway.hooks] after-migrate is none of it: run that afterwards, as a Job like this one.")
    return [manifest("batch/v1", "Job", facts, name, MIGRATE, rest, *notes)]


def scaling(facts: Facts) -> list[Manifest]:
    """Return what adds pods of web, and what keeps a node's drain from taking several at once; none without web."""
    if not facts.has_web:
        return []
    said, called = facts.services[WEB], facts.called(WEB)
    least = count(WEB, said, facts)
    utilization = {"type": "Utilization", "averageUtilization": BUSY}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": called},
        "minReplicas": least,
        "maxReplicas": MOST * least,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": utilization}}],
    }
    notes = [f"{BUSY} % of the CPU that a pod asks for. It needs the cluster's metrics-server."]
    if not _says_cpu(said):
        notes.append(
            f"The Compose files say none: {CPU} is a guess. Measure, then say deploy.resources.reservations.cpus."
        )
    if least == 1:
        notes.append("One pod: a node that is drained or lost is a pause. [tool.slipway.environments.NAME] scale = 2")
    hpa = manifest("autoscaling/v2", "HorizontalPodAutoscaler", facts, called, WEB, {"spec": spec}, *notes)
    budget = {"maxUnavailable": 1, "selector": {"matchLabels": facts.selector(WEB)}}
    pdb = manifest("policy/v1", "PodDisruptionBudget", facts, called, WEB, {"spec": budget})
    return [hpa, pdb]


def _says_cpu(said: Mapping[str, Any]) -> bool:
    of = (said.get("deploy") or {}).get("resources") or {}
    each = (of.get("reservations") or {}, of.get("limits") or {}, said)
    return any(one.get("cpus") for one in each)
