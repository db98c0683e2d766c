"""A trend follower of one's own: twenty lines, and it trades in any scenario."""

import math

from abm.model import MarketModel
from agents.trader import Trader
from experiments.build import build
from experiments.scenarios import load


class Momentum(Trader):
    """Holds a fixed stake in the direction of the last ten minutes, if they had one."""

    def __init__(
        self,
        model: MarketModel,
        deposit_usd: float = 50_000.0,
        leverage: int = 3,
        stake_usd: float = 20_000.0,
        threshold: float = 0.001,
    ) -> None:
        super().__init__(model, deposit_usd, leverage)
        self.stake_usd = stake_usd
        self.threshold = threshold

    def step(self) -> None:
        trend = self.momentum("BTC-PERP")
        stake_usd = math.copysign(self.stake_usd, trend) if abs(trend) > self.threshold else 0.0
        missing = stake_usd / self.mid("BTC-PERP") - self.position("BTC-PERP")
        if missing > 0:
            self.buy("BTC-PERP", missing)
        elif missing < 0:
            self.sell("BTC-PERP", -missing)


def main() -> None:
    hour = {"phases.0.until_s": 3600, "crash.start_s": 600, "crash.end_s": 3600}
    model = build(load("calm", hour), seed=1)
    follower = Momentum(model)
    model.run()
    held = follower.position("BTC-PERP")
    print(f"holds {held:.3f} BTC and {follower.cash_usd:,.2f} USD")


if __name__ == "__main__":
    main()
