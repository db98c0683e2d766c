"""Run the small scenario and print the digest: python digest_run.py SEED TWIN KEY=VALUE..."""

import sys
from pathlib import Path

from run_bytes import run_bytes

from experiments.scenarios import load
from experiments.simulate import simulate


def main() -> None:
    seed, twin, *pairs = sys.argv[1:]
    small = Path(__file__).resolve().parent.parent / "small.toml"
    scenario = load(str(small), dict(pair.split("=", 1) for pair in pairs))
    print(run_bytes(simulate(scenario, int(seed), twin)))


if __name__ == "__main__":
    main()
