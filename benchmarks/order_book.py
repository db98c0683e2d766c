"""Order book throughput beside a C++ program, bourse and lightmatchingengine.

All engines handle the same messages on one core, in interleaved rounds; the table gives medians, and every
engine's final state is checked. The two fast ones are timed from empty memory on. The C++ program
(order_book.cpp, compiled here) knows limit, cancel and market orders only and finds orders in a flat array
indexed by id; ours has every order type switched on and takes ids of any size.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import workloads

from abm.book.messages import BUY, CANCEL, LIMIT, MARKET, Records
from abm.book.orderbook import OrderBooks

REPEATS = 3  # within a round, of the two fast ones
State = tuple[int, ...]
Engine = Callable[[str, workloads.Rows, Records], tuple[float, State]]


def ours_as_table(_: str, __: workloads.Rows, table: Records) -> tuple[float, State]:
    times = []
    for _repeat in range(REPEATS):
        start = time.perf_counter()
        books = OrderBooks(1)
        books.process(table)
        times.append(time.perf_counter() - start)
    return statistics.median(times), workloads.state_of(books)


def ours_one_by_one(_: str, rows: workloads.Rows, __: Records) -> tuple[float, State]:
    books = OrderBooks(1)
    messages = rows.tolist()
    kinds = {workloads.ADD_ROW: LIMIT, workloads.MARKET_ROW: MARKET, workloads.CANCEL_ROW: CANCEL}
    submit, cancel = books.submit, books.cancel
    start = time.perf_counter()
    for kind, order_id, side, price, lots in messages:
        if kind == workloads.CANCEL_ROW:
            cancel(0, order_id)
        else:
            submit(0, side, lots, price, kinds[kind], order_id=order_id)
    return time.perf_counter() - start, workloads.state_of(books)


def cpp_program(folder: Path) -> Engine | None:
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        print("C++ skipped: no g++ or clang++ found")
        return None
    program = folder / "order_book"
    source = Path(__file__).with_name("order_book.cpp")
    subprocess.run([compiler, "-O3", "-march=native", "-std=c++17", "-o", program, source], check=True)

    def run(name: str, _: workloads.Rows, table: Records) -> tuple[float, State]:
        file = folder / name
        if not file.exists():
            table.tofile(file)
        output = subprocess.run(
            [program, file, str(REPEATS)], capture_output=True, text=True, check=True
        ).stdout
        lines = [line.split() for line in output.splitlines()]
        return statistics.median(float(line[0]) for line in lines), tuple(map(int, lines[0][1:]))

    return run


def bourse(_: str, rows: workloads.Rows, __: Records) -> tuple[float, State]:
    book = import_module("bourse").core.OrderBook(0, True)
    messages = rows.tolist()
    own_ids = [0] * (len(messages) + 1)
    start = time.perf_counter()
    for now, (kind, order_id, side, price, lots) in enumerate(messages):
        book.set_time(now)  # orders of the same price and time would replace each other
        if kind == workloads.ADD_ROW:
            own_ids[order_id] = book.place_order(side == BUY, lots, 0, price=price)
        elif kind == workloads.CANCEL_ROW:
            book.cancel_order(own_ids[order_id])
        else:
            book.place_order(side == BUY, lots, 0)
    taken = time.perf_counter() - start
    trades = [(trade[2], trade[3]) for trade in book.get_trades()]
    active = [order for order in book.get_orders() if order[1] == 1]
    bids = [(order[6], order[4]) for order in active if order[0]]
    asks = [(order[6], order[4]) for order in active if not order[0]]
    return taken, _state(bids, asks, trades)


def lightmatchingengine(_: str, rows: workloads.Rows, __: Records) -> tuple[float, State]:
    engine = import_module("lightmatchingengine.lightmatchingengine").LightMatchingEngine()
    messages = rows.tolist()
    own_ids = [0] * (len(messages) + 1)
    trades = []
    start = time.perf_counter()
    for kind, order_id, side, price, lots in messages:
        if kind == workloads.CANCEL_ROW:
            engine.cancel_order(own_ids[order_id], "X")
            continue
        order, new_trades = engine.add_order("X", price, lots, side + 1)
        trades += new_trades
        own_ids[order_id] = order.order_id
        if kind == workloads.MARKET_ROW and order.leaves_qty > 0:
            engine.cancel_order(order.order_id, "X")  # it would rest at price 0
    taken = time.perf_counter() - start
    book = engine.order_books["X"]
    sides = [[(o.price, o.leaves_qty) for level in s.values() for o in level] for s in (book.bids, book.asks)]
    return taken, _state(*sides, _maker_trades(trades))


def _maker_trades(trades: list) -> list[tuple[int, int]]:
    """Keep the resting orders' half of trades that list the taker's total before the makers' parts."""
    parts, left = [], 0
    for trade in trades:
        if left == 0:
            left = trade.trade_qty
        else:
            parts.append((trade.trade_price, trade.trade_qty))
            left -= trade.trade_qty
    return parts


def _state(bids: list, asks: list, trades: list) -> State:
    return (
        max(price for price, _ in bids), min(price for price, _ in asks), len(bids), len(asks),
        sum(lots for _, lots in bids), sum(lots for _, lots in asks),
        len({price for price, _ in bids}), len({price for price, _ in asks}),
        len(trades), sum(lots for _, lots in trades), sum(price * lots for price, lots in trades),
    )  # fmt: skip


def _installed(name: str) -> bool:
    try:
        import_module(name)
    except ImportError:
        print(f"{name} skipped: not installed (pip install {name})")
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--messages", type=int, default=1_000_000, help="of W1; the shallow file has five times more"
    )
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        engines: dict[str, Engine | None] = {
            "ours, message table": ours_as_table,
            "C++ program": cpp_program(Path(folder)),
            "ours, one call per message": ours_one_by_one,
            "bourse": bourse if _installed("bourse") else None,
            "lightmatchingengine": lightmatchingengine if _installed("lightmatchingengine") else None,
        }
        files = {
            "W1": (workloads.workload("W1", options.messages), list(engines)),
            "shallow": (workloads.shallow(5 * options.messages), list(engines)[:2]),
        }
        print(f"{platform.machine()}, Python {platform.python_version()}, {options.rounds} rounds, one core")
        ours_as_table("", files["W1"][0], workloads.as_messages(files["W1"][0][:10]))  # compile
        for name, (rows, names) in files.items():
            measure(name, rows, {key: engine for key in names if (engine := engines[key])}, options.rounds)


def measure(name: str, rows: workloads.Rows, engines: dict[str, Engine], rounds: int) -> None:
    table = workloads.as_messages(rows)
    rates: dict[str, list[float]] = {engine: [] for engine in engines}
    states: dict[str, State] = {}
    for _ in range(rounds):
        for engine, run in engines.items():
            seconds, states[engine] = run(name, rows, table)
            rates[engine].append(len(rows) / seconds / 1e6)
    expected = workloads.FINAL_STATES.get((name, len(rows)), states["ours, message table"])
    ours = statistics.median(rates["ours, message table"])
    print(f"\n{name}, {len(rows):,} messages{'':14}M messages/s   ours/this   final state")
    for engine in engines:
        rate = statistics.median(rates[engine])
        verdict = "identical" if states[engine] == expected else f"DIFFERS: {states[engine]}"
        print(f"  {engine:32} {rate:12.3f} {ours / rate:11.2f}   {verdict}")


if __name__ == "__main__":
    main()
