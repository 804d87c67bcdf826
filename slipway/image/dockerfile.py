"""What a Dockerfile that is not Slipway's says of the image that is built of it."""

import re
from collections.abc import Mapping

# https://docs.docker.com/reference/dockerfile/: instructions, by line; one that goes on ends with a backslash.
FROM = re.compile(r"(?im)^[ \t]*FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<stage>\S+))?[ \t]*$")
ARG = re.compile(r"""(?im)^[ \t]*ARG\s+(?P<name>\w+)(?:=["']?(?P<value>[^"'\s]*)["']?)?""")
VARIABLE = re.compile(r"\$(?:\{(?P<braces>\w+)(?::-(?P<default>[^}]*))?\}|(?P<bare>\w+))")


def base(text: str, given: Mapping[str, str], target: str = "") -> str:
    """Return the image that a stage, or the last, is built on, through others; "" when the text does not tell.

    Arguments before the first stage may be part of its name; `given` are those of the build.
    """
    stages: dict[str, str] = {}
    last = ""
    for found in FROM.finditer(text):
        last = stages.get(found["image"].lower(), found["image"])
        stages[(found["stage"] or "").lower()] = last
    last = stages.get(target.lower(), "") if target else last
    first = FROM.search(text)
    known = {one["name"]: one["value"] or "" for one in ARG.finditer(text[: first.start()] if first else "")}
    known |= {name: value for name, value in given.items() if name in known}
    name = VARIABLE.sub(lambda one: known.get(one["braces"] or one["bare"]) or one["default"] or "$", last)
    return "" if "$" in name or name == "scratch" else name
