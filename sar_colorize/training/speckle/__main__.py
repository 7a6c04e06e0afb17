"""Trains the speckle filter that `learned` is: a folder of pairs in, weights with their card out.

    python -m sar_colorize.training.speckle PAIRS OUT --series SERIES --place NAME ...

Of PAIRS, a folder as `sar-colorize train` takes, only the colour pictures of the split train are used; of SERIES, the
named NAME.npz, see `series.read_series`; all where none is named, and simulated images alone without it. The same
command on the same OUT goes on from the last checkpoint.

The shipped filter has a teacher, which was trained first:

    python -m sar_colorize.training.speckle PAIRS WIDE --series SERIES --width 32
    python -m sar_colorize.training.speckle PAIRS OUT --series SERIES --teacher WIDE/weights.safetensors
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from ...errors import Cancelled, SarColorizeError
from .loop import train
from .series import read_series
from .settings import FilterSettings


def main() -> int:
    """The command in the module's first lines; its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sar_colorize.training.speckle",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pairs", type=Path, help="a folder of pairs")
    parser.add_argument("out", type=Path, help="a folder for weights, checkpoint and log")
    parser.add_argument("--steps", type=int, default=FilterSettings.steps, help="training steps")
    parser.add_argument("--seed", type=int, default=FilterSettings.seed, help="of all random numbers")
    parser.add_argument("--series", type=Path, help="a folder of real dates, NAME.npz")
    parser.add_argument("--place", action="append", default=[], help="a NAME of --series; may be repeated")
    parser.add_argument("--width", type=int, default=FilterSettings.width, help="channels of the network")
    parser.add_argument("--teacher", type=Path, help="weights of a wider filter, which this one is to imitate too")
    given = parser.parse_args()
    torch.set_flush_denormal(True)
    try:
        series = read_series(given.series, given.place) if given.series else []
        settings = FilterSettings(width=given.width, steps=given.steps, seed=given.seed)
        train(given.pairs, given.out, settings, series, teacher=given.teacher)
    except SarColorizeError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except Cancelled as cancelled:
        sys.stderr.write(f"{cancelled}\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
