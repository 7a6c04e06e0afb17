"""Makes what memory is made of: `season.safetensors`, `water.json` and SHA256SUMS in `sar_colorize/reference/weights`.

    pip install pandas pyarrow scikit-learn
    python tools/make_memory.py --pixels pixels.parquet --series DIR --pairs PAIRS --out DIR [--without PLACE ...]

`--left-out` prints how well colours are foretold in each region by networks that have not seen it (docs/memory.md).
`--without` leaves places of the series out, so that they can be measured with weights that have not seen them
(`benchmarks/memory.py --weights PLACE=FILE`). One core, 2 minutes. The same data give the
same files: the shipped ones bit for bit, on the machine that made them.

Sources:

- `--pixels`: dated pixels of Sentinel-1 and Sentinel-2 with place and month. From nasaharvest/presto (algae blooms and
  fuel moisture in the USA; MIT) and WorldCereal (East Africa 2017, western France 2023; MIT). Columns: source, lat,
  lon, month, vv_db, vh_db, b2, b3, b4, b8 (reflectance), level (L1C, L2A), dynamic_world, cloud_suspect.
- `--series`: places over time, georeferenced radar and reflectance. From WorldCereal (MIT; of wc_be_hesbaye_c no
  licence is stated). A manifest.csv with name, place, date_s2, lat, lon; NAME_s1.tif (VV, VH, decibels), NAME_s2.tif
  (B4, B3, B2, reflectance x 10000). Places of one date are not used.
- `--pairs`: radar and pictures before and after floods, with what annotators saw as flood. OMBRIA (IEEE JSTARS 2022).
  `train`, and `val` before, `val_after` after; `test` is left alone.
- By way of `sar_colorize.reference.climate`: ERA5 (Copernicus C3S), MODIS MCD12C1, Blue Marble.

Contains modified Copernicus Sentinel data.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from memory_makers import season, water


def main() -> None:
    """Learns both, writes them and the checksum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pixels", required=True, type=Path)
    parser.add_argument("--series", required=True, type=Path)
    parser.add_argument("--pairs", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--without", nargs="*", default=[], metavar="PLACE", help="places of the series to leave out")
    parser.add_argument("--left-out", action="store_true", help="only measure regions left out in turn; write nothing")
    given = parser.parse_args()
    if given.left_out:
        season.print_left_out(given.pixels, given.series)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    weights = given.out / "season.safetensors"
    weights.write_bytes(season.learn(given.pixels, given.series, given.without))
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    (given.out / "water.json").write_text(water.learn(given.pairs, given.pixels), encoding="utf-8")
    (given.out / "SHA256SUMS").write_text(f"{digest}  {weights.name}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
