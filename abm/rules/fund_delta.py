"""What one liquidation fill pays into the insurance fund, or takes out of it."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def fee_capped_fund_delta(
    fill_value: npt.ArrayLike, bankruptcy_value: npt.ArrayLike, max_fee: float
) -> Floats:
    """Return dYdX v4's change of the fund: the surplus of a fill over bankruptcy, at most a fee.

    ``d = fill - bankruptcy``; a loss is paid whole, of a gain ``min(d, |fill| * max_fee)`` goes to the fund
    and the rest stays with the account. Values are what the liquidated account receives: positive when a long
    is sold, negative when a short is bought back. Source: v4-chain@84d4664b, x/clob/keeper/liquidations.go,
    GetLiquidationInsuranceFundDelta.

    Parameters
    ----------
    max_fee
        Highest fee as a share of the filled value: 0.005 in the venue's tests, 0.015 in its documentation.
    """
    if max_fee < 0.0:
        raise ValueError(f"max_fee is {max_fee}; it must be zero or more")
    fill = np.asarray(fill_value, np.float64)
    surplus = fill - np.asarray(bankruptcy_value, np.float64)
    return np.asarray(np.where(surplus <= 0.0, surplus, np.minimum(surplus, np.abs(fill) * max_fee)))


def takeover_fund_delta(quantity: npt.ArrayLike, fill: npt.ArrayLike, bankruptcy: npt.ArrayLike) -> Floats:
    """Return ``q * (fill - bankruptcy)`` of a position taken over at bankruptcy and closed at ``fill``.

    ``quantity`` is signed, positive for a long. Source: blog.btcmex.com/insurance-fund, about 2020: long,
    3,000 against 3,060, +60.
    """
    size, price, broke = (np.asarray(v, np.float64) for v in (quantity, fill, bankruptcy))
    return np.asarray(size * (price - broke))


def shortfall(
    deposit: npt.ArrayLike, quantity: npt.ArrayLike, entry: npt.ArrayLike, fill: npt.ArrayLike
) -> Floats:
    """Return what an isolated account owes after closing at ``fill``; negative is what it has left.

    ``-(deposit + q * (fill - entry))`` with signed quantity. Source: dYdX v4 documentation@3e475b73,
    contract-loss-mechanism: long 500 at 1 with 100 deposited, filled at 0.77, the fund pays 15.
    """
    cash, size, start, end = (np.asarray(v, np.float64) for v in (deposit, quantity, entry, fill))
    return np.asarray(-(cash + size * (end - start)))
