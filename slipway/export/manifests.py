"""All manifests of a release, in the order in which they are applied, and their text."""

from collections.abc import Sequence

from slipway import __version__
from slipway.engine.containers import WEB
from slipway.export import yaml
from slipway.export.facts import LEAST, VALIDATED, Facts, Manifest
from slipway.export.network import ingress, policies, service
from slipway.export.settings import Given, config_map, secret
from slipway.export.workloads import deployment, migration, scaling

MARK = "Rendered by Slipway"  # how each file begins
OVERVIEW = "README.txt"  # which kubectl does not read
NEVER = (
    "Slipway's authors have never applied them to a cluster: tests validate them against the schema of Kubernetes "
    f"{VALIDATED}, and that is all. They need {LEAST} or newer."
)


def manifests(facts: Facts) -> list[Manifest]:
    """Return the manifests of a release; there is something wrong with one that `findings` has said something of."""
    given = Given(facts)
    names = sorted(facts.services, key=lambda name: (name != WEB, name))
    return [
        *config_map(facts, given),
        *policies(facts),
        *migration(facts, given),
        *(deployment(name, facts, given) for name in names),
        *service(facts),
        *scaling(facts),
        *ingress(facts),
        *secret(facts),
    ]


def overview(facts: Facts, source: str, differing: Sequence[str]) -> list[str]:
    """Return what there is to say of all manifests together; `source` is said of the image."""
    lines = [f"{MARK} {__version__}: {facts.deployment} for Kubernetes, from its Compose files and pyproject.toml."]
    lines += [NEVER, f"The image: {facts.image}", *([source] if source else [])]
    lines.append(
        "Slipway's docs/kubernetes.md says in which order they are applied, and what Slipway doesn't do there."
    )
    lines += ["Other than on one machine:", *(f"- {line}" for line in differing)] if differing else []
    if facts.has_web and not facts.hosts:
        lines.append(f"No Ingress: {facts.env_file} has no DOMAIN.")
    return lines


def stream(found: Sequence[Manifest], said: Sequence[str]) -> str:
    """Return all of them as one stream of YAML."""
    return yaml.comment("\n".join(said)) + "".join(f"---\n{_document(one)}" for one in found)


def files(found: Sequence[Manifest], said: Sequence[str]) -> dict[str, str]:
    """Return them as a file each, whose names kubectl reads in this order; an example's name is one that it doesn't."""
    texts = {OVERVIEW: "".join(f"{line}\n" for line in said)}
    first = yaml.comment(f"{MARK} {__version__}, and anew by each export: {OVERVIEW}")
    for number, one in enumerate(found, 1):
        name = f"{number:02}-{one.kind.lower()}-{one.component}.yaml"
        texts[f"{name}.example" if one.example else name] = first + _document(one)
    return texts


def _document(one: Manifest) -> str:
    return yaml.comment("\n".join(one.notes)) + yaml.dumped(one.body)
