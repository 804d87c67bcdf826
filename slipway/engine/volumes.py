"""Volumes of an engine."""

import io
import tarfile
import tempfile
from collections.abc import Iterable, Mapping

from slipway.core.errors import Problem
from slipway.core.shell import Shell, tokens
from slipway.engine import asked, containers, jobs

VOLUME = "com.docker.compose.volume"  # the label that says what a Compose file calls it
FILES = "/files"
# What root may do in a container that gives files and folders to another user.
MAY_GIVE = [word for one in ("CHOWN", "DAC_OVERRIDE", "FOWNER") for word in ("--cap-add", one)]
END = bytes(1024)  # of every tar that is whole


def create_command(name: str, *labels: str, driver: str = "", options: Iterable[tuple[str, str]] = ()) -> list[str]:
    """Return the command that makes a volume; one that is there stays."""
    made = tokens(["docker", "volume", "create"], *(["--label", label] for label in labels))
    of_driver = [word for pair in options for word in ("--opt", "=".join(pair))]
    return tokens(made, ["--driver", driver] if driver else None, of_driver, name)


def list_command(*filters: str) -> list[str]:
    """Return the command that lists the names of volumes by filters."""
    return tokens(["docker", "volume", "ls", "--quiet"], *(["--filter", one] for one in filters))


def remove_command(*names: str) -> list[str]:
    """Return the command that removes volumes."""
    return ["docker", "volume", "rm", *names]


def create(shell: Shell, name: str, *labels: str, driver: str = "", options: Iterable[tuple[str, str]] = ()) -> None:
    """Make a volume unless it is there; raises Problem."""
    make = create_command(name, *labels, driver=driver, options=options)
    shell.output(make, failed=f"There is no volume {name}.")


def projects(shell: Shell) -> dict[str, str]:
    """Return all volumes of the engine, each with the Compose project that it is of, "" for none; raises Problem."""
    form = f'{{{{.Name}}}} {{{{.Label "{containers.PROJECT}"}}}}'
    lines = shell.output(["docker", "volume", "ls", "--format", form]).splitlines()
    return {name: project for name, _, project in (line.partition(" ") for line in lines)}


def let_write(shell: Shell, project: str, volume: str, folder: str, image: str, user: str) -> None:
    """Have a user of an image be able to write into a volume, where its containers have it; raises Problem.

    A new one is root's, or as the image has that folder: the first container that has it there makes it so. What is in
    it stays as it is.
    """
    mount = ["--cap-drop", "ALL", "--volume", f"{volume}:{folder}", "--workdir", folder]
    test = jobs.script_command(image, project, "-c", "test -w .", options=["--user", user, *mount])
    if not shell.probe(test)[0]:
        return
    words = ["-ec", 'chown "$1" . && chmod u+rwx .', "sh", user]
    command = jobs.script_command(image, project, *words, options=["--user", "0:0", *mount, *MAY_GIVE])
    failed = f"The volume {volume} cannot be made one into which the service (user {user}) may write, at {folder}."
    shell.output(command, echo=True, failed=failed)


def names(shell: Shell, *filters: str) -> list[str]:
    """Return the names of the volumes that filters find."""
    return shell.output(list_command(*filters)).split()


def exists(shell: Shell, name: str) -> bool:
    """Tell whether there is a volume of this name; raises Problem when the engine doesn't tell."""
    return asked.ask(shell, ["docker", "volume", "inspect", name]) is not None


def remove_unused(shell: Shell, *names_: str) -> None:
    """Remove those of these volumes that are there and that no container has; what stays is said."""
    if unused := [one for one in names(shell, "dangling=true") if one in names_]:
        asked.tidy(shell, remove_command(*unused))


def reader_command(mounts: Mapping[str, str], image: str, project: str) -> list[str]:
    """Return the command that makes a container of a Compose project from which files of volumes are copied."""
    return tokens(
        ["docker", "create", "--name", f"{project}-{jobs.any_name('read')}", "--network", "none"],
        jobs.of_project(project),
        *(["--volume", f"{volume}:{FILES}{folder}:ro"] for volume, folder in mounts.items()),
        ["--entrypoint", "true", image],
    )


def read(shell: Shell, mounts: Mapping[str, str], image: str, project: str) -> dict[str, bytes]:
    """Return the files of volumes, each by its path with the volume in the folder that it is mapped to; raises Problem.

    They are copied from a container that is never started, in less time than a command in one that runs takes.
    """
    failed = f"What is in {' and '.join(mounts)} cannot be read."
    one = shell.output(reader_command(mounts, image, project), failed=failed)
    try:
        with tempfile.TemporaryFile() as copy:  # it has no name: some of it is for nobody else
            status = shell.status(["docker", "cp", f"{one}:{FILES}/.", "-"], stdout=copy, echo=False)
            copy.seek(0)
            content = copy.read()
        if status or not content.endswith(END):
            raise Problem(failed)
        with tarfile.open(fileobj=io.BytesIO(content)) as tar:
            files = {member.name.removeprefix("."): tar.extractfile(member) for member in tar if member.isfile()}
            return {name: file.read() for name, file in files.items() if file}
    finally:
        asked.tidy(shell, containers.remove_command(one, volumes=True))  # its image may declare some
