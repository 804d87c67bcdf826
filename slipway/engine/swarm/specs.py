"""What services of a Swarm are to be, and by what it is known again what one was made of."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

HASH = "dev.slipway.spec"  # a label of a service
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
