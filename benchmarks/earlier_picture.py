"""Would an earlier picture of the same ground help, pixel by pixel? The last table of docs/by_place.md.

    python benchmarks/earlier_picture.py PAIRS [--steps 500]

PAIRS holds pairs before (keys bNNNN) and after (aNNNN) a flood. A small U-Net at a quarter of the resolution is given
the radar after and the picture before, and learns the picture after; it predicts how much of the picture's deviation
from its mean to keep, and what to add. Prints the error of a and b of the copied picture, its mean colour, the
network's, and the same where the mean colour after the flood is known. Without any picture: `sar-colorize evaluate
--model by-place --palette none --split test_after`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sar_colorize.color import srgb_to_lab
from sar_colorize.pairs.find import find_pairs
from sar_colorize.pairs.read import ground_of, read_pair
from sar_colorize.palette.fit import quartered

MIDDLE = np.array([47.0, -0.5, 12.5], np.float32)


@dataclass(frozen=True)
class Ground:
    """The ground of one pair, at a quarter of the resolution."""

    site: str
    radar: np.ndarray
    """(1, h, w), after the flood, -1..1."""
    before: np.ndarray
    """(3, h, w) CIE Lab."""
    after: np.ndarray
    """(3, h, w) CIE Lab."""
    known: np.ndarray
    """(h, w), where `after` is valid."""
    mean_before: np.ndarray
    """(3,) of the whole site."""
    mean_after: np.ndarray
    """(3,) of the whole site."""


def main() -> None:
    """Trains and measures, with the mean colour after the flood and without."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    chosen = parser.parse_args()
    learned, test = grounds(chosen.data, ("train",)), grounds(chosen.data, ("test", "test_after"))
    for knows_mean in (False, True):
        network = trained(learned, knows_mean, chosen.steps)
        found = defaultdict(list)
        for ground in test:
            x, target, known, base, memory = batch([ground], knows_mean)
            with torch.no_grad():
                painted = paint(network, x, base, memory)
            made = {
                "copied": base + memory,
                "mean": base.expand_as(target),
                "a fifth": base + 0.2 * memory,
                "network": painted,
            }
            for name, picture in made.items():
                error = ((picture - target).abs() * known).sum() / (2 * known.sum()).clamp(min=1)
                found[ground.site, name].append(float(error))
        print("mean colour after the flood known" if knows_mean else "earlier picture alone")
        for (site, name), errors in found.items():
            print(f"  {site:14} {name:8} {np.mean(errors):6.2f}")


def grounds(data: Path, splits: tuple[str, ...]) -> list[Ground]:
    """The ground of every pair with a picture before and after."""
    sites: dict[str, dict[str, tuple[np.ndarray, ...]]] = defaultdict(dict)
    for pair in find_pairs(data).of(*splits):
        if pair.key[0] in "ab":
            code, rgb = read_pair(pair)
            lab, known = quartered(srgb_to_lab(rgb / np.float32(255)), ground_of(rgb))
            radar = code.reshape(code.shape[0] // 4, 4, -1, 4).mean((1, 3), dtype=np.float32) / 127.5 - 1.0
            sites[pair.site][pair.key] = radar[None], lab, known
    made = []
    for site, patches in sites.items():
        of = {when: [v for key, v in patches.items() if key[0] == when and v[2].any()] for when in "ab"}
        means = {
            when: np.mean([lab[:, known].mean(1) for _, lab, known in found], 0) for when, found in of.items() if found
        }
        for key in sorted(patches):
            if key[0] == "b" and f"a{key[1:]}" in patches:
                radar, after, known = patches[f"a{key[1:]}"]
                before = np.where(patches[key][2], patches[key][1], means["b"][:, None, None])
                made.append(Ground(site, radar, before, after, known, means["b"], means["a"]))
    return made


class Network(nn.Module):
    """A U-Net of three levels: (B, 10, h, w) to (B, 4, h, w), share of the memory and what to add to a and b."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        w = width
        self.first = nn.Sequential(_conv(10, w), _conv(w, w))
        self.second = nn.Sequential(_conv(w, 2 * w, 2), _conv(2 * w, 2 * w))
        self.third = nn.Sequential(_conv(2 * w, 4 * w, 2), _conv(4 * w, 4 * w))
        self.up_second, self.up_first, self.head = _conv(6 * w, 2 * w), _conv(3 * w, w), nn.Conv2d(w, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Input to share and addition, see the class."""
        first = self.first(x)
        second = self.second(first)
        x = self.up_second(torch.cat([F.interpolate(self.third(second), scale_factor=2.0), second], 1))
        return self.head(self.up_first(torch.cat([F.interpolate(x, scale_factor=2.0), first], 1)))


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, stride, 1, padding_mode="replicate")
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def trained(learned: list[Ground], knows_mean: bool, steps: int) -> Network:
    """The network after training on batches of 16, each randomly recoloured and rotated."""
    torch.manual_seed(0)
    random, network = np.random.default_rng(0), Network()
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.02)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        chosen = [learned[i] for i in random.integers(0, len(learned), 16)]
        x, target, known, base, memory = batch(chosen, knows_mean, random)
        loss = ((paint(network, x, base, memory) - target).abs() * known).sum() / (2 * known.sum())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def batch(chosen: list[Ground], knows_mean: bool, random: np.random.Generator | None = None) -> list[Tensor]:
    """Input, target a and b, where they are valid, a and b to start from, deviation of the memory from its mean."""
    parts: list[list[np.ndarray]] = [[], [], [], [], []]
    for ground in chosen:
        moved = np.zeros(3, np.float32) if random is None else random.normal(0, (5, 4, 4)).astype(np.float32)
        mean = (ground.mean_after if knows_mean else ground.mean_before) + moved
        away = ground.before - ground.mean_before[:, None, None]
        change = (ground.mean_before - ground.mean_after) * knows_mean
        size = ground.radar.shape[1:]
        hints = [np.broadcast_to(v[:, None, None], (3, *size)) for v in ((mean - MIDDLE) / 20, change / 10)]
        values = (
            np.concatenate([ground.radar, away / 10, *hints]),
            (ground.after + moved[:, None, None])[1:],
            ground.known[None],
            mean[1:, None, None],
            away[1:],
        )
        for part, value in zip(parts, values, strict=True):
            part.append(value)
    tensors = [torch.from_numpy(np.stack(part).astype(np.float32)) for part in parts]
    if random is None:
        return tensors
    quarter, flip = int(random.integers(4)), bool(random.integers(2))
    return [torch.rot90(t.flip(-1) if flip else t, quarter, (-2, -1)) if t.shape[-1] > 1 else t for t in tensors]


def paint(network: Network, x: Tensor, base: Tensor, memory: Tensor) -> Tensor:
    """The predicted a and b."""
    out = network(x)
    return base + torch.sigmoid(out[:, :2] - 1.0) * memory + 5.0 * out[:, 2:]


if __name__ == "__main__":
    main()
