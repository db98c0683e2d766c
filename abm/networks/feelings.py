"""What moves a mood besides other people: time, and the returns of the instrument that a person watches."""

import math

import numpy as np
import numpy.typing as npt

from abm.compiled import kernel

Floats = npt.NDArray[np.float64]


@kernel
def feel(mood: Floats, watched: npt.NDArray[np.int16], push: Floats, kept: float) -> float:
    """Let moods fade and be pushed, keep them from -1 to 1, and return the mean (0 where there is nobody).

    Parameters
    ----------
    mood
        Shape ``(nodes,)``; rewritten. What posts have added may have left the scale before.
    watched
        Instrument that each node watches, shape ``(nodes,)``.
    push
        What is added to those who watch each instrument, shape ``(instruments,)``.
    kept
        Share of a mood that is left after fading.
    """
    total = 0.0
    for v in range(len(mood)):
        mood[v] = min(1.0, max(-1.0, mood[v] * kept + push[watched[v]]))
        total += mood[v]
    return total / len(mood) if len(mood) > 0 else 0.0


def push_of_returns(returns: Floats, scale: float, rate: float, span_s: float) -> Floats:
    """Return what recent returns add to the mood in a span of time.

    Parameters
    ----------
    returns
        Recent log-return of each instrument, shape ``(instruments,)``.
    scale
        Log-return that counts as large.
    rate
        At which a large return fills the mood, 1/s.
    span_s
        Length of the span, seconds.
    """
    filled = 1.0 - math.exp(-rate * span_s)
    pushed: Floats = filled * np.tanh(returns / scale)
    return pushed


@kernel
def speakers(feeling: Floats, spoke: npt.NDArray[np.int8], loud: float) -> tuple[int, int]:
    """Note who starts to speak: 1 or -1 in ``spoke`` beyond ``loud``, then 2 or -2 on the next call.

    Who has come back to half of ``loud`` may speak again.

    Returns
    -------
    tuple
        How many start to speak in greed, and in fear.
    """
    glad = 0
    afraid = 0
    for v in range(len(feeling)):
        if spoke[v] == 1 or spoke[v] == -1:
            spoke[v] *= 2
        if feeling[v] > loud:
            if spoke[v] <= 0:
                spoke[v] = 1
                glad += 1
        elif feeling[v] < -loud:
            if spoke[v] >= 0:
                spoke[v] = -1
                afraid += 1
        elif abs(feeling[v]) < 0.5 * loud:
            spoke[v] = 0
    return glad, afraid
