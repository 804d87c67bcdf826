"""`inv audit`: secrets in an image, and known vulnerabilities of its packages."""

import sys
from collections.abc import Callable

from slipway import advisories, inspecting, scanning, variants
from slipway.errors import Problem
from slipway.lifecycle import Lifecycle


def audit(here: Lifecycle, tag: str) -> None:
    """Look for both, and print what was found out; raises Problem with all findings."""
    named = inspecting.find(here, tag)
    base = inspecting.read(here, named).labels.get(inspecting.BASE_NAME, variants.choose(here.project).name)
    problems = []
    looks: dict[str, Callable[[], str]] = {
        "secrets": lambda: scanning.scan(here, named, base.removeprefix("docker.io/library/")),
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
