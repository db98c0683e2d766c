"""Stylised facts of returns: tails, memory, volume (Cont 2001, Quantitative Finance 1, 223-236)."""

import numpy as np

from abm.measures.price_path import Floats


def excess_kurtosis(values: Floats) -> float:
    """Return m4 / m2**2 - 3 with central moments m; 0 for a normal law, nan when nothing moves."""
    centred = values - np.mean(values)
    variance = float(np.mean(centred**2))
    return float(np.mean(centred**4)) / variance**2 - 3.0 if variance > 0.0 else float("nan")


def hill_index(values: Floats, tail: float = 0.05) -> float:
    """Return the Hill estimate of the tail index of ``|values|`` (Hill 1975, Annals of Statistics 3, 1163).

    With k = floor(tail * n) and order statistics x_1 >= x_2 >= ...: k over the sum for i <= k of
    log(x_i / x_(k+1)).

    Parameters
    ----------
    values
        Returns, shape ``(n,)``; zeros are left out.
    tail
        Share of the observations that counts as the tail.

    Raises
    ------
    ValueError
        When the tail holds fewer than two observations.
    """
    size = np.sort(np.abs(values[values != 0.0]))[::-1]
    k = int(tail * len(size))
    if k < 2:
        raise ValueError(f"a tail of {tail:g} of {len(size)} observations is too short")
    excess = float(np.sum(np.log(size[:k] / size[k])))
    return k / excess if excess > 0.0 else float("inf")


def autocorrelation(values: Floats, lags: int) -> Floats:
    """Return the autocorrelation at lags 1 to ``lags``, shape ``(lags,)``.

    The biased estimate: sum of (x_t - m)(x_(t+k) - m) over sum of (x_t - m)**2, with one mean m.

    Raises
    ------
    ValueError
        When there are not more values than lags.
    """
    if len(values) <= lags:
        raise ValueError(f"{len(values)} values are too few for {lags} lags")
    centred = values - np.mean(values)
    total = float(centred @ centred)
    if total == 0.0:
        return np.full(lags, np.nan)
    # zero padding to twice the length keeps the circular convolution from wrapping around
    size = 1 << int(2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    products = np.fft.irfft(np.abs(spectrum) ** 2, size)
    return np.asarray(products[1 : lags + 1] / total, dtype=np.float64)


def decay_exponent(correlations: Floats, lags: Floats | None = None) -> float:
    """Return the b of correlation ~ lag**-b, by least squares on the logarithms of the positive correlations.

    Parameters
    ----------
    correlations
        Autocorrelation at each lag, shape ``(n,)``.
    lags
        The lags, shape ``(n,)``; 1, 2, ... when None.

    Returns
    -------
    float
        Nan when fewer than two correlations are positive.
    """
    at = np.arange(1, len(correlations) + 1, dtype=np.float64) if lags is None else lags
    usable = correlations > 0.0
    if int(usable.sum()) < 2:
        return float("nan")
    x, y = np.log(at[usable]), np.log(correlations[usable])
    x = x - x.mean()
    return float(-(x @ y) / (x @ x))


def volatility_volume_correlation(returns: Floats, volume: Floats) -> float:
    """Return the correlation of ``|return|`` with the logarithm of volume, over intervals that traded."""
    traded = np.isfinite(returns) & (volume > 0.0)
    if int(traded.sum()) < 3:
        return float("nan")
    size, log_volume = np.abs(returns[traded]), np.log(volume[traded])
    if np.ptp(size) == 0.0 or np.ptp(log_volume) == 0.0:
        return float("nan")
    return float(np.corrcoef(size, log_volume)[0, 1])


def aggregate_returns(returns: Floats, block: int) -> Floats:
    """Return sums of ``block`` neighbouring log returns (12: five-minute into hourly ones); a rest drops."""
    whole = len(returns) // block * block
    return np.asarray(returns[:whole].reshape(-1, block).sum(axis=1), dtype=np.float64)
