"""The learned filter: a small network on decibels, trained on simulated and real speckle, by torch or OpenVINO."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from ..engine.choose import PRECISIONS, check_engine, choose, choose_precision
from ..errors import SettingError
from .base import LOOKS_TEXT, Filter, is_number_of_looks
from .learned_weights import HALO_PX


@dataclass(frozen=True)
class Learned(Filter):
    """A network that estimates, from the decibels around a pixel, how far speckle has moved it.

    `looks` tells it how much of what it sees is noise: in training that was the looks that are new at each date. With
    the 4.4 looks of GRD products it keeps the texture that ground like a desert keeps from pass to pass, but
    under-filters fields; with 2 it smooths both. 3, the default, lies between (docs/despeckling.md).

    Its window is fixed by its weights: `size_px` is the width of the square that it sees.
    """

    name: ClassVar[str] = "learned"
    default_size_px: ClassVar[int] = 2 * HALO_PX + 1
    default_looks: ClassVar[float] = 3.0
    default_looks_reason: ClassVar[str] = "the default of learned"
    has_network: ClassVar[bool] = True
    size_px: int = default_size_px
    looks: float = default_looks
    precision: str = "auto"
    """auto, fp32 or bf16, see `engine.choose_precision`."""
    engine: str = "auto"
    """auto, torch or openvino, for numpy; tensors are torch's."""

    def __post_init__(self) -> None:
        if self.size_px != self.default_size_px:
            raise SettingError(
                f"size of the learned filter must be {self.default_size_px} px, which its weights fix, got "
                f"{self.size_px}; leave it out"
            )
        if not is_number_of_looks(self.looks):
            raise SettingError(
                f"looks must be a number {LOOKS_TEXT}, got {self.looks}; leave it out for the usual ones"
            )
        if self.precision not in PRECISIONS:
            raise SettingError(
                f"precision must be one of {', '.join(PRECISIONS)}, got {self.precision!r}; auto picks one"
            )
        check_engine(self.engine)

    def apply(self, power: Any, valid: Any) -> Any:
        """Filtered power, NaN where invalid; on the device of `power`.

        Raises:
            SettingError: an engine that is not installed.
        """
        if namespace(power) is not np:
            from . import learned_torch

            if self.engine == "openvino":
                raise SettingError("engine must be torch or auto for a tensor, got openvino; give a numpy array for it")
            precision = choose_precision(self.precision, power.device.type)
            return learned_torch.filtered(power.float(), valid, self.looks, precision)
        values, known = np.ascontiguousarray(power, np.float32), np.asarray(valid)
        chosen = choose(self.engine, "cpu", self.precision)
        if chosen.engine == "openvino":
            from . import learned_graph

            return learned_graph.filtered(values, known, self.looks, chosen.precision)
        import torch

        from . import learned_torch

        made = learned_torch.filtered(torch.from_numpy(values), torch.tensor(known), self.looks, chosen.precision)
        return made.numpy()
