"""pix2pix of Isola et al. 2017 (arXiv:1611.07004), lightness in and a colour picture out.

Layer by layer the network of the TensorFlow tutorial that the field starts from (tensorflow.org/tutorials/generative/
pix2pix), which has one lightness channel here in place of three colours: 54,412,931 trainable parameters at width 64
in the generator and 2,766,593 in the discriminator. Convolutions before a BatchNorm have no bias.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .graphs import SIDE_PX


class Down(nn.Sequential):
    """Conv 4x4 stride 2 - BatchNorm - LeakyReLU 0.2: half the size."""

    def __init__(self, channels_in: int, channels_out: int, norm: bool = True) -> None:
        layers: list[nn.Module] = [nn.Conv2d(channels_in, channels_out, 4, 2, padding=1, bias=False)]
        if norm:
            layers.append(nn.BatchNorm2d(channels_out, eps=1e-3))
        super().__init__(*layers, nn.LeakyReLU(0.2, inplace=True))


class Up(nn.Sequential):
    """ConvTranspose 4x4 stride 2 - BatchNorm - dropout - ReLU: twice the size."""

    def __init__(self, channels_in: int, channels_out: int, dropout: bool = False) -> None:
        layers: list[nn.Module] = [
            nn.ConvTranspose2d(channels_in, channels_out, 4, 2, padding=1, bias=False),
            nn.BatchNorm2d(channels_out, eps=1e-3),
        ]
        if dropout:
            layers.append(nn.Dropout(0.5))
        super().__init__(*layers, nn.ReLU(inplace=True))


class Generator(nn.Module):
    """U-Net of eight levels.

    Args:
        width: channels of the first level; 64 is the published network, 16 has a sixteenth of its parameters.
        channels: lightness channels taken, 1.
    """

    def __init__(self, width: int = 64, channels: int = 1) -> None:
        super().__init__()
        w = width
        self.downs = nn.ModuleList(
            [
                Down(channels, w, norm=False),
                Down(w, 2 * w),
                Down(2 * w, 4 * w),
                Down(4 * w, 8 * w),
                Down(8 * w, 8 * w),
                Down(8 * w, 8 * w),
                Down(8 * w, 8 * w),
                Down(8 * w, 8 * w),
            ]
        )
        self.ups = nn.ModuleList(
            [
                Up(8 * w, 8 * w, dropout=True),
                Up(16 * w, 8 * w, dropout=True),
                Up(16 * w, 8 * w, dropout=True),
                Up(16 * w, 8 * w),
                Up(16 * w, 4 * w),
                Up(8 * w, 2 * w),
                Up(4 * w, w),
            ]
        )
        self.last = nn.ConvTranspose2d(2 * w, 3, 4, 2, padding=1)

    def forward(self, lightness: Tensor) -> Tensor:
        """SRGB * 2 - 1 from L / 100 * 2 - 1."""
        height, width = lightness.shape[-2:]
        x = F.pad(lightness, (0, -width % SIDE_PX, 0, -height % SIDE_PX))  # (B, 1, H, W)
        skips = []
        for down in self.downs:
            x = down(x)  # (B, w .. 8w, H/2 .. H/256, W/2 .. W/256)
            skips.append(x)
        skips.pop()
        for up in self.ups:
            x = torch.cat([up(x), skips.pop()], 1)  # (B, 16w .. 2w, H/128 .. H/2, W/128 .. W/2)
        return torch.tanh(self.last(x))[..., :height, :width]  # (B, 3, H, W)


class Discriminator(nn.Sequential):
    """PatchGAN: whether each 70 x 70 pixels of (lightness, picture) are real, as logits.

    (B, channels + 3, 256, 256) becomes (B, 1, 30, 30).

    Args:
        width: channels of the first level, 64.
        channels: lightness channels, 1.
    """

    def __init__(self, width: int = 64, channels: int = 1) -> None:
        w = width
        super().__init__(
            Down(channels + 3, w, norm=False),  # (B, w, 128, 128)
            Down(w, 2 * w),  # (B, 2w, 64, 64)
            Down(2 * w, 4 * w),  # (B, 4w, 32, 32)
            nn.Conv2d(4 * w, 8 * w, 4, padding=1, bias=False),  # (B, 8w, 31, 31)
            nn.BatchNorm2d(8 * w, eps=1e-3),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * w, 1, 4, padding=1),  # (B, 1, 30, 30)
        )


def initialize(network: nn.Module) -> None:
    """Sets convolutions to N(0, 0.02) and BatchNorm gains to N(1, 0.02), as Isola et al., section 6.2."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
