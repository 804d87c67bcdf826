"""Names and labels of a deployment's containers, volumes and networks."""

from slipway.engine.containers import PROJECT
from slipway.engine.volumes import VOLUME

DEPLOYMENT = "dev.slipway.deployment"  # of everything that belongs to a deployment
RELEASE = "dev.slipway.release"  # of a release's containers and volume
OWNER = "dev.slipway.owner"  # of the lock's container: who holds it
NETWORK = "com.docker.compose.network"
PROXY = "proxy"  # the service of compose.prod.yaml
RELEASES = r"\d{8}t\d{6}"  # how releases are called, as a pattern
DEFAULT_NETWORK, DATABASE_NETWORK = "default", "database"  # of compose.prod.yaml
EDGE = "edge"  # the network of compose.ipv6.yaml


def lock_name(deployment: str) -> str:
    """Return the name of the lock's container."""
    return f"{deployment}-lock"


def files_volume(deployment: str) -> str:
    """Return the name of the volume with what the proxy reads."""
    return f"{deployment}_deployment"


def ledger_volume(deployment: str) -> str:
    """Return the name of the volume with the ledger, and with what else the proxy may not read."""
    return f"{deployment}_ledger"


def database_secrets(deployment: str) -> str:
    """Return the name of the volume with the database's secrets."""
    return f"{deployment}_secrets"


def release_secrets(deployment: str, release: str) -> str:
    """Return the name of the volume with a release's secrets."""
    return f"{deployment}-{release}-secrets"


def of_stack(deployment: str, volume: str) -> tuple[str, str]:
    """Return the labels by which Compose knows a volume of the deployment as its own."""
    return (f"{PROJECT}={deployment}", f"{VOLUME}={volume}")


def network_labels(deployment: str, network: str) -> tuple[str, str]:
    """Return the labels by which Compose knows a network of the deployment as its own."""
    return (f"{PROJECT}={deployment}", f"{NETWORK}={network}")


def of_release(deployment: str, release: str) -> tuple[str, str]:
    """Return the labels of what belongs to a release."""
    return (f"{DEPLOYMENT}={deployment}", f"{RELEASE}={release}")
