"""The revisions in the image, read by Alembic."""

import io
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import text

from slipway.schema import settings
from slipway.schema.database import Refused
from slipway.schema.environment import environment
from slipway.schema.phases import PHASES, Live, Revision

USUAL = 32  # characters that alembic_version has room for, unless somebody has made it wider
ROOM = (
    "SELECT atttypmod - 4 FROM pg_attribute WHERE attrelid = to_regclass('alembic_version') AND attname = 'version_num'"
)


def configuration(output: io.StringIO | None = None, options: Namespace | None = None) -> Config:
    """Return Alembic's configuration of the project in this folder; its SQL goes to `output`.

    `options` are what Alembic's own command line would have been given: templates and env.py may read them.
    """
    config = Config(settings.alembic_ini(), stdout=io.StringIO(), output_buffer=output, cmd_opts=options)
    config.toml_file_name = "pyproject.toml"  # an older Alembic knows no such argument, and reads no such file
    return config


class Revisions:
    """The revisions in the order in which they are applied.

    Raises Refused, with what Alembic said, when they cannot be read or don't hang together.
    """

    def __init__(self, options: Namespace | None = None) -> None:
        self.config = configuration(options=options)
        try:
            self.script = ScriptDirectory.from_config(self.config)
            self.all = [_read(script) for script in self._between("heads", ())]
            self.heads = tuple(self.script.get_heads())
        except CommandError as error:
            raise Refused(f"{error}\nThe revisions don't hang together. Mend them, then run this again.") from None
        self.scripts = {script.revision: script for script in self._between("heads", ())}

    def step(self, revision: str, noted: str, down: bool = False, output: io.StringIO | None = None) -> None:
        """Apply exactly one revision, or take it back; its SQL goes to `output` instead when that is given.

        It is noted in the schema `noted`, or refused.

        `alembic upgrade` and `downgrade` take a revision to arrive at, which around a merge is more than one step.
        Raises what the revision raises.
        """
        script, of = self.scripts[revision], self.script.revision_map

        def steps(_heads: object, context: MigrationContext) -> list[MigrationStep]:
            if len(revision) > USUAL and not output and not down:
                refuse_long([revision], _room(context))
            make = MigrationStep.downgrade_from_script if down else MigrationStep.upgrade_from_script
            return [make(of, script)]

        config = configuration(output) if output else self.config
        before = script.down_revision or ()
        parents = [before] if isinstance(before, str) else list(before)
        options: dict[str, Any] = {"fn": steps}
        if output:
            start = [revision] if down else parents
            options |= {"as_sql": True, "starting_rev": start or None, "destination_rev": None}
        with environment(noted, config, self.script, **options):
            self.script.run_env()

    def target(self, named: str) -> str:
        """Return the full name of a revision, "head" included; raises Refused."""
        if named in ("head", "heads"):
            if len(self.heads) > 1:
                raise Refused(
                    f"There are {len(self.heads)} newest revisions: {', '.join(self.heads)}. Join them, in "
                    "development: ./inv revision --merge"
                )
            return self.heads[0] if self.heads else "base"
        if named == "base":
            return named
        try:
            script = self.script.get_revision(named)
        except CommandError:
            script = None
        if not script:
            raise Refused(f"There is no revision {named!r} here. `./inv migrate --plan` lists what is pending.")
        return str(script.revision)

    def pending(self, to: str, current: Sequence[str]) -> list[Revision]:
        """Return what upgrading to `to` would apply, oldest first.

        Raises Refused when the database is at a revision that is not here.
        """
        self.check_known(current)
        if to == "base":
            return []
        done = self.known(current)
        if to in done and to not in current:
            raise Refused(
                f"The database is at {', '.join(current)}, which is beyond {to}. To take that back: "
                f"./inv downgrade --to {to}"
            )
        return [_read(script) for script in self._between(to, ()) if script.revision not in done]

    def undone(self, to: str, current: Sequence[str]) -> list[Revision]:
        """Return what downgrading to `to` would take back, newest first."""
        self.check_known(current)
        kept = self.known([to]) if to != "base" else frozenset()
        done = self.known(current)
        return [revision for revision in reversed(self.all) if revision.id in done and revision.id not in kept]

    def check_known(self, current: Sequence[str]) -> None:
        """Raise Refused when the database is at a revision that is not here."""
        for head in current:
            if head not in self.scripts:
                raise Refused(
                    f"The database is at {head}, which is not among the revisions here: a newer release, or another "
                    "branch, has migrated it. Migrate from that tree, or restore a backup: ./inv restore. (Development "
                    "can begin anew, without data: ./inv --help down)"
                )

    def known(self, heads: Sequence[str]) -> frozenset[str]:
        """Return these revisions and all that come before them."""
        todo, found = [head for head in heads if head in self.scripts], set[str]()
        while todo:
            one = todo.pop()
            if one not in found:
                found.add(one)
                todo += self.scripts[one]._all_down_revisions
        return frozenset(found)

    def live(self, named: str) -> Live:
        """Read NAME=HEAD,HEAD: a release, and the newest revisions that it holds."""
        release, _, heads = named.rpartition("=")
        listed = [head for head in heads.split(",") if head]
        return Live(release, self.known(listed) if listed and set(listed) <= self.scripts.keys() else None)

    def _between(self, upper: str, lower: Sequence[str]) -> list[Script]:
        return list(reversed(list(self.script.iterate_revisions(upper, tuple(lower) or "base"))))


def _read(script: Script) -> Revision:
    module = script.module
    ignores = getattr(module, "ignores", {})
    if not isinstance(ignores, dict):
        raise Refused(f'{script.path}: ignores should look like {{"rule": "why it does no harm"}}.')
    phase = str(getattr(module, "phase", "") or "")
    if phase not in ("", *PHASES):
        raise Refused(f'{script.path}: phase = {phase!r} should be "expand" or "contract".')
    message = (script.doc or "").partition("\n")[0]
    return Revision(script.revision, message, phase, {str(k): str(v) for k, v in ignores.items()})


def refuse_long(revisions: Sequence[str], room: int | None) -> None:
    """Raise Refused for a name for which alembic_version has no room; None or less is no limit."""
    for name in revisions:
        if room and room > 0 and len(name) > room:
            raise Refused(
                f"{name} is a name of {len(name)} characters, and the table alembic_version has room for {room}: give "
                "it a shorter one (revision in its file, down_revision in what follows it). It is not applied."
            )


def _room(context: MigrationContext) -> int | None:
    # Once Alembic has made its table; a project's env.py may make it otherwise.
    found = context.connection.execute(text(ROOM)).scalar() if context.connection else None
    return int(found) if found else None
