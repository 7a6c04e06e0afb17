"""The program `sar-colorize`: signals are heard first, then commands are loaded, and every end has its exit code.

0 done, 1 an error, 2 wrong usage, 130 cancelled.
"""

from __future__ import annotations

import errno
import sys
from typing import NoReturn

from . import interrupt


def main() -> NoReturn:
    """Runs the command line and exits with its code."""
    code = interrupt.CANCELLED
    try:
        interrupt.install()
        from .ending import run  # not before: an interrupt may fall into its imports

        code = run()
    except BaseException as error:
        is_cancelled = interrupt.is_cancelled() or isinstance(error, KeyboardInterrupt)
        if not is_cancelled and not isinstance(error, ImportError | OSError):
            raise
        said = "cancelled"
        if not is_cancelled:  # `run` answers for all that comes after it was loaded
            few = getattr(error, "errno", None) in (errno.EMFILE, errno.ENFILE)
            mend = "allow the process more open files, for example with `ulimit -n 1024`" if few else "install it anew"
            code, said = 1, f"error: sar-colorize must be able to load its modules, got {error}; {mend}"
        if sys.stderr is not None:
            sys.stderr.write(f"{said}\n")
    finally:
        interrupt.ignore()
    interrupt.exit_soon(code)  # a thread may wait for what never comes, and no signal is heard any more
    sys.exit(code)


if __name__ == "__main__":
    main()
