"""What a liquidation policy is: a rule as a value, and someone who carries it out and remembers."""

from typing import Protocol, Self

from abm.book.messages import Records
from abm.venues.desk import Desk


class Closer(Protocol):
    """Carries out a policy; keeps what it has to remember between runs."""

    @property
    def fund_too(self) -> bool:
        """Whether the fund's own wallet is deleveraged when it is worth less than zero."""

    def prepare(self, desk: Desk) -> None:
        """Do what comes before the sweep."""

    def close(self, desk: Desk, breaches: Records) -> bool:
        """Close breached wallets in one round; tell whether anything changed."""


class ClosingRule(Protocol):
    """A liquidation policy as a value."""

    @property
    def max_rounds(self) -> int:
        """Most sweeps in one run."""

    def start(self, accounts: int) -> Closer:
        """Return someone who carries it out for a ledger of so many accounts."""


class Stateless:
    """A policy that carries itself out, since it has nothing to remember."""

    fund_too = False

    def prepare(self, desk: Desk) -> None:
        """Nothing comes before the sweep."""

    def start(self, accounts: int) -> Self:  # noqa: ARG002
        """Return itself."""
        return self


def at_least_one_round(max_rounds: int) -> None:
    """Raise `ValueError` unless there is at least one round."""
    if max_rounds < 1:
        raise ValueError(f"max_rounds is {max_rounds}; it must be at least 1")
