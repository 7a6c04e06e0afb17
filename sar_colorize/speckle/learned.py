"""The learned filter: a small network on decibels, trained on simulated and real speckle. Torch is imported late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import weights
from ..arrays import namespace
from ..backscatter import FLOOR_POWER
from ..engine.choose import PRECISIONS, choose_precision
from ..errors import ModelError, SettingError
from .base import LOOKS_TEXT, MOST_POWER, Filter, is_number_of_looks
from .card import SHIPPED, FilterCard
from .windows import box_sum

if TYPE_CHECKING:
    from torch import Tensor, nn

CENTRE_PX = 15
"""Window of the mean that is subtracted before the network sees an image."""
REACH_PX = 18
"""How far the network itself sees, `Despeckler.reach_px` of the shipped one."""
SCALE_DB = 5.0
FLAT_DB = 0.1
LOWEST_DB = -30.0
TILE_PX = 410
"""Every tile that the network is given has this side, so that one kernel computes all and a pixel has the same bits
in whatever tile it stands; tests/speckle/test_learned.py holds it to that."""
_VECTORS = 64
"""Numbers in whole vectors of any CPU, two at a time."""
_SHARE = 1 << 14
"""Numbers that torch does not divide among threads."""


@dataclass(frozen=True)
class Learned(Filter):
    """A network that estimates, from the decibels around a pixel, how far speckle has moved it.

    `looks` tells it how much of what it sees is noise: in training that was the looks that are new at each date. With
    the 4.4 looks of GRD products it keeps the texture that ground like a desert keeps from pass to pass, but
    under-filters fields; with 2 it smooths both. 3, the default, lies between (docs/despeckling.md).

    Its window is fixed by its weights: `size_px` is the width of the square that it sees.
    """

    name: ClassVar[str] = "learned"
    default_size_px: ClassVar[int] = 2 * (REACH_PX + CENTRE_PX // 2) + 1
    default_looks: ClassVar[float] = 3.0
    default_looks_reason: ClassVar[str] = "the default of learned"
    has_network: ClassVar[bool] = True
    size_px: int = default_size_px
    looks: float = default_looks
    precision: str = "auto"
    """auto, fp32 or bf16, see `engine.choose_precision`."""

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

    def apply(self, power: Any, valid: Any) -> Any:
        """Filtered power, NaN where invalid; on the device of `power`."""
        import torch

        if namespace(power) is np:
            out: Any = self._filtered(torch.from_numpy(np.ascontiguousarray(power, np.float32)), torch.tensor(valid))
            return out.numpy()
        return self._filtered(power.float(), valid)

    def _filtered(self, power: Tensor, valid: Tensor) -> Tensor:
        """Tile by tile; (..., H, W) float32 on its device, NaN where invalid."""
        import torch
        from torch.nn.functional import pad

        halo, core = self.halo_px, TILE_PX - 2 * self.halo_px
        network, offset_db = _network(power.device.type, choose_precision(self.precision, power.device.type))
        height, width = valid.shape
        margins = (halo, halo + -width % core, halo, halo + -height % core)
        looks = torch.full((1, 1, 1, 1), float(self.looks), device=power.device)
        around = pad(valid, margins)
        out = torch.full_like(power, torch.nan)
        with torch.no_grad():
            for band, filtered in zip(power.reshape(-1, height, width), out.view(-1, height, width), strict=True):
                image = pad(torch.where(valid, band, 1.0), margins, value=1.0)
                for row in range(0, height, core):
                    for col in range(0, width, core):
                        tile = (slice(row, row + TILE_PX), slice(col, col + TILE_PX))
                        wanted = valid[row : row + core, col : col + core]
                        if wanted.any():
                            change = change_db(network, to_db(image[tile]), around[tile][None, None], looks, offset_db)
                            factor = _in_whole_vectors(torch.exp, change[0, 0] * (np.log(10.0) / 10.0))
                            factor = factor[halo:-halo, halo:-halo][: wanted.shape[0], : wanted.shape[1]]
                            seen = band[row : row + core, col : col + core].clamp(FLOOR_POWER, MOST_POWER)
                            filtered[row : row + core, col : col + core] = seen * factor
        out[..., ~valid] = torch.nan
        return out


def to_db(power: Tensor) -> Tensor:
    """(1, 1, H, W) decibels of (H, W) power."""
    import torch

    return 10.0 * _in_whole_vectors(torch.log10, power.clamp(FLOOR_POWER, MOST_POWER))[None, None]


def _in_whole_vectors(function: Callable[..., Tensor], values: Tensor) -> Tensor:
    """The exp or log10 of values, each number by the same routine.

    On a CPU torch computes what does not fill a vector by a scalar routine, whose last bit is another: at the end of
    the array, of each row where rows are not contiguous, and of each thread's part.
    """
    import torch

    count = values.numel()
    padded = torch.ones(count + -count % _VECTORS, dtype=values.dtype, device=values.device)
    padded[:count] = values.reshape(-1)
    for part in padded.split(_SHARE if values.device.type == "cpu" else len(padded)):
        function(part, out=part)
    return padded[:count].view(values.shape)


def change_db(network: Any, db: Tensor, valid: Tensor, looks: Tensor, offset_db: float = 0.0) -> Tensor:
    """What is to be added to the decibels of each pixel, (B, 1, H, W).

    With m and s the mean and the standard deviation in dB of the valid pixels of a window of CENTRE_PX,

        contrast = max(dB - m, LOWEST_DB), 0 where invalid: a gain drops out
        noise = standard deviation in dB of speckle of so many looks
        change = contrast - (dB - m) + (network(contrast, valid, noise) + offset_db) s**2 / (s**2 + FLAT_DB**2)

    contrast, noise and the network's output in units of SCALE_DB. A constant stays a constant.

    Args:
        db: (B, 1, H, W) decibels, finite; anything where invalid. valid: (B, 1, H, W). looks: (B, 1, 1, 1), > 0.
    """
    import torch

    inside = valid.to(db.dtype)
    filled = torch.where(valid, db, 0.0)
    count = _window_sum(inside).clamp(min=1.0)
    deviation = torch.where(valid, filled - _window_sum(filled) / count, 0.0)
    contrast = deviation.clamp(min=LOWEST_DB)
    variance = _window_sum(contrast * contrast) / count
    noise = log_noise_db(looks) / SCALE_DB
    seen = torch.cat([contrast / SCALE_DB, inside, noise.expand_as(contrast)], 1)  # (B, 3, H, W)
    change: Tensor = (network(seen).float() * SCALE_DB + offset_db) * (variance / (variance + FLAT_DB**2))
    return contrast - deviation + change


def log_noise_db(looks: Any) -> Any:
    """Standard deviation in dB of L-look speckle: 10 / ln 10 sqrt(trigamma(L)), trigamma by its asymptotic series."""
    trigamma = 1.0 / looks + 1.0 / (2.0 * looks**2) + 1.0 / (6.0 * looks**3)
    return 10.0 / np.log(10.0) * trigamma**0.5


def _window_sum(values: Tensor) -> Tensor:
    from torch.nn.functional import pad

    total: Tensor = box_sum(pad(values, (CENTRE_PX // 2,) * 4), CENTRE_PX)
    return total


def load_card() -> FilterCard:
    """The card of the shipped weights; torch is not imported."""
    return FilterCard.from_json(weights.read_card(SHIPPED))


def load_network() -> nn.Module:
    """The shipped network, float32, on the CPU.

    Raises:
        ModelError: weights that are damaged, are not those that were shipped, or do not fit the network.
    """
    from .network import Despeckler

    weights.check_sum(SHIPPED)
    network = Despeckler(**load_card().settings)
    try:
        network.load_state_dict(weights.read_tensors(SHIPPED))
    except RuntimeError as error:
        raise ModelError(f"weights must fit their card, got others in {SHIPPED.name}; take it anew") from error
    return network.eval()


@cache
def _network(device: str, precision: str) -> tuple[Any, float]:
    """The network as a function of its input, 0 within a halo of the edge; and its offset in dB.

    Args:
        device: "cpu" or "cuda". precision: "fp32" or "bf16".
    """
    import torch
    from torch.nn.functional import pad

    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    layout, edge = torch.channels_last, CENTRE_PX // 2  # beside the edge the window of the mean is not whole
    network: Any = load_network().to(device, dtype).to(memory_format=layout)  # type: ignore[call-overload]  # stubs

    def forward(x: Tensor) -> Tensor:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            inner: Tensor = network.inner(x[..., edge:-edge, edge:-edge].to(dtype).contiguous(memory_format=layout))
        return pad(inner, (network.reach_px + edge,) * 4)

    return forward, load_card().offset_db
