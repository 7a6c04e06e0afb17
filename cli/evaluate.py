"""`sar-colorize evaluate`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import evaluate_filters, options
from .progress import MODES, Progress

ALL_FILTERS = "all"


@click.command()
@click.option("--model", "models", multiple=True, metavar="NAME|FILE", help="A model; may be repeated.")
@click.option("--data", metavar="DIR", help="A folder of pairs; of stacks of dates where filters are measured.")
@click.option("--report", metavar="DIR", help="A folder for the report, new or to be replaced.")
@click.option("--split", default="test", show_default=True, help="Which pairs to measure.")
@click.option("--train", metavar="DIR", help="Pairs whose split train the baselines learn from.  [default: --data]")
@click.option(
    "--input",
    type=click.Choice(api.INPUTS),
    default="sar",
    show_default=True,
    help="The lightness that models are given: the radar's, or the real picture's own.",
)
@click.option(
    "--despeckle",
    is_flag=False,
    flag_value=ALL_FILTERS,
    type=click.Choice(["auto", ALL_FILTERS, *api.FILTER_NAMES]),
    default="auto",
    show_default=True,
    help="Speckle filter before the radar's lightness; auto is each model's own. Without --model: measure this filter, "
    "or all.",
)
@click.option(
    "--palette",
    type=click.Choice(api.PALETTES),
    default="site",
    show_default=True,
    help="For models that take one: from other pairs of the site, guessed from where a pair lies, or none.",
)
@click.option(
    "--half",
    type=click.Choice(api.HALVES),
    default="all",
    show_default=True,
    help="second: measure the second half of each site, with palettes from the first.",
)
@click.option(
    "--limit", type=int, metavar="N", help="At most so many pairs of each site, evenly spread; or dates of each stack."
)
@click.option("--exclude", multiple=True, metavar="SITE", help="A site to leave out; may be repeated.")
@click.option("--strict", is_flag=True, help="Refuse files that are broken or without a partner.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap.")
@click.option("--device", type=click.Choice(api.DEVICES), default="auto", show_default=True)
@click.option(
    "--precision",
    type=click.Choice(api.PRECISIONS),
    default="fp32",
    show_default=True,
    help="fp32 is what the models' cards were measured in.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier report.")
@click.option("--progress", type=click.Choice(MODES), default="auto", show_default=True)
@options.as_json
def evaluate(
    models: tuple[str, ...], data: str | None, report: str | None, progress: str, as_json: bool, **settings: Any
) -> None:
    """Measure models on pairs, beside what they must beat, and write a report; or measure speckle filters.

    Always beside the models: mean colour, a look-up table, LR4ColSAR, NoColSAR, and grey as an oracle. The report is
    index.html, metrics.json, patches.csv and, where the pairs have a grid, patches.gpkg.

    \b
    sar-colorize evaluate --model colorsar-sar --data pairs --report report
    sar-colorize evaluate --model colorsar-sar --model run/weights.safetensors --data pairs --split val --report r2

    Without a model, --despeckle measures speckle filters on a simulated ground and, with --data, on real dates: a
    folder of .tif files of one ground, one for each date, for every stack.

    \b
    sar-colorize evaluate --despeckle
    sar-colorize evaluate --despeckle learned --data stacks --json
    """
    if not models and settings["despeckle"] != "auto":
        if report is not None:
            raise click.UsageError("--report is of models; the table of filters goes to standard output, --json whole")
        chosen = () if settings["despeckle"] == ALL_FILTERS else (settings["despeckle"],)
        evaluate_filters.show(data, chosen, settings["limit"], settings["seed"], progress, as_json)
        return
    for name, value in (("--model", models), ("--data", data), ("--report", report)):
        if not value:
            raise click.MissingParameter(param_hint=f"'{name}'", param_type="option")
    reporter = Progress(progress, unit="pairs")
    made = api.evaluate(models, str(data), str(report), on_progress=reporter, **settings)
    for note in made["notes"]:
        reporter.message(note)
    if made["skipped"]:
        reporter.message(f"{len(made['skipped'])} left out, first: {made['skipped'][0]}")
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo(f"{made['files']['index.html']}: {sum(made['pairs'].values())} pairs of {len(made['pairs'])} sites")
    width = max(map(len, made["overall"]))
    click.echo(f"  {'':{width}}  ab error  CIEDE2000  chroma ratio   SSIM")
    for name, row in made["overall"].items():
        columns = zip(("ab_error", "ciede2000", "chroma_ratio", "ssim"), (8, 9, 12, 5), (2, 2, 2, 3), strict=True)
        click.echo(f"  {name:{width}}  " + "  ".join(_number(row[key]["mean"], *shape) for key, *shape in columns))


def _number(value: float | None, width: int, digits: int) -> str:
    """A figure, right-aligned; a dash where it is undefined."""
    return "-".rjust(width) if value is None else f"{value:{width}.{digits}f}"
