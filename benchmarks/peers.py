"""What one would run instead, with the network of `colorsar-sar` in float32: whole programs that take SCENE and OUT."""

from __future__ import annotations

_START = """
import sys, numpy as np, rasterio, torch
from scipy.ndimage import uniform_filter
from skimage.color import lab2rgb
from sar_colorize.models.registry import load_network
with rasterio.open(sys.argv[1]) as dataset:
    band, profile = dataset.read(1).astype("float32"), dataset.profile
power = 10 ** (np.nan_to_num(band, nan=-12.5) / 10)
mean, square = uniform_filter(power, 7), uniform_filter(power**2, 7)
weight = np.clip(1 - mean**2 / 4.4 / np.maximum(square - mean**2, 1e-12), 0, None)
L = np.clip((10 * np.log10(mean + weight * (power - mean)) + 25) * 4, 0, 100)
network = load_network("colorsar-sar")
"""
_END = """
rgb = (np.clip(rgb, 0, 1) * 255).astype("uint8")
keys = ("crs", "transform", "width", "height")
with rasterio.open(sys.argv[2], "w", driver="COG", count=3, dtype="uint8", **{k: profile[k] for k in keys}) as out:
    out.write(rgb)
"""
IN_ONE_PIECE = f"""{_START}
x = torch.from_numpy(np.pad(L, [(0, -side % 16) for side in L.shape])[None, None] / 50 - 1)
with torch.inference_mode():
    ab = network(x)[0, :, : L.shape[0], : L.shape[1]].numpy() * 128
rgb = lab2rgb(np.stack([L, *ab]), channel_axis=0)
{_END}"""
"""All of the scene through the network at once."""
NAIVE_LOOP = f"""{_START}
core, margin = 384, 64
rgb = np.zeros((3, *L.shape), "float32")
wide = np.pad(L, [(margin, margin + -side % core) for side in L.shape], mode="reflect")
with torch.inference_mode():
    for row in range(0, L.shape[0], core):
        for col in range(0, L.shape[1], core):
            tile = wide[row : row + core + 2 * margin, col : col + core + 2 * margin]
            ab = network(torch.from_numpy(tile[None, None] / 50 - 1))[0].numpy() * 128
            made = lab2rgb(np.stack([tile, *ab]), channel_axis=0)[:, margin:-margin, margin:-margin]
            part = rgb[:, row : row + core, col : col + core]
            part[:] = made[:, : part.shape[1], : part.shape[2]]
{_END}"""
"""Tiles of 512 px of which 64 px on each side are thrown away: less than the network sees, so that seams may show."""
MONAI = f"""{_START}
from monai.inferers import sliding_window_inference
with torch.inference_mode():
    x = torch.from_numpy(L[None, None] / 50 - 1)
    ab = sliding_window_inference(x, (512, 512), 1, network, overlap=0.25, mode="gaussian")[0].numpy() * 128
rgb = lab2rgb(np.stack([L, *ab]), channel_axis=0)
{_END}"""
"""MONAI's sliding window: tiles of 512 px, a quarter shared, blended."""
