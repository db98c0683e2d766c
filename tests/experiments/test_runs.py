import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ctrl_c import hear_ctrl_c
from fake_simulation import OCTOBER, fake_work

from experiments.results import RunResult
from experiments.runs import Job, run_many

HERE = Path(__file__).parent


def jobs_of(scenario, seeds=3):
    return [Job(scenario, seed) for seed in range(1, seeds + 1)]


def same(first: RunResult, second: RunResult) -> bool:
    return (
        (first.scenario, first.seed, first.twin) == (second.scenario, second.seed, second.twin)
        and repr(dict(first.metrics)) == repr(dict(second.metrics))
        and all(first.minutes[name].tobytes() == second.minutes[name].tobytes() for name in first.minutes)
    )


def test_results_are_the_same_bytes_for_any_number_of_workers(tmp_path):
    alone = run_many(jobs_of(OCTOBER), tmp_path / "one", workers=1, work=fake_work)
    pool = run_many(jobs_of(OCTOBER), tmp_path / "two", workers=2, work=fake_work)
    assert [run.seed for run in pool.results] == [1, 2, 3]
    assert all(same(a, b) for a, b in zip(alone.results, pool.results, strict=True))
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())


def test_a_result_read_back_is_the_result(tmp_path):
    made = fake_work(Job(OCTOBER, 1))
    made.save(tmp_path / "run.npz")
    read = RunResult.load(tmp_path / "run.npz")
    assert same(made, read)
    assert read.reasons == made.reasons
    assert read.marks == made.marks


def test_a_broken_file_is_run_again(tmp_path):
    run_many(jobs_of(OCTOBER, 1), tmp_path, work=fake_work)
    (stored,) = tmp_path.iterdir()
    stored.write_bytes(stored.read_bytes()[:100])
    again = run_many(jobs_of(OCTOBER, 1), tmp_path, work=fake_work)
    assert again.reused == 0
    assert len(again.results) == 1


def test_an_interrupt_keeps_what_is_finished_and_the_next_start_skips_it(tmp_path):
    asked = []

    def interrupted(job):
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(job.seed)
        return fake_work(job)

    with pytest.raises(KeyboardInterrupt):
        run_many(jobs_of(OCTOBER, 4), tmp_path, work=interrupted)
    assert len(list(tmp_path.iterdir())) == 2
    done = []

    def count(job):
        done.append(job.seed)
        return fake_work(job)

    outcome = run_many(jobs_of(OCTOBER, 4), tmp_path, work=count)
    assert done == [3, 4]
    assert outcome.reused == 2
    assert [run.seed for run in outcome.results] == [1, 2, 3, 4]


def test_a_changed_parameter_is_a_different_run(tmp_path):
    run_many(jobs_of(OCTOBER, 1), tmp_path, work=fake_work)
    other = run_many(jobs_of(replace(OCTOBER, fall=0.2), 1), tmp_path, work=fake_work)
    assert other.reused == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_raises_is_reported_and_the_rest_go_on(tmp_path, workers):
    outcome = run_many(jobs_of(replace(OCTOBER, trouble="raises")), tmp_path, workers=workers, work=fake_work)
    assert [run.seed for run in outcome.results] == [1, 3]
    (failure,) = outcome.failures
    assert failure.job.seed == 2
    assert failure.message == "ArithmeticError: the market caught fire"


def test_a_worker_that_dies_once_costs_nothing(tmp_path):
    scenario = replace(OCTOBER, trouble=f"kills once {tmp_path / 'marker'}")
    outcome = run_many(jobs_of(scenario), tmp_path / "runs", workers=2, work=fake_work)
    assert [run.seed for run in outcome.results] == [1, 2, 3]
    assert not outcome.failures


def test_a_run_that_kills_its_worker_twice_is_set_aside_and_no_other(tmp_path):
    outcome = run_many(jobs_of(replace(OCTOBER, trouble="kills"), 4), tmp_path, workers=2, work=fake_work)
    assert [run.seed for run in outcome.results] == [1, 3, 4]
    (failure,) = outcome.failures
    assert failure.job.seed == 2
    assert "killed 2 times" in failure.message


def test_any_executor_will_do(tmp_path):
    with ThreadPoolExecutor(2) as executor:
        outcome = run_many(jobs_of(OCTOBER), tmp_path, workers=2, work=fake_work, executor=executor)
    assert [run.seed for run in outcome.results] == [1, 2, 3]


def test_ctrl_c_stops_the_workers_and_leaves_no_half_written_file(tmp_path):
    script = tmp_path / "many.py"
    script.write_text(
        "import sys, time\n"
        f"sys.path.insert(0, {str(HERE)!r})\n"
        "from pathlib import Path\n"
        "from fake_simulation import OCTOBER, slow_work\n"
        "from experiments.runs import Job, run_many\n"
        "if __name__ == '__main__':\n"
        f"    folder = Path({str(tmp_path / 'runs')!r})\n"
        "    try:\n"
        "        run_many([Job(OCTOBER, seed) for seed in range(1, 40)], folder, workers=2, work=slow_work)\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=HERE.parents[1],
        env={**os.environ, "PYTHONPATH": "."},
        start_new_session=True,
        preexec_fn=hear_ctrl_c,
    )
    try:
        deadline = time.monotonic() + 30.0
        while not list((tmp_path / "runs").glob("*.npz")) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=10.0) == 130
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    kept = list((tmp_path / "runs").iterdir())
    assert 1 <= len(kept) < 39
    assert all(RunResult.load(path) is not None for path in kept)


def test_what_is_kept_of_a_run_is_every_minute_of_the_crash_and_few_after():
    minute = fake_work(Job(OCTOBER, 1)).minutes["minute"]
    steps = np.diff(minute)
    assert set(steps.tolist()) == {1.0, 15.0}
    assert steps[minute[1:] <= 60].max() == 1.0
