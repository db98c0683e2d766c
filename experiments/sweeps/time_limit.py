"""A limit on the time of one run, that also ends runs which hang in compiled code."""

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator

GRACE_S = 10.0


class TimeLimitError(RuntimeError):
    """A run took longer than its limit."""


@contextlib.contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `TimeLimitError` in what runs inside after ``seconds``; end the process if that does not help.

    Python code is interrupted by a timer. Compiled code cannot be: `GRACE_S` (at most the limit itself) later
    a thread that needs no interpreter ends the worker process, which the driver sees as a worker that died.
    Only worker processes are ended, and only their main thread is interrupted; elsewhere nothing is limited.
    """
    if seconds is None or multiprocessing.parent_process() is None:
        yield
        return
    interruptible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    grace = min(GRACE_S, seconds) if interruptible else 0.0
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - faulthandler needs a file with a number
        faulthandler.dump_traceback_later(seconds + grace, exit=True, file=nowhere)
        try:
            if interruptible:
                with _alarm(seconds):
                    yield
            else:
                yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TimeLimitError(f"took longer than its limit of {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
