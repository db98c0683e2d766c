"""A tier of readers of one's own, and when its readers learn of a news item."""

import numpy as np

from abm.information.tiers import HEADLINE, TIERS, Readers, Tier, Told

TIERS["chat group"] = Tier(delay_s=40.0, delay_spread=1.0, noise=0.5)


def main() -> None:
    """Print how many of a thousand readers know of a fall of 3 % after a while, and what they take it for."""
    for name in ("chat group", HEADLINE):
        told = Told(time_s=600.0, duration_s=0.0, log_change=np.array([-0.03]), tier=TIERS[name])
        known = Readers([told], assets=1, seed=1, name=name).known(np.zeros(1000, int), now_s=660.0)
        heard = known[known != 0.0]
        print(f"{name}: {len(heard)} know after a minute, of {heard.mean():.3f} +- {heard.std():.3f}")


if __name__ == "__main__":
    main()
