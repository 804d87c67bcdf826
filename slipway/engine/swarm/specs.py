"""What services of a Swarm are to be, and by what it is known again what one was made of."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

HASH = "dev.slipway.spec"  # a label of a service
BESIDE = ("Labels", "UpdateConfig", "RollbackConfig")  # what makes no task another one
NETWORKS, TARGET = "Networks", "Target"  # the Swarm has the id of a network where it was told the name
Spec = Mapping[str, Any]


def marked(spec: Spec) -> dict[str, Any]:
    """Return a spec with a label by which it is known again: the Swarm adds to what it is told."""
    bare = {**spec, "Labels": {key: one for key, one in (spec.get("Labels") or {}).items() if key != HASH}}
    digest = hashlib.sha256(json.dumps(bare, sort_keys=True).encode()).hexdigest()[:16]
    return {**bare, "Labels": {**bare["Labels"], HASH: digest}}


def alike(one: Spec, other: Spec) -> bool:
    """Tell whether two specs were the same when the Swarm was told of them."""
    first, second = (marked(each) if HASH not in (each.get("Labels") or {}) else each for each in (one, other))
    return bool(first["Labels"][HASH] == second["Labels"][HASH])


def is_so(there: Spec, told: Spec) -> bool:
    """Tell whether a service is what a spec says: it was told so, and nobody has changed it by hand since."""
    return alike(there, told) and is_as_told(there, told)


def is_as_told(there: Spec, told: Spec) -> bool:
    """Tell whether a service has tasks as a spec says, and as many: how they are updated is another matter.

    `docker service update` and `scale` leave the label by which it is known again as it is.
    """
    return has(there, {key: one for key, one in told.items() if key not in BESIDE})


def has(there: Any, told: Any) -> bool:
    """Tell whether a Swarm has all of what it was told: it adds what it has by default, and drops what says nothing."""
    if isinstance(told, Mapping) and isinstance(there, Mapping):
        known = {str(key).lower(): one for key, one in there.items()}  # as the API reads them
        return all(_has(key, known.get(key.lower()), one) for key, one in told.items())
    if isinstance(told, list | tuple) and isinstance(there, list | tuple):
        return len(told) == len(there) and all(map(has, there, told))
    return bool(there == told or not (there or told))


def _has(key: str, there: Any, told: Any) -> bool:
    if key == NETWORKS and there and told:
        there, told = ([{**one, TARGET: ""} for one in each] for each in (there, told))
    return has(there, told) if there or told else True
