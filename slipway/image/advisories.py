"""Known vulnerabilities of an image's Python packages, as OSV lists them."""

import importlib.util
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway.core.errors import Problem
from slipway.image import inspect
from slipway.project import lockfile
from slipway.project.checkout import Checkout

UNKNOWN = "not known: the database could not be asked"
TIMEOUT = 15  # seconds for each package


def audit_command(requirements: Path, ignored: Mapping[str, str], url: str = "") -> list[str]:
    """Return the command that asks for advisories.

    Takes the file of packages, each named with its version, and the advisories that are ignored. OSV
    (https://osv.dev) and not the package index, whose mirrors know of none.
    """
    asked = ["--requirement", str(requirements), "--no-deps", "--disable-pip", "--vulnerability-service", "osv"]
    quietly = ["--format", "json", "--progress-spinner", "off", "--timeout", str(TIMEOUT)]
    words = [word for one in ignored for word in ("--ignore-vuln", one)]
    return [sys.executable, "-P", "-m", "pip_audit", *asked, *quietly, *words, *(["--osv-url", url] if url else [])]


def look(checkout: Checkout, tag: str) -> str:
    """Ask for the advisories of an image's packages.

    Returns what was found out. Raises Problem when there is one that [tool.slipway.release] advisories doesn't
    name. A database that cannot be reached is no reason to stop: what is returned says so.
    """
    if not importlib.util.find_spec("pip_audit"):
        raise Problem("Known vulnerabilities cannot be told: add pip-audit to the group dev.")
    installed = inspect.contents(checkout.shell, tag)["environment"]
    ignored = checkout.project.release.advisories
    with tempfile.TemporaryDirectory(prefix="slipway-advisories-") as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text("".join(f"{one['name']}=={one['version']}\n" for one in installed), encoding="utf-8")
        _, out, said = checkout.shell.probe(audit_command(file, ignored, os.environ.get("OSV_URL", "")))
    try:
        report = json.loads(out)
    except ValueError:
        last = said.strip().rpartition("\n")[2]
        if not re.search(r"(?i)connection|timeout|timed out|HTTPError|ServiceError|ProxyError|SSLError", last):
            raise Problem(f"{said.strip()}\nKnown vulnerabilities cannot be told (see above).") from None
        checkout.steps.say(f"  {last[:120]}")
        return UNKNOWN
    if found := findings(report):
        listed = "\n".join(f"  - {finding}" for finding in found)
        raise Problem(
            f"{tag} has packages with known vulnerabilities:\n{listed}\n"
            f"Update them ({lockfile.update_command(checkout.root)}), or say why one is harmless: "
            '[tool.slipway.release.advisories] ID = "why"'
        )
    skipped = [one["name"] for one in report["dependencies"] if "skip_reason" in one]
    known = f"none known of {len(installed) - len(skipped)} packages"
    return f"{known}; not asked: {', '.join(skipped)}" if skipped else known


def findings(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each advisory of a package.

    Takes what pip-audit reports.
    """
    return [
        f"{one['name']} {one['version']}: {known['id']}"
        + (f", mended in {', '.join(known['fix_versions'])}" if known.get("fix_versions") else "")
        for one in report["dependencies"]
        for known in one.get("vulns", [])
    ]
