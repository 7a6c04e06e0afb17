"""Dates of one ground in a file of numpy's: NAME.npz with `db_x100`, decibels times 100."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import DataError
from ..raster import Float32
from .names import is_special


def read_dates(path: Path) -> Float32:
    """(dates, H, W) linear power.

    power = 10 ** (db_x100 / 1000)

    Raises:
        DataError: a pipe, a damaged file, or one without `db_x100` of two dates or more.
    """
    if is_special(path):
        raise DataError(f"a stack must be a file, got {path}, a pipe or a device; take it out")
    try:
        with path.open("rb") as opened, np.load(opened) as file:
            db_x100 = np.asarray(file["db_x100"], np.float32)
    except KeyError:
        raise DataError(f"a stack must hold db_x100, got none in {path}; take it out") from None
    except Exception as error:  # numpy lets many kinds through: zip, zlib, pickle, EOF, Value, Type, OS, Memory
        raise DataError(f"a stack must be a whole .npz file, got {path} ({error}); take it out") from error
    if db_x100.ndim != 3 or len(db_x100) < 2:
        raise DataError(f"a stack must be db_x100 of two dates or more, got {db_x100.shape} in {path}; take it out")
    power: Float32 = (10.0 ** (db_x100 / np.float32(1000.0))).astype(np.float32)
    return power
