"""What would be written into a project, and what is left to its owner."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from slipway.adopt import envfile, example, ignores, toml
from slipway.adopt.changes import Change
from slipway.adopt.detect import Detected
from slipway.adopt.files import Files
from slipway.adopt.findings import Refused, Untold
from slipway.adopt.texts import env_files
from slipway.core.sources import FILE
from slipway.project import dotenv

# The files of Slipway's own that a project gets: where they are there, they stay.
OWN = {"tasks.py": 0o644, "inv": 0o755}
OF_SLIPWAY = "slipway.verbs"  # what a tasks.py that lists Slipway's verbs imports
TASKS = "tasks.py is yours and stays. For Slipway's verbs to stand beside yours, write in it:"
LAUNCHER = "inv is there already, and stays: if it is not Slipway's launcher, rename it, and call this again."


@dataclass(frozen=True)
class Plan:
    """The files to write, what could not be told or has to be done by hand, and what else there is to say."""

    changes: tuple[Change, ...]
    untold: tuple[Untold, ...]
    notes: tuple[str, ...]


def plan(files: Files, found: Detected, own: Mapping[str, bytes], tracked: frozenset[str] = frozenset()) -> Plan:
    """Return what adopting a project means; `own` are Slipway's files by name: tasks.py, inv, slipway.lock, its wheel.

    Raises Refused for a pyproject.toml that cannot be read.
    """
    untold = list(found.untold)
    notes: list[str] = []
    texts: dict[str, str] = {}
    texts["pyproject.toml"], more = toml.pyproject(files, found, _settings(files))
    untold += more
    file = envfile.of_project(files, found.env_file)
    begun = next((name for name in (file, FILE) if files.has(name)), "")
    env = files.text(begun) if begun else None
    if begun in files.unread:
        raise Refused(f"Nothing can be taken from {begun}, or added to it: {files.unread[begun]}.")
    made = example.example(found, files.text(".env.example") if files.has(".env.example") else "", env or "", file)
    texts[".env.example"] = made
    if env is not None:
        env, added = example.completed(found, env, made, dotenv.new_secret)
        texts[file] = env
        if added and begun == file:
            notes.append(f"{file} gets {', '.join(added)}; what is in it stays.")
    elsewhere = [name for name in env_files(files, []) if name.endswith("/.env")]
    if file != FILE:
        of = " It begins with what .env has." if begun == FILE else ""
        notes.append(f"Slipway reads {file}, and what that says goes before .env, which your code alone reads.{of}")
    elif elsewhere:
        notes.append(f"Slipway reads .env beside pyproject.toml; your code alone reads {', '.join(elsewhere)}.")
    untold += [Untold(f"{file}: {one}.") for one in example.by_hand(found, made, env)]
    written, more = ignores.apart([one.value for one in found.writable], files.inside)
    untold += more
    texts[".gitignore"] = ignores.git(files.text(".gitignore") if files.has(".gitignore") else "", file, written)
    untold += [*ignores.tracked(tracked, file), *envfile.unseen(files, file)]
    untold += envfile.shared(files, file, env, found.name.value)
    changes = [change for name, text in texts.items() if (change := _of_text(files, name, text))]
    changes = [_shown(one, files, found, begun if one.name == file else "") for one in changes]
    return Plan((*changes, *_own(files, own, untold)), tuple(untold), (*notes, *_notes(found)))


def _settings(files: Files) -> str:
    text = files.text("pyproject.toml") if files.has("pyproject.toml") else ""
    if text and not files.toml("pyproject.toml") and "pyproject.toml" in files.unread:
        raise Refused(
            f"pyproject.toml cannot be read ({files.unread['pyproject.toml']}), so nothing can be added to it."
        )
    return text


def _of_text(files: Files, name: str, text: str) -> Change | None:
    path = files.project / name
    before = path.read_bytes() if path.exists() else None
    if before is not None and not files.has(name):
        raise Refused(f"{name} is a link: put the file itself in its place, and call this again.")
    if before is not None and name in files.unread:
        raise Refused(f"Nothing can be added to {name}: {files.unread[name]}.")
    old = files.text(name) if before is not None else ""
    if text == old:
        return None
    if before is not None and b"\r\n" in before:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    has_mark = before is not None and before.startswith(b"\xef\xbb\xbf") and name != "pyproject.toml"
    encoding = "utf-8-sig" if has_mark else "utf-8"
    return Change(name, before, text.encode(encoding), 0o600 if dotenv.is_private(name) else 0o644)


def _shown(change: Change, files: Files, found: Detected, begun: str) -> Change:
    # What of it is shown: neither what is secret by its type alone, nor what it has of the file that it begins with.
    secrets = frozenset(one.name for one in found.secrets)
    is_new = begun and change.before is None
    return replace(change, secrets=secrets, begun=(begun, files.text(begun).encode()) if is_new else None)


def _own(files: Files, own: Mapping[str, bytes], untold: list[Untold]) -> list[Change]:
    changes = []
    for name, content in own.items():
        path = files.project / name
        before = path.read_bytes() if path.exists() else None
        if before == content:
            continue
        if before is not None and name in OWN:
            if name == "tasks.py" and OF_SLIPWAY not in files.text(name):
                untold.append(Untold(TASKS, "from slipway.verbs.run import up, down, status, ps, logs, shell"))
            elif name == "inv":
                untold.append(Untold(LAUNCHER))
            continue
        if before is not None and name == "slipway.lock":
            continue  # another version's: that is what an upgrade is for
        changes.append(Change(name, before, content, OWN.get(name, 0o644)))
    return changes


def _notes(found: Detected) -> list[str]:
    notes = []
    if found.others:
        listed = ", ".join(f"{one.name}{f' ({one.image})' if one.image else ''}" for one in found.others)
        notes.append(
            f"Left to you for now, as Slipway runs the service and PostgreSQL alone: {listed}. How the service reaches "
            "them from its container: Slipway's docs/adopt.md."
        )
    if found.writable:
        listed = ", ".join(one.value for one in found.writable)
        notes.append(
            f"Written to: {listed}. In production each container has its own there, empty at first, gone with it, of "
            "64 MB at most; what has to stay goes to a volume, or elsewhere."
        )
    if found.before_migrate:
        listed = "; ".join(f"{one.value} ({one.where})" for one in found.before_migrate)
        notes.append(f"Not called, as Slipway waits for the database itself: {listed}.")
    if found.migrations and not found.locked.has("psycopg") and found.locked.file:
        notes.append(
            f"psycopg is not in {found.locked.file}: Slipway adds it to its stage of the image, for migrations."
        )
    return notes
