"""Cost of a step of october-2025's crash and peak memory, by number of retail traders.

Each size runs in a process of its own. Run from the repository root:
``PYTHONPATH=. python benchmarks/population.py [--sizes 1000 10000 ...]``.
"""

import argparse
import multiprocessing
import resource
import time


def measure(traders: int, steps: int) -> tuple[float, float, float, float]:
    """Return seconds to build, seconds a step, orders a second and peak memory in MB."""
    from experiments.build import build
    from experiments.scenarios import load

    crash_s = 600
    phases = [{"until_s": crash_s, "step_s": 60}, {"until_s": crash_s + steps, "step_s": 1}]
    overrides = {
        "retail.traders": traders,
        "phases": phases,
        "crash": {"start_s": crash_s, "end_s": crash_s + steps},
        "news.0.time_s": crash_s,
        "venues.0.capacity_per_s": 0,
    }
    began = time.perf_counter()
    model = build(load("october-2025", overrides), 1, views=False)
    model.run(crash_s)
    built = time.perf_counter() - began
    before = sum(int(exchange.outbox.counters[1]) for exchange in model.exchanges)
    began = time.perf_counter()
    model.run(crash_s + steps)
    took = time.perf_counter() - began
    orders = sum(int(exchange.outbox.counters[1]) for exchange in model.exchanges) - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return built, took / steps, orders / took, peak


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        pool.apply(measure, (100, 2))
    heads = ("retail traders", "start s", "ms/step", "M agent-steps/s", "orders/s", "peak MB")
    print(" ".join(f"{head:>15}" for head in heads))
    for traders in arguments.sizes:
        with context.Pool(1) as pool:
            built, step_s, orders, peak = pool.apply(measure, (traders, arguments.steps))
        rate = traders / step_s / 1e6
        cells = (
            f"{traders:,}",
            f"{built:.1f}",
            f"{step_s * 1e3:.2f}",
            f"{rate:.2f}",
            f"{orders:,.0f}",
            f"{peak:.0f}",
        )
        print(" ".join(f"{cell:>15}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
