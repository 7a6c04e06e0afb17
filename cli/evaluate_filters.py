"""`sar-colorize evaluate --despeckle` without a model: the table of speckle filters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from sar_colorize import api

from .progress import Progress

SIMULATED = (
    ("gain_db", "gain dB"),
    ("bias_db", "bias dB"),
    ("enl", "ENL"),
    ("ratio_mean", "ratio mean"),
    ("ratio_variance", "var x looks"),
    ("edges_kept", "edges"),
    ("epd_roa", "EPD-ROA"),
    ("lines_kept", "lines"),
    ("psnr", "PSNR"),
    ("ssim", "SSIM"),
    ("psnr_1", "PSNR 1"),
    ("psnr_2", "PSNR 2"),
    ("psnr_4", "PSNR 4"),
)
STACKS = (
    ("gain_db", "gain dB"),
    ("gain_db_in_time", "in time"),
    ("gain_db_unregistered", "as it lies"),
    *SIMULATED[1:7],
    *SIMULATED[8:10],
)


def show(data: str | None, filters: Sequence[str], dates: int | None, seed: int, progress: str, as_json: bool) -> None:
    """Measures the filters (empty for all) and prints their figures on standard output."""
    reporter = Progress(progress, unit="filters")
    made = api.evaluate_filters(data, filters=filters, dates=dates, seed=seed, on_progress=reporter)
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo("simulated landscape, speckle as in GRD products; PSNR 1, 2, 4: white speckle of so many looks")
    _table(made["simulated"], SIMULATED)
    for name, stack in made["stacks"].items():
        click.echo(f"\n{name}: {stack['looks_in_time']:g} looks in time, dates {stack['offset_px']:g} px off")
        _table(stack["filters"], STACKS)


def _table(rows: Mapping[str, Mapping[str, Any]], columns: Sequence[tuple[str, str]]) -> None:
    width = max(map(len, rows))
    click.echo(f"  {'':{width}}  " + "  ".join(f"{label:>7}" for _, label in columns))
    for name, row in rows.items():
        values = (("-" if row[key] is None else f"{row[key]:.2f}").rjust(max(7, len(label))) for key, label in columns)
        click.echo(f"  {name:{width}}  " + "  ".join(values))
