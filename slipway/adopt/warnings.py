"""What works otherwise in an adopted project than its files make one think."""

import ast
import json
from collections.abc import Sequence

from slipway.adopt.composefile import Service
from slipway.adopt.database import Names
from slipway.adopt.dockerfile import expanded, stages
from slipway.adopt.files import Files
from slipway.adopt.findings import Found, Untold, at
from slipway.adopt.layout import OF_DEVELOPMENT, OF_PRODUCTION, Image
from slipway.adopt.migrations import Migrations
from slipway.adopt.source import last
from slipway.adopt.versions import Packages, too_old

OTHER_MIGRATIONS = ("aerich", "piccolo", "tortoise-orm", "yoyo-migrations", "ormar")


def of_image(files: Files, image: Image | None, app: Service | None, lacking: Sequence[str] = ()) -> list[Untold]:
    """Say what is odd about the project's own image; `lacking` is what of the project seems not to be in it."""
    if not image:
        return [Untold("There is no Dockerfile whose image has a Python: `./inv up` does without, a deploy needs one.")]
    found: list[Untold] = []
    named = [one for one in stages(files.text(image.path)) if one.name]
    better = next((one for one in named if OF_PRODUCTION.search(one.name)), None)
    if better and OF_DEVELOPMENT.search(image.stage.name) and not _has_target(files):
        what = f"The stage {image.stage.name} of {image.path} is built; production's seems to be {better.name} ("
        found.append(Untold(f"{what}{at(image.path, better.number)}). In [tool.slipway], write:",
                            f'target = "{better.name}"'))  # fmt: skip
    wanted = app.target if app and app.dockerfile == image.path else ""
    if app and wanted and expanded(wanted, {}).lower() not in [one.name.lower() for one in named]:
        found.append(
            Untold(f"{app.where} names the stage {wanted}, which {image.path} has not: its last one is built.")
        )
    if lacking:
        what = f"The image of {image.where} seems to have no code of the service. If that is so, let Slipway copy it:"
        found.append(Untold(what, f"copy = {json.dumps(lacking)}"))
    return found


def _has_target(files: Files) -> bool:
    return "target" in files.pyproject("tool", "slipway")


def of_code(files: Files, has_migrations: bool) -> list[Untold]:
    """Say what of the code does not get on with what Slipway does."""
    found = []
    for name in files.code if has_migrations else ():
        made = (node for node in ast.walk(files.tree(name) or ast.Module([], [])) if isinstance(node, ast.Attribute))
        line = next((node.lineno for node in made if node.attr == "create_all" and last(node.value) == "metadata"), 0)
        if line and "/versions/" not in name:
            found.append(
                Untold(
                    f"{at(name, line)} makes tables itself (create_all). Where that runs at start, the migrations find "
                    "tables that they did not make, and ./inv revision leaves those out. Let migrations alone make "
                    "them, and begin with a database that has none: ./inv down --volumes."
                )
            )
    return found


def of_migrations(migrated: Migrations | None, names: Names | None, locked: Packages) -> list[Untold]:
    """Say which migrations are not Slipway's to apply."""
    others = [name for name in OTHER_MIGRATIONS if locked.has(name)]
    if migrated and migrated.count and names is None:
        what = f"{migrated.folder} has migrations ({migrated.where}), and no database was found for them: they are off."
        return [Untold(what, f'migrations = "{migrated.folder}"')]
    if not migrated and others:
        what = f"{others[0]} may have migrations: Slipway applies Alembic's alone, so these are for you to apply."
        return [Untold(what)]
    return []


def of_locks(files: Files, lock: Found[str], locked: Packages) -> list[Untold]:
    """Say what is missing in the lock file, or too old."""
    found = []
    poetry = "poetry" in files.pyproject("tool")
    if not lock.value:
        command = "poetry lock" if poetry else "uv lock"
        found.append(Untold("There is no lock file: no two builds install the same. Make one, and commit it:", command))
    elif not locked.has_hashes:
        found.append(Untold(f"{lock.value} has no hashes, so nobody can tell whether two builds install the same."))
    if old := too_old(locked):
        found.append(Untold(f"Too old for Slipway: {'; '.join(old)}. Raise them in your lock file."))
    return found
