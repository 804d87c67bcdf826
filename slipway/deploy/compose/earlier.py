"""The proxy that ran before another definition took its place: put back when that one cannot be started."""

import json
from dataclasses import dataclass
from typing import Self

from slipway.core.errors import Problem
from slipway.deploy.compose.files import CADDYFILE, DEFINITION, Files
from slipway.deploy.compose.labels import PROXY
from slipway.engine import images, references
from slipway.engine.compose import defined_command
from slipway.engine.containers import CONFIG_HASH, Container
from slipway.engine.stack import Stack

# Nobody is answered from when a proxy is told to end until another has its place. For what it is at, it has two seconds
# then, and not the half minute of stop_grace_period.
UP = ("up", "--detach", "--no-deps", "--timeout", "2", PROXY)
# In a definition: what Compose notes of it at the container, and the image that its tag meant.
HASH, IMAGE = "x-hash", "x-image"


@dataclass(frozen=True)
class Earlier:
    """A proxy that may have to be put back: its container, the definition that was kept, "" for none, its Caddyfile."""

    stack: Stack
    files: Files
    container: Container | None
    definition: str
    configuration: str

    @classmethod
    def of(cls, stack: Stack, files: Files) -> Self:
        """Return the one that there is; raises Problem."""
        return cls(stack, files, stack.container(PROXY), *files.read(DEFINITION, CADDYFILE))

    def put_back(self) -> str:
        """Have it running again if it ran; return what there is to say of it. Raises nothing itself."""
        if not self.container or not self.container.running:
            return ""
        self.stack.forget()
        try:
            self.files.write(CADDYFILE, self.configuration)
            now = self.stack.container(PROXY)
            if now and now.running and now.id == self.container.id:
                return ""  # nothing has touched it
            if not self._is_good():
                return "The proxy that ran before cannot be put back: no definition of it was kept."
            with self.stack.shell.steps.step("proxy", "as it was before"):
                self._start()
        except Problem as problem:
            return f"{str(problem.message).strip()}\nThe proxy that ran before could not be put back either."
        return "The proxy is as it was before."

    def _is_good(self) -> bool:
        # Of one that was ready; but a tree whose Slipway keeps none may have made another since, which was ready too.
        if not self.definition or not self.container:
            return False
        own = json.loads(self.definition)[HASH] == self.container.labels.get(CONFIG_HASH)
        return own or not self.container.ready

    def _start(self) -> None:
        # A definition names its image by a tag, as a rule, and the one that has failed may be what that means by now.
        images.put_back(self.stack.shell, json.loads(self.definition).get(IMAGE) or tagged(self.container))
        command = defined_command(self.stack.name, *UP)
        status, _, said = self.stack.shell.probe(command, given=self.definition, echo=True, apart=True)
        if status:
            raise Problem(said)
        self.stack.wait(PROXY)


def kept(config: str, proxy: Container | None) -> str:
    """Return what to keep of a proxy: what defines it, of what Compose makes of its files."""
    definition = {name: value for name, value in json.loads(config).items() if not name.startswith("x-")}
    meant = {IMAGE: found} if (found := tagged(proxy)) else {}
    return json.dumps(definition | {HASH: proxy.labels.get(CONFIG_HASH, "") if proxy else ""} | meant)


def tagged(proxy: Container | None) -> dict[str, str]:
    """Return the id of a proxy's image, by its tag; {} where it is named by what means one image alone."""
    return {proxy.image: proxy.image_id} if proxy and proxy.image and not references.digest(proxy.image) else {}
