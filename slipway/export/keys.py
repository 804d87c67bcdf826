"""What becomes of each key of a Compose service on Kubernetes: taken, without meaning there, or refused by name."""

from slipway.deploy.swarm.keys import SCOPES as OF_SWARM
from slipway.deploy.swarm.keys import Scope, each, words

UNKNOWN = "which this version of Slipway writes into no manifest: take it out"
_LATER = "which Slipway writes into no manifest: take it out, and patch it in (kustomize)"
_OURS = "which Slipway decides on Kubernetes: take it out"
_OBJECTS = "which are objects of their own there: make them, and patch the mount in (kustomize)"
_NODES = "which each node's kubelet decides on Kubernetes: take it out"
_NONE = "which no pod has: take it out"

SERVICE = Scope(
    taken=words(
        "cap_add cap_drop command cpus deploy entrypoint environment extra_hosts group_add healthcheck image init "
        "mem_limit mem_reservation pids_limit read_only restart scale security_opt shm_size stdin_open "
        "stop_grace_period stop_signal sysctls tmpfs tty user volumes working_dir depends_on logging networks"
    ),
    # As for a Swarm; container_name says nothing where pods have names of their own.
    nothing=words(
        "attach build develop env_file extends label_file labels profiles pull_policy pull_refresh_after container_name"
    ),
    refused={
        **each("configs secrets", _OBJECTS),
        **each("annotations devices dns dns_opt dns_search gpus hostname domainname", _LATER),
        **each("ipc network_mode pid platform privileged userns_mode", _LATER),
        **each("post_start pre_start pre_stop", _LATER),
        **each("blkio_config cgroup cgroup_parent device_cgroup_rules isolation runtime storage_opt ulimits", _NODES),
        **each("cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpuset",
                "which no pod has: say cpus"),
        **each("mem_swappiness memswap_limit oom_kill_disable oom_score_adj", _NODES),
        **each("credential_spec mac_address models provider umask use_api_socket uts", _NONE),
        **each("external_links links volumes_from", _NONE),
        **each("expose ports", "for which Slipway makes no Service: only web has one. Write one, and take it out"),
    },
)  # fmt: skip

SCOPES = {
    "deploy": Scope(
        taken=words("replicas resources"),
        nothing=words("labels restart_policy"),
        refused={
            **each("endpoint_mode mode update_config rollback_config", _OURS),
            "placement": _LATER,
        },
    ),
    "deploy.resources": OF_SWARM["deploy.resources"],
    "deploy.resources.limits": OF_SWARM["deploy.resources.limits"],
    "deploy.resources.reservations": Scope(
        taken=words("cpus memory"), refused=each("devices generic_resources", _LATER)
    ),
    "healthcheck": OF_SWARM["healthcheck"],
    "volumes.*": Scope(
        taken=words("read_only source target tmpfs type volume bind"),
        nothing=words("consistency"),
        refused={"image": "which no pod of Slipway's has: copy it into the service's image"},
    ),
    "volumes.*.tmpfs": Scope(taken=words("mode size")),
}
