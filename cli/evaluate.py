"""`sar-colorize evaluate`: models on pairs, or speckle filters side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
from click.core import ParameterSource

from sar_colorize import api

from .command import Choice, Option, command
from .options import add
from .progress import Progress
from .signature import Fact, options

ALL_FILTERS = "all"
MODEL_COLUMNS = (
    ("ab_error", "ab error", 2),
    ("ciede2000", "CIEDE2000", 2),
    ("chroma_ratio", "chroma ratio", 2),
    ("ssim", " SSIM", 3),
    ("a_spread", "spread a", 2),
    ("b_spread", "   b", 2),
    ("a_correlation", "corr. a", 2),
    ("b_correlation", "    b", 2),
    ("legibility", "legibility", 3),
    ("water_iou", "water", 3),
    ("feature_distance", "features", 3),
    ("kid", "  KID", 2),
)
"""Of the table of models: the metric, its head, its decimals."""
MEMORY_COLUMNS = (("ab_error", "ab", 9, 2), ("l_error", "L", 7, 2), ("ssim", "SSIM", 7, 3))
"""Of the table of pictures with memory: the metric, its head, its width, its decimals."""
PICTURE_COLUMNS = MODEL_COLUMNS[4:-1]
"""Of the table of whole pictures with memory."""
SIMULATED_COLUMNS = (
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
STACK_COLUMNS = (
    ("gain_db", "gain dB"),
    ("gain_db_in_time", "in time"),
    ("gain_db_unregistered", "as it lies"),
    *SIMULATED_COLUMNS[1:7],
    *SIMULATED_COLUMNS[8:10],
)


MODEL = Option(
    ["--model", "models"], rubric="Pairs", multiple=True, metavar="NAME|FILE", help="A model; may be repeated."
)
DATA = Option(
    ["--data"], rubric="Pairs", metavar="DIR", help="A folder of pairs; of stacks of dates where filters are measured."
)
FILTER = Option(
    ["--filter"],
    rubric="Picture",
    old=("--despeckle",),
    is_flag=False,
    flag_value=ALL_FILTERS,
    type=Choice(["auto", ALL_FILTERS, *api.FILTER_NAMES]),
    metavar="NAME",
    default="auto",
    show_default=True,
    help="Speckle filter before the radar's lightness; auto is the one in each model's card. Without --model: measure "
    f"this filter, or all; one of {', '.join(api.FILTER_NAMES)}.",
)
REPORT = Option(["--report"], rubric="Report", metavar="DIR", help="A folder for the report, new or to be replaced.")
FACTS = {
    "exclude": Fact(metavar="SITE", text="A site that is neither measured nor learned from; may be repeated."),
    "half": Fact(choices=api.HALVES),
    "input": Fact(choices=api.INPUTS),
    "limit": Fact(text="At most so many pairs of each site, evenly spread, or dates of each stack; None for all."),
    "palette": Fact(choices=api.PALETTES),
    "reference": Fact(metavar="other-dates|DIR"),
    "train": Fact(metavar="DIR"),
}


def _options_of_both(function: Callable[..., Any]) -> Callable[..., Any]:
    """Options that stand apart from the signature: whether models or filters are measured says which must be given."""
    return add(function, MODEL, DATA, FILTER, REPORT)


@command()
@options(api.evaluate, without=("models", "data", "filter", "report"), facts=FACTS)
@_options_of_both
def evaluate(
    models: tuple[str, ...], data: str | None, report: str | None, progress: str, as_json: bool, **settings: Any
) -> None:
    """Measure models on pairs, beside what they must beat, and write a report; or measure speckle filters.

    Always beside the models: mean colour, a look-up table, LR4ColSAR, NoColSAR, and grey as an oracle. The report is
    index.html, metrics.json, patches.csv and, where the pairs have a grid, patches.gpkg.

    \b
    sar-colorize evaluate --model colorsar-sar --data pairs --report report
    sar-colorize evaluate --model colorsar-sar --model run/weights.safetensors --data pairs --split val --report r2

    With --reference, pictures with memory of the place are measured beside the reference itself.

    \b
    sar-colorize evaluate --reference other-dates --data series --report report

    Without a model, --filter measures speckle filters on a simulated ground and, with --data, on real dates: a
    folder of .tif files of one ground, one for each date, for every stack.

    \b
    sar-colorize evaluate --filter
    sar-colorize evaluate --filter learned --data stacks --json
    """
    if settings["reference"] is not None:
        models = models or (api.DEFAULT_MODEL,)
    if not models and settings["filter"] != "auto":
        _refuse_options_of_models(click.get_current_context())
        chosen = () if settings["filter"] == ALL_FILTERS else (settings["filter"],)
        _evaluate_filters(data, chosen, settings["limit"], settings["seed"], progress, as_json)
        return
    for name, value in (("--model", models), ("--data", data), ("--report", report)):
        if not value:
            raise click.MissingParameter(param_hint=f"'{name}'", param_type="option")
    if settings["filter"] == ALL_FILTERS:
        raise click.UsageError("--filter needs the name of one filter, or auto, where models are measured")
    has_memory = settings["reference"] is not None
    reporter = Progress(progress, unit="examples" if has_memory else "pairs")
    made = api.evaluate(models, str(data), str(report), on_progress=reporter, **settings)
    for note in made["notes"]:
        reporter.message(note)
    if made["skipped"]:
        reporter.message(f"{len(made['skipped'])} left out, first: {made['skipped'][0]}")
    if as_json:
        click.echo(json.dumps(made))
        return
    if has_memory:
        _print_memory(made)
        return
    click.echo(f"{made['files']['index.html']}: {sum(made['pairs'].values())} pairs of {len(made['pairs'])} sites")
    means = {name: {key: cell["mean"] for key, cell in row.items()} for name, row in made["overall"].items()}
    _print_rows(means, MODEL_COLUMNS)


def _print_rows(rows: Mapping[str, Mapping[str, float | None]], columns: Sequence[tuple[str, str, int]]) -> None:
    """A line for each method; columns are (metric, head, decimals)."""
    width = max(map(len, rows))
    click.echo(f"  {'':{width}}  " + "  ".join(head for _, head, _ in columns))
    for name, row in rows.items():
        cells = (_number(row[key], len(head), digits) for key, head, digits in columns)
        click.echo(f"  {name:{width}}  " + "  ".join(cells))


def _print_memory(made: Mapping[str, Any]) -> None:
    """Prints the figures of pictures with memory on standard output."""
    count = sum(made["pairs"].values())
    click.echo(f"{made['files']['index.html']}: {count} examples of {len(made['pairs'])} places")
    for group, rows in made["overall"].items():
        click.echo(f"\n{group}, mean over places: error of a and b, of L, SSIM of L")
        _print_memory_rows(rows)
        _print_rows(made["pictures"][group], PICTURE_COLUMNS)
    for place, groups in made["sites"].items():
        click.echo(f"\n{place}: {made['pairs'][place]} examples, {made['kept_share'][place]:.0%} kept")
        _print_memory_rows({name: groups["all dates"][name] for name in ("memory", "copy")})
    if made["floods"]:
        click.echo("\nfloods: shown as water in the flood, and false water outside it, mean over places")
        for name, row in made["floods"]["mean"].items():
            click.echo(f"  {name:18}  {_number(row['water'], 6, 3)}  {_number(row['false_water'], 6, 3)}")


def _print_memory_rows(rows: Mapping[str, Any]) -> None:
    """A line for each contestant, on all, changed and unchanged ground."""
    grounds = tuple(next(iter(rows.values())))
    click.echo(f"  {'':18}" + "".join(f"  {ground:>21}" for ground in grounds))
    click.echo(f"  {'':18}" + "".join(f"{head:>{width}}" for _, head, width, _ in MEMORY_COLUMNS) * len(grounds))
    for name, row in rows.items():
        cells = (_number(row[ground][key], *shape) for ground in grounds for key, _, *shape in MEMORY_COLUMNS)
        click.echo(f"  {name:18}" + "".join(cells))


def _refuse_options_of_models(context: click.Context) -> None:
    """Refuses options that filters are measured without: nothing that is asked for is ignored."""
    if context.params["report"] is not None:
        raise click.UsageError("--report is of models; the table of filters goes to standard output, --json whole")
    taken = {"filter", "data", "limit", "seed", "progress", "as_json", "verbose"}
    for option in context.command.params:
        name = option.name or ""
        if name not in taken and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} is of models; name one with --model, or leave it out")


def _evaluate_filters(
    data: str | None, filters: Sequence[str], dates: int | None, seed: int, progress: str, as_json: bool
) -> None:
    """Measures the filters (empty for all) and prints their metrics on standard output."""
    reporter = Progress(progress, unit="filters")
    made = api.evaluate_filters(data, filters=filters, dates=dates, seed=seed, on_progress=reporter)
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo("simulated landscape, speckle as in GRD products; PSNR 1, 2, 4: white speckle of so many looks")
    _print_filters(made["simulated"], SIMULATED_COLUMNS)
    for name, stack in made["stacks"].items():
        click.echo(f"\n{name}: {stack['looks_in_time']:g} looks in time, dates {stack['offset_px']:g} px off")
        _print_filters(stack["filters"], STACK_COLUMNS)


def _print_filters(rows: Mapping[str, Mapping[str, Any]], columns: Sequence[tuple[str, str]]) -> None:
    width = max(map(len, rows))
    click.echo(f"  {'':{width}}  " + "  ".join(f"{label:>7}" for _, label in columns))
    for name, row in rows.items():
        cells = (_number(row[key], max(7, len(label)), 2) for key, label in columns)
        click.echo(f"  {name:{width}}  " + "  ".join(cells))


def _number(value: float | None, width: int, digits: int) -> str:
    """A figure, right-aligned; a dash where it is undefined."""
    return "-".rjust(width) if value is None else f"{value:{width}.{digits}f}"
