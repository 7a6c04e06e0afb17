"""A process that runs cases, one JSON object a line in and out; whoever started it ends it when a case hangs."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import traceback
from importlib import import_module
from pathlib import Path

from .case import BrokenPromiseError, Case, Verdict

MEMORY_BYTES = 6 << 30
"""Address space that a worker may have."""
MOST_MB = 1500
"""Memory that a case may take, with all that the worker still holds from the cases before it."""


def main() -> None:
    """Answers cases until its input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))  # made_product makes products
    for line in sys.stdin:
        asked = json.loads(line)
        case = Case(asked["kind"], asked["seed"], asked["number"])
        answers.write(json.dumps(_judged(case, Path(asked["folder"])).to_dict()) + "\n")
        answers.flush()


def _judged(case: Case, folder: Path) -> Verdict:
    """A case, run and judged; what the attack itself does wrong counts as failed too."""
    held, detail = True, ""
    _forget_peak()
    children_mb = _children_mb()
    try:
        (folder / "here").mkdir()
        os.chdir(folder / "here")  # a relative path that should be refused leads to no harm
        what = import_module(f".{case.kind}", __package__).run(case, folder)
    except BrokenPromiseError as error:
        held, what, detail = False, str(error), "".join(traceback.format_exception(error))
    except Exception as error:  # noqa: BLE001 a fault of the attack must be seen, not end it
        held, what, detail = False, f"the attack itself failed: {error!r}", traceback.format_exc()
    peak_mb = _peak_mb(children_mb)
    if held and peak_mb > MOST_MB:
        held, what, detail = False, f"{peak_mb:.0f} MB of memory, more than {MOST_MB}", what
    return Verdict(held, what, detail, peak_mb)


def _forget_peak() -> None:
    """Counts this process's memory anew, where the system is Linux; elsewhere a case has the peak of those before."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_mb(children_mb: float = 0.0) -> float:
    """Most memory that this process has held in this case, or one of its children in it, in MB.

    Args:
        children_mb: what children of earlier cases held at most, which does not count.
    """
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/status").read_text().splitlines()
        own = next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), own)
    children = _children_mb()
    return round(max(own / 1000, children if children > children_mb else 0.0), 1)


def _children_mb() -> float:
    """Most memory that a child which has ended ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000


if __name__ == "__main__":
    main()
