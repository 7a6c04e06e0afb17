"""What every command has: options grouped by rubric, `--verbose`, one sentence for an error, one when cancelled."""

from __future__ import annotations

import copy
import difflib
import logging
import re
from collections.abc import Callable, Sequence
from typing import IO, Any

import click

from sar_colorize.errors import Cancelled, SarColorizeError

from .progress import LogLines, report_cancelled, report_error

_LOGGER = "sar_colorize"


class Option(click.Option):
    """An option under a rubric; its old names are understood, and not shown."""

    def __init__(self, names: Sequence[str], *, rubric: str = "", old: Sequence[str] = (), **settings: Any) -> None:
        super().__init__([*names, *old], **settings)
        self.rubric, self.old = rubric, tuple(old)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The line of the help, without old names."""
        shown = copy.copy(self)
        shown.opts = [name for name in self.opts if name not in self.old]
        return click.Option.get_help_record(shown, ctx)

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """How errors of usage call it: by the names that the help shows."""
        return " / ".join(f"'{name}'" for name in self.opts if name not in self.old)


class Choice(click.Choice):  # type: ignore[type-arg]  # generic in new versions of click only
    """One of some names; of a name that is nearly one, the error says which is meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As click does."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            close = difflib.get_close_matches(str(value).lower(), [str(name) for name in self.choices], 1)
            if not close:
                raise
            text = f"{error.message.rstrip('.')}. Did you mean {close[0]!r}?"
            raise click.BadParameter(text, ctx=error.ctx, param=error.param) from error


class Refused(click.ClickException):
    """An error that the library raised on purpose."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """One line, or one event."""
        report_error(self.message)


class Stopped(click.ClickException):
    """Ctrl-C or SIGTERM; the message says no more than what is known."""

    exit_code = 130

    def __init__(self, interrupt: BaseException) -> None:
        super().__init__(_last_words(interrupt))

    def show(self, file: IO[Any] | None = None) -> None:
        """One line, or one event."""
        report_cancelled(self.message)


class Command(click.Command):
    """A command whose help is grouped, and whose errors are one line each."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params.append(verbose_option(rubric="Run"))

    def invoke(self, ctx: click.Context) -> Any:
        """Runs it; what was raised on purpose becomes one sentence with the names of options in it."""
        try:
            return super().invoke(ctx)
        except SarColorizeError as error:
            raise Refused(with_flags(str(error), flags_of(self))) from error
        except MemoryError as error:
            what = f"memory must hold a block and its tiles, got too little ({error}); make them smaller"
            raise Refused(what) from error
        except KeyboardInterrupt as interrupt:
            raise Stopped(interrupt) from interrupt

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Options under the rubrics of the Python call; those of every command stand last."""
        rubrics: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                rubrics.setdefault(getattr(param, "rubric", "") or "Run", []).append(record)
        for rubric in sorted(rubrics, key=lambda name: name == "Run"):
            with formatter.section(rubric if len(rubrics) > 1 else "Options"):
                formatter.write_dl(rubrics[rubric])


class Group(click.Group):
    """A command that has commands."""

    command_class = Command


def verbose_option(rubric: str = "") -> Option:
    """`-v`, understood before and after the name of a command."""
    return Option(
        ["-v", "--verbose"],
        rubric=rubric,
        is_flag=True,
        expose_value=False,
        callback=_log,
        help="Log one line on standard error for each phase of the run.",
    )


def _log(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    """Shows the library's log until the command has ended, once however often it is asked for."""
    logger = logging.getLogger(_LOGGER)
    if not wanted or any(isinstance(handler, LogLines) for handler in logger.handlers):
        return
    handler, level = LogLines(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(level)

    ctx.call_on_close(end)


def flags_of(command: click.Command) -> dict[str, str]:
    """What the command line calls each keyword: its option; the radar to be read is INPUT."""
    flags = {param.name: param.opts[0] for param in command.params if isinstance(param, click.Option) and param.name}
    takes_input = any(isinstance(param, click.Argument) and "INPUT" in str(param.metavar) for param in command.params)
    return flags | ({"source": "INPUT", "sources": "INPUT"} if takes_input else {})


def with_flags(text: str, flags: dict[str, str]) -> str:
    """A message of the library, its keywords written as options where they cannot be other words.

    That is: the first word before "must", every word with an underscore, those in one list with such a word, and what
    stands in backticks.
    """

    def flag(found: re.Match[str]) -> str:
        return flags.get(found[0], found[0])

    text = re.sub(r"^\w+(?= must\b)", flag, text)
    text = re.sub(r"`(\w+)`", lambda found: flags.get(found[1], found[0]), text)
    if "overwrite" in flags:
        text = text.replace("allow overwriting", f"give {flags['overwrite']}")
    text = re.sub(r"(?<![\w./'-])[a-z]+(?:_[a-z0-9]+)+(?![\w./'-])", flag, text)
    return re.sub(r"(--[a-z-]+(?:, --[a-z-]+)*(?:,| or| and)) ([a-z]+)\b(?= or|,|;|$)",
                  lambda found: f"{found[1]} {flags.get(found[2], found[2])}", text)  # fmt: skip


def _last_words(interrupt: BaseException | None) -> str:
    """What the library said of a run that was stopped, or no more than that it was."""
    seen: set[int] = set()
    while interrupt is not None and id(interrupt) not in seen:
        if isinstance(interrupt, Cancelled):
            return str(interrupt)
        seen.add(id(interrupt))
        interrupt = interrupt.__cause__ or interrupt.__context__
    return "cancelled"


def command(name: str | None = None) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function a command of this kind."""
    return click.command(name, cls=Command)
