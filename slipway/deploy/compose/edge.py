"""The proxy's own network with IPv6, on engines that pass the addresses of clients."""

from slipway.deploy.compose.labels import EDGE, NETWORK, PROXY
from slipway.engine import asked, compose, containers, ipv6, networks
from slipway.engine.stack import Stack


class Edge:
    """The network of compose.ipv6.yaml.

    A deployment whose proxy has it keeps it, so that each machine that deploys comes to the same definition.
    """

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.shell = stack.shell
        self._chosen = False

    @property
    def variables(self) -> dict[str, str]:
        """The variable that compose.ipv6.yaml leaves open."""
        return {"EDGE_SUBNET": str(networks.private_subnet(self.stack.name))}

    def wanted(self) -> bool:
        """Tell whether the proxy has it, or is to get it."""
        proxy = self.stack.container(PROXY)
        return self._chosen or bool(proxy and f"{self.stack.name}_{EDGE}" in proxy.networks)

    def choose(self, image: str) -> str:
        """Find out whether clients keep their IPv6 addresses; return why not, "" when they do, or there are none.

        `image` is the proxy's.
        """
        if not (self.stack.project.root / compose.IPV6).exists() or self.wanted():
            return ""
        found = ipv6.trial(self.shell, image, self.stack.name)
        if not found.passes:
            return found.why
        if self.shell.probe(self.stack.compose("config", "--quiet", ipv6=True), env=self.stack.env())[0]:
            return f"{compose.IPV6} contradicts the other files of Compose"  # the proxy has network_mode, say
        self._chosen = True
        return ""

    def remove(self) -> None:
        """Remove the network, once the proxy is gone, and that of a trial whose verb was killed; raises Problem."""
        mine = (f"label={containers.PROJECT}={self.stack.name}", f"label={NETWORK}={EDGE}")
        for marks in (mine, (f"label={ipv6.TRIAL}={self.stack.name}",)):
            if left := self.shell.output(networks.list_command(*marks)).split():
                asked.tidy(self.shell, networks.remove_command(*left))
