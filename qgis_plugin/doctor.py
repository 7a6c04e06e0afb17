"""What the backend says of itself when it looks at everything that it needs."""

from __future__ import annotations

import json
from typing import Any

from qgis.core import QgsProcessingFeedback

from . import child
from .backend import Backend, BackendError
from .text import tr

_LIMIT_S = 120.0


def examine(backend: Backend, feedback: QgsProcessingFeedback) -> list[dict[str, Any]]:
    """Each check as {"name", "ok", "detail", "needed", "mend"}; none if it was cancelled.

    Raises:
        BackendError: it does not start or answer.
    """
    finished = child.run(backend, ["doctor", "--json"], feedback, limit_s=_LIMIT_S)
    if finished.cancelled:
        return []
    try:
        return list(json.loads(finished.output)["checks"])
    except (ValueError, KeyError, TypeError):
        raise BackendError(
            tr("sar-colorize doctor must answer in JSON, got exit code {code}: {tail}").format(
                code=finished.code, tail=" | ".join(finished.tail[-4:])
            )
        ) from None
