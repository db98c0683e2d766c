"""Where jobs run: a process pool that survives dead workers, or an executor that belongs to the caller."""

import multiprocessing
import multiprocessing.process
import os
import signal
import threading
from concurrent.futures import Executor, ProcessPoolExecutor


class BorrowedPool:
    """An executor that belongs to the caller."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor

    def rebuild(self) -> None:
        """Refuse: only its owner can build it anew."""
        raise RuntimeError("the executor broke down; start the same command again to go on")


class LocalPool:
    """A process pool that can be rebuilt, and that stops its workers at once when left by an exception."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._others = set(multiprocessing.active_children())
        self.executor: Executor = self._build()

    def _build(self) -> Executor:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers, mp_context=context, initializer=follow_parent)

    def rebuild(self) -> None:
        """Put a fresh pool in place of a broken one."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.executor = self._build()

    def __enter__(self) -> "LocalPool":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            for process in set(multiprocessing.active_children()) - self._others:
                process.terminate()
        self.executor.shutdown(wait=True, cancel_futures=True)


def follow_parent() -> None:
    """Ignore Ctrl-C in a worker, since the parent decides what stops, and end when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
