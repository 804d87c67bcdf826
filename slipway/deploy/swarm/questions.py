"""Questions to tasks by HTTP, asked from beside the lock: all at once, so that a silent one keeps no other waiting."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.core.errors import Problem
from slipway.core.limits import Limit
from slipway.core.shell import Shell
from slipway.deploy.compose.proxy import LIMIT
from slipway.deploy.swarm.lock import Lock

ASKED = Limit(30, asks=True)
AT_ONCE = 50
ANSWER = "slipway: answer"
# In memory, as nothing else can be written there; what broke off in its middle is no answer.
SCRIPT = f"""of=/dev/shm/$$ && mkdir "$of" && cd "$of" || exit
ask() {{
  {{ wget -q -S -T {LIMIT} -t 1 HEADERS -O "BODY" "$2"; echo $? >"$1.status"; }} 2>"$1.head"
}}
n=0
for url; do
  n=$((n + 1))
  ask "$n" "$url" &
  [ $((n % {AT_ONCE})) -ne 0 ] || wait
done
wait
for i in $(seq "$n"); do
  echo "{ANSWER} $(cat "$i.status")"
  cat "$i.head"
  echo "{ANSWER}"
  [ ! -e "$i.body" ] || grep 'ONLY' "$i.body"
  echo
done
cd / && rm -r "$of"
"""


@dataclass(frozen=True)
class Answer:
    """What a task said: whether that was good, with what head ("" for silence), and the body of a good one."""

    good: bool = False
    head: str = ""
    body: str = ""


def ask(
    shell: Shell, lock: Lock, urls: Sequence[str], headers: Mapping[str, str] | None = None, only: str | None = None
) -> list[Answer]:
    """Ask these addresses; return what each said, of its body the lines that a pattern of grep finds, or nothing.

    A call of the engine that fails is made once more; when that failed as well, it is the head of each answer. Raises
    Problem when it has no end.
    """
    argv = lock.exec_command("sh", "-c", script(headers or {}, only), "ask", *urls)
    for _ in range(2):
        status, out, said = shell.probe(argv, limit=ASKED)
        if not status:
            return read(out)
    return [Answer(head=said)] * len(urls)


def told(shell: Shell, lock: Lock, urls: Sequence[str], only: str = "") -> list[Answer]:
    """Ask as `ask` does; nothing is said where that has no end."""
    try:
        return ask(shell, lock, urls, only=only) if urls else []
    except Problem:
        return [Answer()] * len(urls)


def script(headers: Mapping[str, str], only: str | None) -> str:
    """Return the script that asks the addresses it is called with."""
    words = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    body = "/dev/null" if only is None else "$1.body"  # a page may be larger than there is room for
    return SCRIPT.replace("HEADERS", shlex.join(words)).replace("BODY", body).replace("ONLY", only or "")


def read(said: str) -> list[Answer]:
    """Read what the script prints."""
    found = []
    for one in f"{said}\n".split(f"{ANSWER} ")[1:]:
        status, _, rest = one.partition("\n")
        head, _, body = rest.partition(f"{ANSWER}\n")
        good = status == "0"
        found.append(Answer(good, head.strip("\n"), body.strip("\n") if good else ""))
    return found
