"""Random streams: one a purpose, so that changing one part leaves the others' draws alone."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for a purpose, the same for the same seed."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])
