"""A crowd of trend followers of one's own: one table, one compiled call a step."""

import math

import numpy as np
import numpy.typing as npt

from abm.book.messages import BUY, MARKET, SELL, Records
from abm.compiled import kernel
from abm.model import MarketModel
from abm.outbox import send
from abm.random_streams import stream_key, uniform
from abm.sight import Sight
from agents.crowd import Column, Crowd, CrowdAgent, lots_for
from experiments.build import build
from experiments.scenarios import load

follower_dtype = np.dtype(
    [
        ("account", "i4"),
        ("instrument", "i2"),
        ("stake_usd", "f8"),
        ("threshold", "f8"),
    ],
    align=True,
)


@kernel
def decide_followers(
    traders: Records,
    view: Records,
    instruments: Records,
    position: npt.NDArray[np.int64],
    messages: Records,
    counters: npt.NDArray[np.int64],
    key: np.uint64,
    start_ns: int,
    step_ns: int,
    index: int,
) -> None:
    """Let every follower look at the market about once a minute."""
    looks = 1.0 - math.exp(-step_ns / 60e9)
    for j in range(len(traders)):
        if uniform(key, j, index, 0) >= looks:
            continue
        t = traders[j]
        seen = view[t.instrument]
        target = 0
        if abs(seen.momentum) > t.threshold:
            lot = instruments[t.instrument].lot
            target = lots_for(t.stake_usd, seen.mid, lot)
            target = target if seen.momentum > 0.0 else -target
        missing = target - position[t.instrument, t.account]
        if missing != 0:
            side = BUY if missing > 0 else SELL
            when = start_ns + int(step_ns * uniform(key, j, index, 1))
            lots = abs(missing)
            send(messages, counters, when, t.account, t.instrument, MARKET, side, lots, 0, 0)


class Follower(CrowdAgent):
    """One trend follower, as Mesa sees it."""

    stake_usd = Column()
    threshold = Column()


class Followers(Crowd):
    """All trend followers of a run, on the hub."""

    kind = "follower"
    exchange = 0
    agent_class = Follower

    def __init__(self, model: MarketModel, traders: int, stake_usd: float, seed: int) -> None:
        self.table = np.zeros(traders, follower_dtype).view(np.recarray)
        accounts = [model.hub.open_account(stake_usd, leverage=3) for _ in range(traders)]
        self.table["account"] = accounts
        self.table["stake_usd"] = stake_usd
        self.table["threshold"] = np.linspace(0.0005, 0.005, traders)
        self.attach(model.hub.ledger)
        self._key = stream_key(seed, self.kind)

    def decide(self, sight: Sight) -> None:
        """Trade towards the stake that the trend asks for."""
        sight.outbox.reserve(len(self.table))
        decide_followers(
            self.table,
            sight.view,
            sight.instruments,
            sight.ledger.position,
            sight.outbox.messages,
            sight.outbox.counters,
            self._key,
            sight.start_ns,
            sight.step_ns,
            sight.index,
        )


def main() -> None:
    hour = {"phases.0.until_s": 3600, "crash.start_s": 600, "crash.end_s": 3000}
    model = build(load("calm", hour), seed=1, spare_accounts=1000)
    crowd = Followers(model, 1000, stake_usd=5_000.0, seed=1)
    model.crowds.append(crowd)
    crowd.views(model)
    model.run()
    followers = model.agents_by_type[Follower]
    quick = followers.select(lambda agent: agent.threshold < 0.001)
    print(f"{len(followers)} followers, {len(quick)} of them quick")
    print(f"together they hold {sum(followers.get('cash_usd')):,.0f} USD")


if __name__ == "__main__":
    main()
