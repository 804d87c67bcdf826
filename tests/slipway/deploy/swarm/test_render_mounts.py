"""Mounts, files and what hardens a container on a Swarm; what cannot be kept is refused."""

from typing import Any

import pytest

from slipway.deploy.swarm.around import File
from slipway.deploy.swarm.files import Wanted, wanted
from slipway.deploy.swarm.findings import findings
from slipway.deploy.swarm.mounts import mounts, tmpfs
from slipway.deploy.swarm.privileges import privileges
from slipway.deploy.swarm.render import service
from tests.slipway.deploy.swarm.rendered import around, config, container

NFS = {"driver": "local", "driver_opts": {"type": "nfs", "o": "addr=10.0.0.5", "device": ":/files"}}
UPLOADS = {"type": "volume", "source": "uploads", "target": "/u", "volume": {}}
BOUND = {"type": "bind", "source": "/etc/shop", "target": "/e", "read_only": True, "bind": {"create_host_path": True}}
PINNED = {"placement": {"constraints": ["node.hostname == one"]}}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("/run", {"Type": "tmpfs", "Target": "/run"}),
        ("/t:size=1g,noexec,nosuid,nodev,rw", {"TmpfsOptions": {"SizeBytes": 1 << 30}}),
        ("/t:mode=0700", {"TmpfsOptions": {"Mode": 0o700}}),
        ("/t:mode=1777,ro", {"TmpfsOptions": {"Mode": 0o1777}, "ReadOnly": True}),
    ],
)
def test_tmpfs(line: str, found: dict[str, Any]) -> None:
    assert tmpfs(line) == {"Type": "tmpfs", "Target": "/t", **found}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/t:exec", "tmpfs /t exec, which no service of a Swarm has: take it out, or mount a volume there"),
        ("/t:uid=5", "tmpfs /t uid=5, which no service of a Swarm has: take it out, or mount a volume there"),
        ("/t:size=10%", "tmpfs /t size=10%, which no service of a Swarm has: say bytes"),
        ("/t:mode=rwx", "rwx is no mode of a file"),
        ("/t:size=much", "much is no number of bytes"),
    ],
)
def test_a_tmpfs_that_cannot_be(line: str, said: str) -> None:
    assert findings(config(tmpfs=[line])) == [f"it: {said}"]


def test_volumes_have_their_driver_where_they_are_made() -> None:
    mounts = [UPLOADS | {"volume": {"nocopy": True, "labels": {"b": "2"}}}, UPLOADS | {"source": "own", "target": "/o"}]
    declared = {"uploads": {"name": "shop-prod_uploads", **NFS, "labels": {"a": "1"}}, "own": {"name": "files"}}
    found = service("it", config(declared, volumes=mounts), around())["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert found == [
        {
            "Type": "volume",
            "Source": "shop-prod_uploads",
            "Target": "/u",
            "VolumeOptions": {
                "NoCopy": True,
                "Labels": {"a": "1", "b": "2"},
                "DriverConfig": {"Name": "local", "Options": NFS["driver_opts"]},
            },
        },
        {"Type": "volume", "Source": "files", "Target": "/o"},
    ]


def test_shared_memory_is_a_tmpfs_unless_there_is_one() -> None:
    made = {"Type": "tmpfs", "Target": "/dev/shm", "TmpfsOptions": {"SizeBytes": 128 << 20}}
    assert container(shm_size="134217728")["Mounts"] == [made]
    assert container(shm_size="64m", tmpfs=["/dev/shm:size=128m"])["Mounts"] == [made]


def test_folders_and_tmpfs_in_their_long_form() -> None:
    bound = BOUND | {"bind": {"propagation": "rslave", "recursive": "disabled"}}
    tmp = {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "10485760", "mode": 0o700}}
    options = {"Propagation": "rslave", "NonRecursive": True}
    assert container(volumes=[bound, tmp])["Mounts"] == [
        {"Type": "bind", "Source": "/etc/shop", "Target": "/e", "ReadOnly": True, "BindOptions": options},
        {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 10 << 20, "Mode": 0o700}},
    ]


@pytest.mark.parametrize(
    ("mount", "declared", "deploy", "count"),
    [
        (UPLOADS, {}, {}, 1),
        (UPLOADS, {"driver_opts": {"type": "none", "o": "bind", "device": "/x"}}, {}, 1),  # of one machine all the same
        (UPLOADS, {"external": True}, {}, 1),
        (UPLOADS, NFS, {}, 0),
        (UPLOADS, {"driver": "rclone"}, {}, 0),
        (UPLOADS, {}, PINNED, 0),
        (UPLOADS, {}, {"mode": "global"}, 0),
        (BOUND, {}, {}, 1),
        (BOUND, {}, PINNED, 0),
        ({"type": "volume", "target": "/v", "volume": {}}, {}, {}, 1),
        ({"type": "npipe", "source": "a", "target": "/v"}, {}, {}, 1),
        (BOUND | {"bind": {"recursive": "readonly"}}, {}, PINNED, 1),
        (BOUND | {"bind": {"selinux": "z"}}, {}, PINNED, 1),
        ({"type": "volume", "source": "secrets", "target": "/run/secrets"}, {}, {}, 0),
    ],
)
def test_files_of_one_node_need_a_service_that_stays_there(
    mount: dict[str, Any], declared: dict[str, Any], deploy: dict[str, Any], count: int
) -> None:
    made = config({"uploads": declared}, volumes=[mount], deploy=deploy)
    assert len(findings(made)) == count, findings(made)


def test_a_service_that_the_deployment_pins_may_have_files_of_its_node() -> None:
    made = config({"uploads": {}}, volumes=[UPLOADS, BOUND])
    assert findings(made) == [
        "it: the volume uploads at /u would be another one on each node: pin the service "
        "(deploy.placement.constraints), give the volume the driver or driver_opts (nfs) of one that all nodes share, "
        "or keep its files elsewhere (S3)",
        "it: /etc/shop at /e is of one machine, and it may run on any node: make it a config, or pin the service "
        "(deploy.placement.constraints)",
    ]
    assert findings(made, pinned=["it"]) == []


@pytest.mark.parametrize(
    ("option", "found"),
    [
        ("no-new-privileges", {"NoNewPrivileges": True}),
        ("no-new-privileges:true", {"NoNewPrivileges": True}),
        ("no-new-privileges=false", {"NoNewPrivileges": False}),
        ("seccomp:unconfined", {"Seccomp": {"Mode": "unconfined"}}),
        ("seccomp=builtin", {"Seccomp": {"Mode": "default"}}),
        ("apparmor=unconfined", {"AppArmor": {"Mode": "disabled"}}),
        ("apparmor:docker-default", {"AppArmor": {"Mode": "default"}}),
        ("label:disable", {"SELinuxContext": {"Disable": True}}),
        ("label=type:svirt_t", {"SELinuxContext": {"Type": "svirt_t"}}),
    ],
)
def test_security_options(option: str, found: dict[str, Any]) -> None:
    assert privileges([option]) == found
    assert findings(config(security_opt=[option])) == []


def test_security_options_add_up() -> None:
    assert privileges(["label:user:u", "label:level:s0:c1", "no-new-privileges:true"]) == {
        "SELinuxContext": {"User": "u", "Level": "s0:c1"},
        "NoNewPrivileges": True,
    }


@pytest.mark.parametrize(
    "option",
    [
        "seccomp:./strict.json",
        "apparmor:shop",
        "systempaths=unconfined",
        "no-new-privileges:perhaps",
        "label:",
        "other",
    ],
)
def test_a_security_option_that_cannot_be_kept_is_refused(option: str) -> None:
    (line,) = findings(config(security_opt=[option]))
    assert line.startswith(f"it: security_opt {option}, which no service of a Swarm can have: take it out")
    with pytest.raises(ValueError, match="take it out"):
        service("it", config(security_opt=[option]), around())


def test_files_of_the_compose_file_are_wanted_and_none_is_lost() -> None:
    made = config(
        secrets=[{"source": "key"}, {"source": "key", "target": "y", "mode": "0400", "uid": "5"}],
        configs=[{"source": "conf", "target": "/etc/redis.conf"}, {"source": "conf"}],
    )
    made |= {"secrets": {"key": {"environment": "KEY"}}, "configs": {"conf": {"content": "a"}}}
    assert wanted("it", made) == [
        Wanted("secrets", "key", "/run/secrets/key", 0o444, "0", "0"),
        Wanted("secrets", "key", "/run/secrets/y", 0o400, "5", "0"),
        Wanted("configs", "conf", "/etc/redis.conf", 0o444, "0", "0"),
        Wanted("configs", "conf", "/conf", 0o444, "0", "0"),
    ]
    assert findings(made) == []
    secrets, conf = [File("1", "a", "key"), File("1", "a", "y")], [File("2", "b", "/etc/redis.conf")]
    with pytest.raises(ValueError, match="it: configs conf at /conf is not made"):
        service("it", made, around(secrets=secrets, configs=conf))
    found = service("it", made, around(secrets=secrets, configs=[*conf, File("2", "b", "/conf")]))
    assert len(found["TaskTemplate"]["ContainerSpec"]["Configs"]) == 2


def test_a_file_that_nobody_can_make_is_refused() -> None:
    made = config(secrets=[{"source": "a"}], configs=[{"source": "b"}])
    assert findings(made) == ["it: secrets a, which the Compose file does not define: define it"]
    made |= {"secrets": {"a": {"file": "x", "template_driver": "golang"}}}
    assert findings(made) == ["it: secrets a: template_driver, which Slipway makes none with: take it out"]


def test_locks_of_single_processes_are_in_a_folder_that_any_user_writes_to() -> None:
    lock = {"type": "volume", "source": "single", "target": "/run/slipway", "volume": {}}
    (made,) = mount_of(lock)
    assert (made["Source"], made["Target"]) == ("shop-prod_single", "/run/slipway")
    assert made["VolumeOptions"]["DriverConfig"]["Options"]["o"].endswith("mode=1777")
    (other,) = mount_of({**lock, "target": "/locks"})
    assert "VolumeOptions" not in other


def mount_of(one: dict[str, Any]) -> list[dict[str, Any]]:
    return mounts({"volumes": [one]}, {}, around(deployment="shop-prod"))


@pytest.mark.parametrize("key", ["socket", "away"])
def test_what_slipway_calls_volumes_of_its_own_is_no_others(key: str) -> None:
    made = config(volumes=[{"type": "volume", "source": key, "target": "/data"}])
    (line,) = findings({**made, "name": "shop", "volumes": {key: {"name": f"shop_{key}"}}}, pinned=["it"])
    assert line == f"volumes.{key}: which Slipway calls a volume of its own on a Swarm: give it another name"
    assert findings({**made, "name": "shop", "volumes": {key: {"name": "mine"}}}, pinned=["it"]) == []
