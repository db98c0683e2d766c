"""Sweep a Mesa model that has nothing to do with markets."""

import mesa

from experiments.sweep import sweep_model


class Wealth(mesa.Model):
    """Everybody who has a coin gives one to somebody else."""

    def __init__(self, people: int = 100, coins: int = 1, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.coins = self.rng.integers(coins, coins + 1, people)
        self.datacollector = mesa.DataCollector({"gini": gini})

    def step(self) -> None:
        givers = (self.coins > 0).nonzero()[0]
        self.coins[givers] -= 1
        takers = self.rng.integers(0, self.coins.size, givers.size)
        for taker in takers:
            self.coins[taker] += 1
        self.datacollector.collect(self)


def gini(model: Wealth) -> float:
    ranked = sorted(model.coins)
    total = sum(rank * coins for rank, coins in enumerate(ranked, 1))
    return float(2 * total / (len(ranked) * sum(ranked)) - (len(ranked) + 1) / len(ranked))


def main(folder: str = "wealth-runs", workers: int = 2) -> None:
    points = [{"people": people, "coins": coins} for people in (50, 200) for coins in (1, 5)]
    runs = sweep_model(Wealth, points, folder, steps=50, replications=4, seed=1, workers=workers)
    print(runs.table.groupby(["people", "coins"])["gini"].agg(["mean", "std"]).round(3))


if __name__ == "__main__":
    main()
