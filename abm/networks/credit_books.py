"""What all parts of the credit network work on: balance sheets, debts, credit lines, and where money lies."""

from dataclasses import dataclass

from abm.book.messages import Records
from abm.networks.credit_events import CreditEvents
from abm.networks.credit_lines import CreditLines
from abm.networks.credit_terms import CreditTerms
from abm.networks.debt_book import DebtBook
from abm.venues.exchange import Exchange

MATERIAL = 0.01
"""Share of its assets below which an institution asks nothing back, and is not failed for what it owes."""


@dataclass(frozen=True, eq=False)
class CreditBooks:
    """Everything that institutions own and owe.

    Attributes
    ----------
    terms
        What is agreed with creditors and depositors.
    table
        Balance sheets (`abm.networks.balance_sheets.balance_dtype`).
    debts
        Who owes whom.
    lines
        Credit lines to traders.
    exchange, world
        Where the accounts are, and the account of depositors and buyers of illiquid assets.
    events
        What happened so far.
    """

    terms: CreditTerms
    table: Records
    debts: DebtBook
    lines: CreditLines
    exchange: Exchange
    world: int
    events: CreditEvents
