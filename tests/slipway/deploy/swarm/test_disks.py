"""What a node tells of its disk."""

import pytest

from slipway.deploy.swarm import disks, everywhere, names
from slipway.deploy.swarm.cluster import Disk

SAID = """Filesystem           1024-blocks    Used Available Capacity Mounted on
overlay              264239364  44922348  62257540  42% /
"""


@pytest.mark.parametrize(
    ("said", "disk"),
    [
        (SAID, Disk(62257540 * 1024, 264239364 * 1024)), ("", None), ("df: /: can't find mount point", None),
        (SAID.replace("62257540", "-"), None),
    ],
)  # fmt: skip
def test_df_is_read(said: str, disk: Disk | None) -> None:
    assert disks.read(said) == disk


def test_the_task_can_do_nothing_but_tell() -> None:
    spec = everywhere.spec("shop-prod", "caddy:2", disks.ASK)
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert spec["Mode"] == {"GlobalJob": {}}
    assert spec["Labels"][names.KIND] == names.JOB  # what is left of a killed one, the next deployment removes
    assert "Mounts" not in container
    assert (container["ReadOnly"], container["CapabilityDrop"], container["User"]) == (True, ["ALL"], "65534:65534")
