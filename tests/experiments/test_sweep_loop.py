import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ctrl_c import hear_ctrl_c
from fake_sweep import LimitedRun, fake_run, run_of

from experiments import load
from experiments.errors import InputError
from experiments.pools import LocalPool
from experiments.store import DiskFullError, Ledger
from experiments.sweeps import time_limit
from experiments.sweeps.loop import SweepStoppedError, run_scenarios
from experiments.sweeps.run import Report

HERE = Path(__file__).parent


def do(folder, runs, work=fake_run, **options):
    """Enter runs into a ledger and do them; return the tally."""
    with Ledger(folder) as ledger:
        ledger.plan(runs, {"document": "{}"}, {"python": "3"})
        return run_scenarios(runs, work, ledger, **options)


def statuses(folder):
    table = load(folder).everything
    return dict(zip(table["number"].tolist(), table["status"], strict=True))


@pytest.fixture
def threads():
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_every_run_is_done_and_what_is_done_is_not_done_again(tmp_path, threads):
    runs = [run_of(number) for number in range(1, 11)]
    assert do(tmp_path, runs[:6], executor=threads, workers=2).done == 6
    asked = []

    def counting(run):
        asked.append(run.seed)
        return fake_run(run)

    tally = do(tmp_path, runs, counting, executor=threads, workers=2)
    assert (tally.done, tally.reused) == (4, 6)
    assert sorted(asked) == [7, 8, 9, 10]
    assert load(tmp_path).table["ten_times"].tolist() == [10.0 * number for number in range(1, 11)]


def test_driver_and_store_take_less_than_five_milliseconds_a_run(tmp_path, threads):
    def empty(run):
        return Report({f"number_{place}": float(place) for place in range(130)})

    runs = [run_of(number) for number in range(300)]
    before = time.process_time()
    do(tmp_path, runs, empty, executor=threads, workers=2)
    assert (time.process_time() - before) / len(runs) < 0.005


def test_a_window_is_bounded(tmp_path):
    waiting, most = [], []

    class Counting(ThreadPoolExecutor):
        def submit(self, work, /, *arguments):
            future = super().submit(work, *arguments)
            waiting.append(future)
            most.append(sum(not item.done() for item in waiting))
            return future

    def slowly(run):
        time.sleep(0.005)
        return fake_run(run)

    with Counting(2) as executor:
        do(tmp_path, [run_of(number) for number in range(40)], slowly, executor=executor, workers=2)
    assert max(most) <= 3


def test_a_run_that_raises_is_noted_and_tried_again_next_time(tmp_path, threads):
    runs = [run_of(1), run_of(2, "raises"), run_of(3)]
    heard = []
    tally = do(
        tmp_path, runs, executor=threads, notice=lambda run, fate, error="": heard.append((fate, error))
    )
    assert (tally.done, tally.failed) == (2, 1)
    assert ("failed", "ArithmeticError: the market caught fire") in heard
    row = load(tmp_path).everything.iloc[1]
    assert (row["status"], row["attempts"], row["error"]) == (
        "failed",
        1,
        "ArithmeticError: the market caught fire",
    )
    tally = do(tmp_path, runs, lambda run: fake_run(run_of(run.seed)), executor=threads)
    assert (tally.done, tally.reused) == (1, 2)
    assert load(tmp_path).everything["attempts"].tolist() == [1, 2, 1]


def test_a_killed_worker_costs_nothing_and_a_run_that_kills_twice_is_set_aside(tmp_path):
    runs = [run_of(1), run_of(2, "kills"), run_of(3, f"kills once {tmp_path / 'marker'}")]
    runs += [run_of(number) for number in range(4, 12)]
    heard = {}
    tally = do(
        tmp_path / "store",
        runs,
        workers=2,
        notice=lambda run, fate, error="": heard.update({run.seed: (fate, error)}),
    )
    assert (tally.done, tally.failed, tally.set_aside) == (10, 0, 1)
    assert heard.pop(2) == ("set aside", "run alone, it ended its worker process 2 times; it is set aside")
    assert {fate for fate, _ in heard.values()} == {"done"}
    assert statuses(tmp_path / "store")[2] == "set aside"


def test_what_was_set_aside_is_left_alone_until_asked_for(tmp_path, threads):
    runs = [run_of(1), run_of(2)]
    with Ledger(tmp_path) as ledger:
        ledger.plan(runs, {}, {})
        ledger.fail(runs[1], "it killed", "set aside", attempts=0)
    tally = do(tmp_path, runs, executor=threads)
    assert (tally.done, tally.left_aside) == (1, 1)
    tally = do(tmp_path, runs, executor=threads, again=True)
    assert (tally.done, tally.reused) == (1, 1)


def test_deaths_are_remembered_from_one_start_to_the_next(tmp_path):
    runs = [run_of(1), run_of(2, "kills"), run_of(3)]
    for _ in range(5):  # an executor of the caller's own is not rebuilt, so each start ends at the killer
        with LocalPool(1) as pool, contextlib.suppress(SweepStoppedError):
            tally = do(tmp_path, runs, executor=pool.executor)
    assert statuses(tmp_path) == {1: "done", 2: "set aside", 3: "done"}
    assert tally.left_aside == 1


def test_a_sweep_whose_workers_all_die_stops(tmp_path):
    runs = [run_of(number, "kills") for number in range(1, 40)]
    with pytest.raises(SweepStoppedError, match="died 5 times before any run finished"):
        do(tmp_path, runs, workers=1)
    assert set(statuses(tmp_path).values()) == {"planned"}


def test_a_run_that_sleeps_is_stopped_and_one_that_hangs_in_compiled_code_loses_its_worker(
    tmp_path, monkeypatch
):
    runs = [run_of(1), run_of(2, "sleeps"), run_of(3, "hangs"), run_of(4)]
    begin = time.monotonic()
    tally = do(tmp_path, runs, LimitedRun(0.4), workers=2)
    assert time.monotonic() - begin < 30.0
    assert (tally.done, tally.failed, tally.set_aside) == (2, 1, 1)
    errors = load(tmp_path).everything["error"].tolist()
    assert errors[1] == "TimeLimitError: took longer than its limit of 0.4 s"
    assert "ended its worker process 2 times" in errors[2]


def test_this_process_is_never_ended_by_a_limit():
    with time_limit.time_limit(0.01):
        time.sleep(0.05)


def test_a_full_disk_stops_the_sweep_and_keeps_what_is_finished(tmp_path, threads):
    runs = [run_of(1), run_of(2), run_of(3, "full"), run_of(4)]
    with pytest.raises(DiskFullError, match="No space left"):
        do(tmp_path, runs, executor=threads, workers=1)
    kept = len(load(tmp_path).table)
    assert kept >= 2
    tally = do(tmp_path, runs, lambda run: fake_run(run_of(run.seed)), executor=threads)
    assert (tally.reused, tally.done) == (kept, 4 - kept)


def test_a_ledger_without_room_says_so_and_stays_whole(tmp_path, threads):
    runs = [run_of(number) for number in range(1, 200)]
    with Ledger(tmp_path) as ledger:
        ledger.plan(runs, {"document": "{}"}, {})
        (pages,) = ledger._base.execute("PRAGMA page_count").fetchone()
        ledger._base.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(DiskFullError, match="no room left"):
            run_scenarios(runs, fake_run, ledger, executor=threads)
    table = load(tmp_path).everything
    done = table["status"] == "done"
    assert 0 < done.sum() < 199
    assert table["late"].notna().tolist() == done.tolist()
    assert do(tmp_path, runs, executor=threads).reused == done.sum()


def test_two_sweeps_do_not_write_into_one_folder(tmp_path):
    with Ledger(tmp_path), pytest.raises(InputError, match="another sweep is writing"):
        Ledger(tmp_path)
    Ledger(tmp_path).close()


def test_a_file_that_is_no_ledger_is_refused(tmp_path):
    (tmp_path / "runs.sqlite").write_text("hello, this is not a database at all, is it? " * 20)
    with pytest.raises(InputError, match="no ledger"):
        Ledger(tmp_path)
    with pytest.raises(InputError, match="no ledger"):
        load(tmp_path)


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
from fake_sweep import run_of, slow_run
from experiments.store import Ledger
from experiments.sweeps.loop import run_scenarios
if __name__ == "__main__":
    runs = [run_of(number) for number in range(1, 100)]
    with Ledger(Path({folder!r})) as ledger:
        ledger.plan(runs, {{"document": "{{}}"}}, {{}})
        try:
            run_scenarios(runs, slow_run, ledger, workers=2)
        except KeyboardInterrupt:
            sys.exit(130)
"""


def finished(folder):
    try:
        with sqlite3.connect(f"file:{folder / 'runs.sqlite'}?mode=ro", uri=True) as base:
            (count,) = base.execute("SELECT count(*) FROM runs WHERE status = 'done'").fetchone()
        base.close()
        return count
    except sqlite3.OperationalError:
        return 0


def children(process):
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True)
    return [int(word) for word in listing.stdout.split()]


@pytest.mark.parametrize(("kind", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_driver_that_is_stopped_or_killed_keeps_what_is_finished(tmp_path, kind, status):
    folder = tmp_path / "store"
    script = tmp_path / "driver.py"
    script.write_text(SCRIPT.format(here=str(HERE), folder=str(folder)))
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONPATH": "."},
        preexec_fn=hear_ctrl_c,
    )
    try:
        deadline = time.monotonic() + 40.0
        while not finished(folder) and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = children(process.pid)
        process.send_signal(kind)
        assert process.wait(timeout=10.0) == status
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    deadline = time.monotonic() + 10.0
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    kept = len(load(folder).table)
    assert 1 <= kept < 99
    with ThreadPoolExecutor(2) as executor:
        tally = do(folder, [run_of(number) for number in range(1, 100)], executor=executor)
    assert (tally.reused, tally.done) == (kept, 99 - kept)
