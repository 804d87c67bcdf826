"""`inv audit`: secrets in an image, and known vulnerabilities of its packages."""

import sys
from collections.abc import Callable

from slipway.core.errors import Problem
from slipway.deploy import source as candidate
from slipway.image import advisories
from slipway.image import base as variants
from slipway.image import inspect as inspecting
from slipway.image import secrets as scanning
from slipway.verbs.session import Lifecycle


def audit(here: Lifecycle, tag: str) -> None:
    """Look for both, and print what was found out.

    Raises Problem with all findings.
    """
    named = inspecting.find(here, candidate.on_engine(tag, here.project.image) if tag else "", "inv audit")
    said = inspecting.read(here, named).labels.get(inspecting.BASE_NAME, "").removeprefix("docker.io/library/")
    base = said if said.startswith("python:") else variants.choose(here.project).name
    problems = []
    looks: dict[str, Callable[[], str]] = {
        "secrets": lambda: scanning.scan(here, named, base),
        "advisories": lambda: advisories.look(here, named),
    }
    for name, look in looks.items():
        try:
            with here.steps.step(name) as step:
                step.detail = look()
                sys.stdout.write(f"{name:<10} {step.detail}\n")
        except Problem as problem:
            problems.append(str(problem.message))
    if problems:
        raise Problem("\n".join(problems))
