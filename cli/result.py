"""How a result is shown: one JSON object, or a few lines."""

from __future__ import annotations

import json

import click

from sar_colorize.api import Result

from .progress import Progress


def show(result: Result, reporter: Progress, as_json: bool) -> None:
    """Prints a result on standard output, and what the user should know of the input on standard error."""
    for note in result.notes:
        reporter.message(note)
    if as_json:
        click.echo(json.dumps(result.to_dict()))
        return
    what = f"{result.width} x {result.height} px, {'+'.join(result.bands)} ({result.bands_reason})"
    lines = [
        f"{result.output or 'dry run, nothing written'}: {what}",
        f"  unit         {result.unit} ({result.unit_reason})",
        f"  filter       {result.filter}{_looks(result)}",
    ]
    if result.model is not None:
        shift = f"{result.offset_db:+g} dB ({result.offset_reason})"
        lines.insert(2, f"  offset       {shift}")
        if result.palette is not None and result.palette_lab is not None:
            mean = " ".join(f"{value:.0f}" for value in result.palette_lab)
            lines.append(f"  palette      {result.palette}, mean L a b {mean}")
        if result.reference is not None:
            lines.append(f"  reference    {result.reference}, structure {result.structure}")
        lines.append(f"  model        {result.model}{_engine(result)}")
    skipped = f", {result.skipped_blocks} of them empty" if result.skipped_blocks else ""
    took = f" in {result.seconds:g} s" if result.output else ""
    lines.append(f"  blocks       {result.blocks}{skipped}{took}")
    if result.plan is not None and not result.output:
        lines.append(f"  plan         {_plan(result.plan)}")
    if result.remembered is not None:
        lines.append(f"  remembered   {result.remembered}")
    if result.expected_error is not None:
        lines.append(f"  error        {result.expected_error}")
    if result.memory is not None:
        lines.append(f"  memory       {result.memory}")
    if result.legend is not None:
        lines.append(f"  legend       {result.legend}")
    if result.classes is not None:
        lines.append(f"  classes      {result.classes}")
    if result.uncertainty is not None:
        lines.append(f"  uncertainty  {result.uncertainty}")
    if result.quicklook is not None:
        lines.append(f"  quicklook    {result.quicklook}")
    if result.stac is not None:
        lines.append(f"  stac         {result.stac}")
    click.echo("\n".join(lines))


def _engine(result: Result) -> str:
    """What ran the network."""
    ran = [result.engine, f"on {result.device}", result.precision]
    return ", ".join(["", *(each for each in ran if each is not None)])


def _plan(plan: dict[str, int]) -> str:
    """What a run would need."""
    memory, output, temporary = (
        f"{plan[name] / 2**20:,.0f} MB" for name in ("memory_bytes", "output_bytes", "temporary_bytes")
    )
    return f"about {memory} of memory, {output} for the output, {temporary} beside it until the run ends"


def _looks(result: Result) -> str:
    """How many looks a filter took the scene for, and why."""
    return "" if result.looks is None else f", {result.looks:g} looks ({result.looks_reason})"
