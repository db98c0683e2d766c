"""Random numbers by name and by index, so that a counterfactual twin draws what the original drew.

Every part of the model owns a stream, keyed by its name and the run's seed (``numpy.random.SeedSequence``).
Inside a kernel a draw is a pure function of (key, who, when, which): the SplitMix64 finaliser (Steele, Lea
and Flood 2014, "Fast splittable pseudorandom number generators", OOPSLA) applied to a counter. Switching a
mechanism off, adding agents of another kind or skipping an agent's turn therefore changes no other draw, and
creation order is irrelevant.
"""

import math
import zlib

import numpy as np

from abm.compiled import kernel, wrapping

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_WHO = np.uint64(0xD1B54A32D192ED03)
_WHEN = np.uint64(0xABC98388FB8FAC03)
_WHICH = np.uint64(0x8CB92BA72F3D8DD7)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30 = np.uint64(30)
_S27 = np.uint64(27)
_S31 = np.uint64(31)
_S11 = np.uint64(11)
_TO_UNIT = 2.0**-53


def stream_key(seed: int, name: str) -> np.uint64:
    """Return the 64-bit key of stream ``name`` in the run with ``seed``."""
    return np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(1, np.uint64)[0]


def generator(seed: int, name: str) -> np.random.Generator:
    """Return a NumPy generator for set-up work (graphs, initial wealth) of the part called ``name``."""
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(name.encode())]))


@wrapping
def uniform(key: np.uint64, who: int, when: int, which: int) -> float:
    """Return the uniform draw in [0, 1) number ``which`` of agent ``who`` at time index ``when``."""
    z = key + np.uint64(who) * _WHO + np.uint64(when) * _WHEN + np.uint64(which) * _WHICH + _GOLDEN
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    z = z ^ (z >> _S31)
    return float(z >> _S11) * _TO_UNIT


@kernel
def normal(key: np.uint64, who: int, when: int, which: int) -> float:
    """Return a standard normal draw (Box-Muller on the uniforms ``which`` and ``which + 1``)."""
    u = 1.0 - uniform(key, who, when, which)
    v = uniform(key, who, when, which + 1)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@kernel
def exponential(key: np.uint64, who: int, when: int, which: int) -> float:
    """Return a unit-mean exponential draw."""
    return -math.log(1.0 - uniform(key, who, when, which))
