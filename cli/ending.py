"""Every way in which a command can end: said in one sentence, with an exit code, and no credentials in it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import warnings
from typing import Any

import click

from sar_colorize.credentials import CredentialFilter, without_credentials
from sar_colorize.errors import MORE_FILES, SarColorizeError, has_too_many_files

from . import interrupt
from .command import Stopped
from .group import cli
from .last_resort import write_report
from .progress import report_cancelled, report_error


def run() -> int:
    """Calls the command of this process's arguments, and returns its exit code."""
    _clean_what_others_print()
    try:
        code = _call()
    except click.ClickException as error:
        code = _said(error)
    except click.Abort as abort:  # what click makes of an interrupt outside of a command
        # and of a file that ends too early, which nobody cancelled
        code = _unforeseen(abort.__cause__) if isinstance(abort.__cause__, EOFError) else _said(Stopped(abort))
    except KeyboardInterrupt as stopped:
        code = _said(Stopped(stopped))
    except SarColorizeError as error:
        report_error(str(error))
        code = 1
    except Exception as error:  # noqa: BLE001  # the last resort: whatever it is, the user gets a sentence
        code = _unforeseen(error)
    return _flushed(code)


def _call() -> int:
    """The command's own exit code.

    Raises:
        ClickException, Abort: as click does. Also whatever nobody foresaw.
    """
    try:
        code = cli(prog_name="sar-colorize", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except SystemExit as exit_:  # of click, where nobody reads standard output any more
        code = exit_.code
    if interrupt.is_cancelled():  # the interrupt was swallowed, and the command went on to its end
        report_cancelled("cancelled when all was done")
        return interrupt.CANCELLED
    return code if isinstance(code, int) else 0


def _said(error: click.ClickException) -> int:
    """Shows an error of the command line; one that an interrupt caused is the interrupt's."""
    if interrupt.is_cancelled() and not isinstance(error, Stopped):
        error = Stopped(error)
    text = io.StringIO()
    error.show(file=text)
    with contextlib.suppress(OSError):
        click.echo(without_credentials(text.getvalue()), err=True, nl=False)
    return error.exit_code


def _unforeseen(error: BaseException) -> int:
    """One sentence for an error that nobody foresaw, with a file to attach to a report of it."""
    if interrupt.is_cancelled():
        return _said(Stopped(error))
    if isinstance(error, OSError) and _is_of_output(error):
        return _cannot_print(error)
    if has_too_many_files(error):
        report_error(f"the system must let sar-colorize open more files, got {_in_a_line(error)}; {MORE_FILES}")
        return 1
    kept = write_report(error)
    report_error(
        f"sar-colorize must end in a result or in a reason, got an error that nobody foresaw ({_in_a_line(error)}); "
        + (f"please attach {kept} to a report of it" if kept else "please report it with the command that you gave")
    )
    return 1


def _in_a_line(error: BaseException) -> str:
    """The kind of an error and its message."""
    return without_credentials(" ".join(f"{type(error).__name__}: {error}".split()))[:300]


def _is_of_output(error: BaseException) -> bool:
    """Whether click could not print a result."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is click.echo.__code__ and not trace.tb_frame.f_locals["err"]


def _cannot_print(error: OSError | ValueError) -> int:
    """Says why a result could not be printed; nothing where its reader has gone."""
    if not isinstance(error, BrokenPipeError):
        reason = getattr(error, "strerror", None) or str(error)
        report_error(f"standard output must take what is printed, got {reason}; send it elsewhere")
    with contextlib.suppress(OSError, ValueError):  # Python flushes again at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _flushed(code: int) -> int:
    """The exit code once standard output has taken all; 1 where it could not."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        return _cannot_print(error)
    return code


def _clean_what_others_print() -> None:
    """Takes credentials out of what libraries log and warn of, where nobody asked for it."""
    if logging.lastResort is not None and not logging.lastResort.filters:
        logging.lastResort.addFilter(CredentialFilter())
    shown = warnings.formatwarning

    def clean(*arguments: Any, **settings: Any) -> str:
        return without_credentials(shown(*arguments, **settings))

    warnings.formatwarning = clean
