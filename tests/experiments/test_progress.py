import io

from experiments.progress import RunProgress, clock_time


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_plain_lines_tell_rate_and_time_left_now_and_then():
    stream, clock = io.StringIO(), Clock()
    with RunProgress(10, 100.0, stream, clock) as progress:
        for _ in range(10):
            clock.now += 3.0
            progress.advance(10.0)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "1 of 10 runs, 20.0 runs/min, about 0:27 left"
    assert lines[-1] == "10 of 10 runs, 20.0 runs/min, 0:30 in all"
    assert len(lines) == 4  # not one a run
    assert "\r" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_time_left_counts_work_not_runs_and_leaves_out_what_was_found_on_disk():
    stream, clock = io.StringIO(), Clock()
    progress = RunProgress(4, 100.0, stream, clock)
    progress.advance(40.0, reused=True)
    clock.now = 10.0
    progress.advance(20.0)
    assert progress.state() == "6.0 runs/min, about 0:20 left"


def test_clock_time():
    assert clock_time(59.6) == "1:00"
    assert clock_time(3661) == "1:01:01"


def test_a_terminal_gets_a_live_bar_with_rate_and_time_left():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream, clock = Terminal(), Clock()
    with RunProgress(2, 20.0, stream, clock) as progress:
        clock.now = 6.0
        progress.advance(10.0)
        progress.say("october-2025 seed 2 baseline: it failed")
        progress.advance(10.0)
    assert "2/2" in stream.getvalue()
    assert "runs/min" in stream.getvalue()
    assert "it failed" in stream.getvalue()
