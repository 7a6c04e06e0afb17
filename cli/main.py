"""The program `sar-colorize`: signals are heard first, then commands are loaded, and every end has its exit code.

0 done, 1 an error, 2 wrong usage, 130 cancelled.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from . import interrupt


def main() -> NoReturn:
    """Runs the command line and exits with its code."""
    interrupt.install()
    code = interrupt.CANCELLED
    try:
        from .ending import run  # not before: an interrupt may fall into its imports

        code = run()
    except BaseException:
        if not interrupt.is_cancelled():
            raise
        if sys.stderr is not None:
            sys.stderr.write("cancelled\n")
    finally:
        interrupt.ignore()
    interrupt.exit_soon(code)  # a thread may wait for what never comes, and no signal is heard any more
    sys.exit(code)


if __name__ == "__main__":
    main()
