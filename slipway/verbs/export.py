"""The verb that takes a project elsewhere: export."""

from typing import TYPE_CHECKING

from invoke.context import Context

from slipway.verbs.options import DEPLOYED
from slipway.verbs.verb import task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.export.facts import Manifest
    from slipway.verbs.session import Session


@task(
    help=DEPLOYED
    | {
        "kubernetes": "manifests of Kubernetes, which Slipway has never applied to a cluster",
        "tag": "of this image in the registry, by its digest (default: this tree's tag)",
        "output": "a folder for a file each (default: all on standard output)",
    }
)
def export(_: Context, kubernetes: bool = False, env: str = "", tag: str = "", output: str = "") -> None:
    """Render what another orchestrator reads."""
    from slipway.core.caller import expanded
    from slipway.core.errors import Problem
    from slipway.export import findings, manifests, write
    from slipway.export.gather import gather
    from slipway.project.environments import PROD
    from slipway.verbs.screen import show_lines, show_source
    from slipway.verbs.session import begin

    with begin("export", env=env, default=PROD, quietly=True) as session:
        if not kubernetes:
            raise Problem("Export to what? There is one: ./inv export --kubernetes")
        facts, source = gather(session.checkout, session.environment, tag)
        if found := findings.findings(facts):
            lines = "\n".join(f"  - {line}" for line in found)
            raise Problem(f"No manifests can be made of the Compose files as they are:\n{lines}\nNothing was written.")
        made = manifests.manifests(facts)
        check(session, made)
        said = manifests.overview(facts, session.steps.named(source), findings.differences(facts))
        if not output:
            show_source(manifests.stream(made, said).rstrip("\n"))
            return
        folder = expanded(output)
        show_lines(f"{folder / name}" for name in write.write(folder, manifests.files(made, said)))


def check(session: "Session", made: "Sequence[Manifest]") -> None:
    """Raise Problem where a manifest would have the value of a secret in it."""
    from slipway.core.errors import Problem
    from slipway.export.yaml import dumped

    for one in made:
        if session.steps.secrets.found(dumped(one.body)):
            raise Problem(
                f"The {one.kind} {one.name} would have the value of a secret in it: a command, a name or another "
                "setting of the Compose files has it. Have it read /run/secrets instead, then run this again. Nothing "
                "was written."
            )
