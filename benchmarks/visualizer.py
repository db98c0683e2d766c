"""Frames and simulated seconds a second of the visualizer, and its memory: at the session, without a browser.

Run: ``PYTHONPATH=. python benchmarks/visualizer.py [--seconds 20] [--hours 1] [--traders 10000 100000]``
"""

import argparse
import json
import os
import queue
import tempfile
import time
from pathlib import Path

from experiments.scenarios import FOLDER
from experiments.visualizer.openings import Openings
from experiments.visualizer.packing import unpack
from experiments.visualizer.session import Session

SCENARIO = "october-2025"
POOL = """
[[venues]]
name = "pool"
preset = "gmx-v2"
spot = false
retail_share = 1.0
assets = ["BTC", "ETH", "SOL"]
index_from = ["hub", "second"]
"""


def with_pool(folder):
    """Write the shipped scenario with a fourth venue, a pool, and return the path."""
    text = (FOLDER / f"{SCENARIO}.toml").read_text(encoding="utf-8")
    place = text.index("\n[", text.rindex("[[venues]]"))
    path = Path(folder) / "four-venues.toml"
    path.write_text(text[:place] + POOL + text[place:], encoding="utf-8")
    return str(path)


class Page:
    """What a page does, without painting: asks for the next frame as soon as one is there."""

    def __init__(self, scenario, overrides):
        self.heard = queue.Queue()
        self.session = Session(self.heard.put, Openings(), scenario, overrides, 1)
        self.session.start()
        while "layout" not in (message := self.heard.get(timeout=1800)):
            if "error" in message:
                raise SystemExit(message["error"])
        self.layout = message["layout"]
        self.now_s = 0.0
        self.ask(do="ready")

    def ask(self, **command):
        self.session.put(json.dumps(command))

    def jump(self, time_s):
        self.ask(do="jump", time_s=time_s)
        while self.now_s < time_s:
            self.watch(0.5)

    def watch(self, seconds):
        """Take frames for a while; return frames, simulated seconds, megabytes."""
        end, frames, size = time.perf_counter() + seconds, 0, 0
        first = None
        while time.perf_counter() < end:
            try:
                message = self.heard.get(timeout=0.2)
            except queue.Empty:
                continue
            if not isinstance(message, bytes):
                continue
            header, _ = unpack(message)
            self.now_s = header["lanes"][0]["now_s"]
            first = self.now_s if first is None else first
            frames, size = frames + 1, size + len(message)
            self.ask(do="ready")
        return frames, self.now_s - (first or 0.0), size / 1e6


def memory_mib():
    """Return the resident memory of this process, MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def row(name, seconds, measured):
    frames, moved, megabytes = measured
    print(
        f"| {name} | {frames / seconds:.0f} | {moved / seconds:.0f} | {1e3 * megabytes / max(frames, 1):.0f} "
        f"| {memory_mib():.0f} |",
        flush=True,
    )


def pace(scenario, overrides, name, seconds):
    """Print what is reached at 60 simulated seconds a second and at full speed, from the news on."""
    page = Page(scenario, overrides)
    zero_s = page.layout["crash"]["start_s"]
    page.jump(zero_s)
    for speed, words in ((60, "60x"), (0, "full speed")):
        page.ask(do="speed", per_s=speed)
        page.ask(do="play", on=True)
        row(f"{name}, {words}", seconds, page.watch(seconds))
    page.ask(do="speed", per_s=60)
    page.ask(do="fork")
    row(f"{name}, two runs after a fork, 60x", seconds, page.watch(seconds))
    page.session.close()
    time.sleep(1.0)  # its thread lets go of the runs


def hour(scenario, overrides, hours):
    """Print the memory of the process over simulated time."""
    page = Page(scenario, overrides)
    page.watch(0.5)
    page.ask(do="speed", per_s=0)
    page.ask(do="play", on=True)
    begun, seen = page.now_s, []
    while page.now_s < begun + 3600.0 * hours and (not seen or page.now_s > seen[-1][0]):
        seen.append((page.now_s, memory_mib()))
        target = page.now_s + 600.0
        while page.now_s < target and page.watch(1.0)[0]:
            pass
    words = ", ".join(f"{(now_s - begun) / 60:.0f} min {mib:.0f}" for now_s, mib in seen)
    print(f"\nMemory over simulated time: {words} MiB")
    page.session.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--traders", type=int, nargs="+", default=[2_000, 10_000, 100_000])
    parser.add_argument("--venues", type=int, choices=(3, 4), default=3, help="4 adds a gmx-v2 pool")
    given = parser.parse_args()
    print(f"load at the start: {os.getloadavg()[0]:.1f}\n")
    print("| run | frames/s | simulated s/s | kB a frame | MiB |\n| --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        scenario = SCENARIO if given.venues == 3 else with_pool(folder)
        for traders in given.traders:
            pace(scenario, {"retail.traders": str(traders)}, f"{traders:,} traders", given.seconds)
        if given.hours > 0:
            hour(scenario, {"retail.traders": str(given.traders[0])}, given.hours)


if __name__ == "__main__":
    main()
