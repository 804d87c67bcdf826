"""What is asked of an engine's networks, and of containers that go with their volumes."""

from slipway.engine import containers, networks


def test_networks_are_found_by_labels_and_removed() -> None:
    assert networks.list_command("label=a=b") == ["docker", "network", "ls", "--quiet", "--filter", "label=a=b"]
    assert networks.remove_command("x", "y") == ["docker", "network", "rm", "x", "y"]


def test_containers_take_their_nameless_volumes_along_when_told() -> None:
    assert containers.remove_command("x", "y") == ["docker", "rm", "--force", "x", "y"]
    assert containers.remove_command("x", volumes=True) == ["docker", "rm", "--force", "--volumes", "x"]
