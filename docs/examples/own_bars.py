"""Diagnose an event on bars of one's own."""

import sys

from experiments.diagnose import diagnose


def main(file: str) -> None:
    found = diagnose(file)
    fall = found.event.fall
    print(f"{found.bars.name}: {fall.start_price:,.0f} to {fall.low_price:,.0f} USD")
    for evidence in found.reading.evidence:
        print(f"{evidence.name}: {evidence.shown} ({evidence.vote})")
    print(f"reads as {found.reading.verdict}")


if __name__ == "__main__":
    main(sys.argv[1])
