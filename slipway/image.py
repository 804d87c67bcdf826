"""The image: what goes into it, its build arguments, its build."""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from slipway.project import Project
from slipway.shell import Shell, tokens
from slipway.version import Tree, digest, image_tag, listed, read

INPUTS = "dev.slipway.inputs"  # the label that holds the hash of what went in


def read_tree(project: Project, shell: Shell) -> Tree:
    """Ask git about the project's tree.

    A file that git ignores and the build sees makes it dirty: the commit alone would not say what went in.
    """
    tree = read(project.root, shell)
    if not tree.commit or tree.content:
        return tree
    seen = set(context(project.root))
    if seen <= set(listed(shell)):
        return tree
    return replace(tree, content=digest(project.root, seen))


def tag(project: Project, tree: Tree, python: str = "", variant: str = "") -> str:
    """Return the full tag of the image of this tree.

    Another Python or variant than `[tool.slipway]` names is part of the tag: one tag never means two things.
    """
    python, variant = python or project.python, variant or project.variant
    other = "" if (python, variant) == (project.python, project.variant) else f"-python{python}-{variant}"
    return f"{project.image}:{image_tag(project.version, tree)}{other}"


def build_args(project: Project, tree: Tree, python: str = "", variant: str = "") -> dict[str, str]:
    """Return the build arguments that `inv build` injects."""
    return {
        **shape_args(project, python, variant),
        "TITLE": project.name,
        "VERSION": image_tag(project.version, tree),
        "REVISION": tree.commit or "unknown",
        "CREATED": tree.created,
        "SOURCE": project.source,
    }


def shape_args(project: Project, python: str = "", variant: str = "") -> dict[str, str]:
    """Return the build arguments that don't change with a commit."""
    return {
        "PYTHON_VERSION": python or project.python,
        "VARIANT": variant or project.variant,
        "ASGI_APP": project.asgi,
        "PORT": str(project.port),
        "WEB_CONCURRENCY": str(project.workers),
        "HEALTH_PATH": project.health,
        **project.build_args,
    }


def build_command(tags: list[str], args: Mapping[str, str], target: str | None = None) -> list[str]:
    """Return the `docker build` command line for the project's folder."""
    return tokens(
        ["docker", "build"],
        *(["--tag", name] for name in tags),
        ["--target", target] if target else None,
        *(["--build-arg", f"{name}={value}"] for name, value in args.items()),
        ".",
    )


def build(
    shell: Shell, tags: list[str], args: Mapping[str, str], target: str | None = None, cwd: Path | None = None
) -> None:
    """Build an image from a folder (the project's unless told).

    Raises Problem when it cannot be built.
    """
    shell.quietly(build_command(tags, args, target), cwd=cwd, failed="The image could not be built (see above).")


def build_service(
    shell: Shell, project: Project, tree: Tree, tags: list[str], python: str = "", variant: str = ""
) -> None:
    """Build the service's image from the project's folder, labelled with what went in.

    Raises Problem when it cannot be built.
    """
    args = build_args(project, tree, python, variant) | {"INPUTS": inputs(project)}
    build(shell, tags, args, cwd=project.root)


def inputs(project: Project) -> str:
    """Hash all that goes into the service's image (SHA-256).

    The files that .dockerignore lets through, without the tests (they go into the test image only), the Dockerfile
    and the build arguments that don't change with a commit.
    """
    tests = {*project.tests.host, *project.tests.image, *project.tests.e2e}
    files = [name for name in context(project.root) if not any(name == t or name.startswith(f"{t}/") for t in tests)]
    total = hashlib.sha256(digest(project.root, [*files, "Dockerfile", ".dockerignore"]).encode())
    for name, value in sorted(shape_args(project).items()):
        total.update(f"{name}={value}\0".encode())
    return total.hexdigest()


def context(root: Path) -> Iterator[str]:
    """Yield the files that a build of `root` can see, by .dockerignore's rules.

    https://docs.docker.com/build/concepts/context/#dockerignore-files: the last pattern that matches a path, or a
    folder above it, decides.
    """
    ignore_file = root / ".dockerignore"
    rules = list(_rules(ignore_file.read_text())) if ignore_file.exists() else []
    kept = [pattern for pattern, _, keeps in rules if keeps]
    for folder, folders, files in os.walk(root):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(
            name
            for name in folders
            if not _ignored(path := (here / name).as_posix(), rules)
            or any(pattern.startswith(f"{path}/") or set(pattern) & set("*?[") for pattern in kept)
        )
        for name in sorted(files):
            path = (here / name).as_posix()
            if not _ignored(path, rules):
                yield path


def _rules(text: str) -> Iterator[tuple[str, re.Pattern[str], bool]]:
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        pattern = line.strip()
        keeps = pattern.startswith("!")
        pattern = os.path.normpath(pattern.removeprefix("!").strip()).lstrip("/")
        if pattern != ".":
            yield pattern, re.compile(_regex(pattern)), keeps


def _regex(pattern: str) -> str:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|\[[^]]+\]|\\.|.", pattern)
    return "".join(parts.get(p) or (p.replace("[^", "[^/", 1) if len(p) > 2 else re.escape(p[-1])) for p in pieces)


def _ignored(path: str, rules: list[tuple[str, re.Pattern[str], bool]]) -> bool:
    above = path.split("/")
    paths = ["/".join(above[: i + 1]) for i in range(len(above))]
    ignored = False
    for _, regex, keeps in rules:
        if keeps == ignored and any(regex.fullmatch(p) for p in paths):
            ignored = not keeps
    return ignored
