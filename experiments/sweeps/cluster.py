"""A Dask cluster as an executor, through ``Client.get_executor()``."""

import importlib.util
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from experiments.errors import InputError

NEEDS_DASK = "a cluster needs Dask: pip install 'undertow[cluster]'"
CONNECT_S = 15
ASK_EVERY_S = 5.0


class Cluster:
    """A Dask client seen as an executor, and how many runs its workers do at a time.

    Parameters
    ----------
    client
        A ``distributed.Client``.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._slots = 1
        self._asked = float("-inf")
        self.executor: Executor = client.get_executor(pure=False)

    def slots(self) -> int:
        """Return how many threads the workers have now; workers may come and go."""
        if time.monotonic() - self._asked > ASK_EVERY_S:
            self._asked = time.monotonic()
            self._slots = max(sum(self._client.nthreads().values()), 1)
        return self._slots


@contextmanager
def cluster_at(address: str) -> Iterator[Cluster]:
    """Connect to the Dask scheduler at ``address``, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    InputError
        When Dask is not installed, or nobody answers there.
    """
    if importlib.util.find_spec("distributed") is None:
        raise InputError(f"--scheduler: {NEEDS_DASK}")
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_S)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"--scheduler: no Dask scheduler answers at {address!r} ({error})") from error
    try:
        yield Cluster(client)
    finally:
        client.close()
