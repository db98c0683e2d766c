"""A venue that has halted trading liquidates nobody until it trades again."""

import numpy as np

from abm.ledger.invariants import check
from abm.ledger.valuation import unrealised
from experiments.build import build


def test_a_breached_position_is_left_alone_while_trading_is_halted(small):
    model = build(small({}), 1, views=False)
    hub = model.hub
    ledger = hub.ledger
    model.step()
    losing = (ledger.isolated_margin > 0) & (unrealised(ledger, hub.pricing.mark_ticks) < 0)
    instrument, account = next(zip(*np.nonzero(losing), strict=True))
    margin = int(ledger.isolated_margin[instrument, account])
    ledger.move_margin(int(instrument), int(account), -margin)
    ledger.withdraw(int(account), int(ledger.cash[0, account]))
    held = int(ledger.position[instrument, account])

    hub.admission.halted[instrument] = True
    model.step()
    assert ledger.position[instrument, account] == held

    hub.admission.halted[instrument] = False
    model.step()
    assert abs(ledger.position[instrument, account]) < abs(held)
    check(ledger)
