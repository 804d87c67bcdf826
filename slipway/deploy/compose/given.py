"""What a release was given: its variables, and its secrets, read on the engine. Nothing here is shown."""

import json
import posixpath

from slipway.core.errors import Problem
from slipway.deploy.compose import labels
from slipway.deploy.compose.deployment import EngineDeployment
from slipway.deploy.compose.files import SECRETS
from slipway.deploy.compose.groups import environments
from slipway.engine import volumes
from slipway.engine.compose import ANY, WITHOUT_ENV, release_variables
from slipway.engine.containers import Container
from slipway.engine.stack import SERVICES

# What the proxy is given, as compose.prod.yaml writes it, and what a settings file calls it.
SITE, HTTP = "SITE", "80/tcp"
SLIPWAYS = ("DOMAIN", "PORT", "HTTPS_PORT", "TRUSTED_PROXIES", "ACME_EMAIL", "ACME_CA")
NOBODY = "127.0.0.1/32"
OF_PROXY = {"OPTION_EMAIL": ("ACME_EMAIL", "email "), "OPTION_CA": ("ACME_CA", "acme_ca ")}


def of_live(deployment: EngineDeployment) -> dict[str, str]:
    """Return the values of the live release by name, with what its proxy was given; raises Problem."""
    releases = deployment.releases
    live = releases.live()
    if not live or (live.has_web and not live.web):
        raise Problem(f"No release of {releases.deployment} is live, so there are no values to take.")
    shell, volume = deployment.checkout.shell, labels.release_secrets(releases.deployment, live.id)
    found = volumes.read(shell, {volume: SECRETS}, live.image, releases.deployment)
    secrets = {posixpath.basename(path): content.decode() for path, content in found.items()}
    given = {name: value for name, value in variables((live.web or live.containers)[0]).items() if name not in SLIPWAYS}
    return given | of_proxy(deployment.stack.container(labels.PROXY)) | secrets


def fixed(deployment: EngineDeployment) -> dict[str, str]:
    """Return the variables that compose.release.yaml gives a release whatever the settings are; none if it can't."""
    command = deployment.stack.compose_release(ANY, WITHOUT_ENV, SERVICES)
    status, said, _ = deployment.checkout.shell.probe(command, env=release_variables(deployment.stack.name))
    given = environments(json.loads(said)["services"]) if not status else {}
    return {name: value for name, value in given.items() if value is not None}


def variables(one: Container) -> dict[str, str]:
    """Return the variables of a container, those of its image as well."""
    return {name: value for name, _, value in (line.partition("=") for line in one.env)}


def of_proxy(one: Container | None) -> dict[str, str]:
    """Return what a proxy was given, by the names of a settings file."""
    if not one:
        return {}
    given = variables(one)
    found = {ours: given.get(name, "").removeprefix(start) for name, (ours, start) in OF_PROXY.items()}
    site, port = given.get(SITE, ""), str(one.published(HTTP) or "")
    found["TRUSTED_PROXIES"] = "" if given.get("TRUSTED") == NOBODY else given.get("TRUSTED", "").replace(" ", ",")
    if site.startswith(":"):
        found["PORT"] = port
    else:
        https = given.get("HTTPS_PORT", "")
        found |= {"DOMAIN": site, "PORT": port if port != "80" else "", "HTTPS_PORT": https if https != "443" else ""}
    return {name: value for name, value in found.items() if value}
