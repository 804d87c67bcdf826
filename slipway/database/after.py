"""The service's own commands, `after-migrate`, once the schema is what its code expects."""

import shlex
from collections.abc import Sequence

from slipway.core.errors import Problem
from slipway.database import migrate, schema
from slipway.project.checkout import Checkout
from slipway.runtime import LATE, Job, Runtime
from slipway.runtime.environment import Environment

SHOWN = 20  # last lines of one that failed


def up_to_date(checkout: Checkout, environment: Environment, runtime: Runtime) -> None:
    """Migrate on the way to `inv up`, and run what comes after; a project without either has nothing to do."""
    with schema.then("up"):
        if checkout.project.migrations:
            migrate.apply(checkout, environment, runtime)
        run(checkout, environment, runtime, checkout.project.hooks.after_migrate)


def run(checkout: Checkout, environment: Environment, runtime: Runtime, commands: Sequence[str]) -> None:
    """Run commands in the service's environment, each a step; raises Problem at the first that fails.

    Each may take as long as what else works on rows: the `data-timeout` of migrations. They run whether or not a
    revision was applied: who knows whether they came to their end the last time.
    """
    for line in commands:
        with checkout.steps.step("after", line):
            seconds = checkout.project.migrate.data_timeout
            ran = runtime.run(Job(shlex.split(line), env={"SLIPWAY_ENV": environment.name}, seconds=seconds))
            if ran.status:
                if shown := ran.output.strip():
                    checkout.steps.say("\n".join(shown.splitlines()[-SHOWN:]))
                how = f"ended with status {ran.status} (see above)"
                if ran.status == LATE:
                    how = f"did not end in {seconds} s, and was ended ([tool.slipway.migrate] data-timeout)"
                raise Problem(  # its status is its own: 3 would be a migration that has to wait
                    f"{line!r} of after-migrate in pyproject.toml {how}. What was migrated stays; nothing was started "
                    "on it."
                )
