"""Makes what `sar_colorize.palette.world` knows of kinds of ground: their colours and their backscatter, `ground.npz`.

    pip install pandas pyarrow
    python tools/make_ground.py --pixels pixels.parquet --pairs PAIRS --out sar_colorize/palette/ground.npz

`--left-out` prints how well colours are foretold where regions, and where cells, are left out in turn, and writes
nothing. One core, half a minute; the same data give the same file.

Sources:

- `--pixels`: dated pixels of Sentinel-1 and Sentinel-2 with place and month, as of `make_memory.py`; besides b8, b11,
  ewoc_code and place_id (cells of 0.1 degrees, never split). Haze is taken off, clouds are left out.
- `--pairs`: `train/socal_east` and `train/socal_west`, radar and true colour of a city whose place is known;
  `train/desert`, true colour of sand, which stands for the seas of sand.
- By way of `sar_colorize.palette.world`: MODIS MCD12C1, Blue Marble, ERA5 (Copernicus C3S).

Contains modified Copernicus Sentinel data.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ground_makers import judge, learn, rows


def main() -> None:
    """Learns, or judges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", required=True, type=Path)
    parser.add_argument("--pairs", required=True, type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--left-out", action="store_true", help="only measure; write nothing")
    given = parser.parse_args()
    found = rows.read(given.pixels, given.pairs)
    if given.left_out:
        judge.print_left_out(found)
        return
    if given.out is None:
        parser.error("--out must name the file to write")
    learn.write(learn.learn(found), given.out)


if __name__ == "__main__":
    main()
