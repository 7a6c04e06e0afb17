"""Layers that several networks are made of."""

from __future__ import annotations

from torch import Tensor, nn


class ConvBlock(nn.Sequential):
    """Conv 3x3 - BatchNorm - ReLU.

    Padding repeats the edge: zeros would teach a network of small patches borders that the middle of a scene does not
    have (measured in docs/experiments.md). Inside the halo it makes no difference.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, padding_mode="replicate", bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )


class Nothing(nn.Module):
    """One number for each picture."""

    def forward(self, lightness: Tensor) -> Tensor:
        """(B, 1, 1, 1)."""
        return lightness[:, :1, :1, :1] * 0.0
