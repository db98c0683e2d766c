"""A Mesa model that has nothing to do with markets."""

import mesa


class Walkers(mesa.Model):
    """Any Mesa model: walkers on a line; it stops by itself when one is far out."""

    def __init__(self, walkers: int = 3, stride: float = 1.0, rng: int | None = None) -> None:
        super().__init__(rng=rng)
        self.place = self.rng.normal(size=walkers)
        self.stride = stride
        self.datacollector = mesa.DataCollector(
            {"spread": lambda model: float(model.place.std()), "name": "name"}
        )
        self.name = "walkers"

    def step(self) -> None:
        self.place += self.stride * self.rng.normal(size=self.place.size)
        self.running = bool(abs(self.place).max() < 1000.0)
        self.datacollector.collect(self)


def farthest(model: Walkers) -> dict[str, float]:
    """Return how far the farthest walker is."""
    return {"farthest": float(abs(model.place).max())}
