"""What is asked of an engine's networks, and of containers that go with their volumes."""

from ipaddress import IPv6Network

from slipway.engine import containers, networks


def test_networks_are_found_by_labels_and_removed() -> None:
    assert networks.list_command("label=a=b") == ["docker", "network", "ls", "--quiet", "--filter", "label=a=b"]
    assert networks.remove_command("x", "y") == ["docker", "network", "rm", "x", "y"]


def test_each_name_has_an_ipv6_subnet_of_its_own_which_stays() -> None:
    # One that a deployment has was made with it: Compose would make that network anew for another.
    subnet = networks.private_subnet("shop-prod")
    assert subnet == IPv6Network("fd58:7d35:c66f:5f04::/64")
    assert subnet.subnet_of(IPv6Network("fd00::/8"))
    assert networks.private_subnet("shop2-prod") != subnet
    create = networks.create_ipv6_command("n", subnet, "a=b")
    assert create == ["docker", "network", "create", "--ipv6", "--subnet", str(subnet), "--label", "a=b", "n"]


def test_containers_take_their_nameless_volumes_along_when_told() -> None:
    assert containers.remove_command("x", "y") == ["docker", "rm", "--force", "x", "y"]
    assert containers.remove_command("x", volumes=True) == ["docker", "rm", "--force", "--volumes", "x"]
