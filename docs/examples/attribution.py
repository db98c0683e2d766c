"""The figure of the guide: what each mechanism made of two crashes."""

from collections.abc import Sequence
from pathlib import Path

from experiments.attribute import Request, attribute
from experiments.attribution_tables import print_attribution
from experiments.mechanisms import MECHANISMS


def main(
    folder: str = "my-attribution",
    scenarios: Sequence[str] = ("october-2025", "covid-2020"),
    mechanisms: Sequence[str] = tuple(MECHANISMS),
    seeds: int = 16,
    workers: int = 4,
    **overrides: float,
) -> None:
    settings = {key: str(value) for key, value in overrides.items()}
    request = Request(
        scenarios,
        mechanisms,
        "total_fall",
        seeds,
        pairs=1,
        workers=workers,
        out=Path(folder),
        overrides=settings,
    )
    attributed = attribute(request)
    print_attribution(attributed)
    for item in attributed.attributions:
        together = sum(part.amount for part in item.parts.values()) + item.left.amount
        print(f"{item.scenario}: parts add up to {together:.3f}, the fall is {item.outcome.amount:.3f}")


if __name__ == "__main__":
    main()
