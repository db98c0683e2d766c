"""A kind of institution of one's own: a fund that promises a yield and is called early."""

from dataclasses import dataclass

from agents.institution import Institution
from agents.institution_kinds import INSTITUTION_KINDS, InstitutionKind
from experiments.build import build
from experiments.scenarios import load


@dataclass(frozen=True)
class YieldFund(InstitutionKind):
    """Its creditors watch it: they ask their money back at 1.3 times the first leverage."""

    def limit(self, leverage, multiple):
        return min(1.3 * leverage, super().limit(leverage, multiple))


INSTITUTION_KINDS["yield_fund"] = YieldFund(
    share=1, size=1, leverage=6, cash=0.1, coins=0.6, illiquid=0.3, deposits=0.5
)


def main():
    scenario = load(
        "calm", {"institution.kinds": {"yield_fund": 1, "lender": 2}, "institution.institutions": 3}
    )
    model = build(scenario, seed=1)
    for firm in model.agents_by_type[Institution]:
        if firm.name.endswith("-1"):
            print(f"{firm.name}: leverage {firm.leverage:.1f}, creditors call at {firm.limit:.1f}")


if __name__ == "__main__":
    main()
