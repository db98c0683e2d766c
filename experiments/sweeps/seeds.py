"""Seeds of replications, spawned from one root seed."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def spawn_seeds(root: int, count: int, settings: Mapping[str, Any] | None = None) -> tuple[int, ...]:
    """Return ``count`` different seeds, each below 2**32, spawned from ``root`` by NumPy's ``SeedSequence``.

    The first seeds do not depend on ``count``: more replications keep those already run. With ``settings``
    the seeds belong to these settings alone.
    """
    entropy = [root]
    if settings:
        text = json.dumps(dict(settings), sort_keys=True)
        entropy.append(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))
    sequence = np.random.SeedSequence(entropy)
    seeds: dict[int, None] = {}
    while len(seeds) < count:
        for child in sequence.spawn(count - len(seeds)):
            seeds[int(child.generate_state(1, np.uint32)[0])] = None
    return tuple(seeds)
