"""Run a scenario once and look at its series and events."""

import numpy as np

from experiments.scenarios import load
from experiments.simulate import simulate


def main(scenario: str = "october-2025", **overrides: float) -> None:
    trace = simulate(load(scenario, overrides), seed=1, until="crash_end")
    price = trace.instrument("last", "BTC-PERP")
    depth = trace.instrument("depth_bid", "BTC-PERP")
    low = int(np.argmin(price))
    print(f"low of {price[low]:,.0f} USD after {trace.time_s[low] / 3600:.2f} h")
    print(f"bid depth within 1 % then: {depth[low]:,.0f} USD")
    liquidations = trace.events["liquidations"]
    print(liquidations.groupby(["instrument", "side"])["notional_usd"].sum().round())


if __name__ == "__main__":
    main()
