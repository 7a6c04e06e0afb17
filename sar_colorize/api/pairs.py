"""Building pairs as one call: a radar and a colour raster in, a folder of pairs with a catalogue out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..credentials import without_credentials
from ..pairs.build_settings import BuildSettings
from ..progress import Progress
from .keywords import verb
from .output import check_outside


@verb()
def build_pairs(
    s1: str | Path,
    s2: str | Path,
    folder: str | Path,
    *,
    polarization: str | None = None,
    patch_px: int = 256,
    block_patches: int = 4,
    val_share: float = 0.15,
    test_share: float = 0.15,
    least_valid: float = 0.98,
    most_cloud: float = 0.3,
    terrain: str = "",
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Cuts two overlapping rasters into pairs to train on and to measure with.

    Rasters:
        s1: The radar raster, with a CRS and a transform; its pixels stay as they are.
        s2: The colour raster, warped to the radar's grid.
        polarization: The radar band; None for the first.

    Patches:
        patch_px: Side of a patch in pixels.
        least_valid: Share of a patch that both rasters must show.
        most_cloud: Share of a patch that may be cloud.
        terrain: A word for the whole place, kept in the catalogue.

    Splits:
        block_patches: Side of a spatial block in patches; a block is wholly in one split.
        val_share: Share of the blocks for val.
        test_share: Share of the blocks for test.

    Run:
        folder: New or empty; it appears whole or not at all.
        on_progress: Called with (patches done, patches in all).

    Returns:
        catalogue: path of the GeoPackage of footprints. splits: pairs by split. skipped: patches left out by reason.
        colour: what the numbers of the colour raster were taken for.

    Raises:
        DataError: a raster has no CRS, or they share no patch.
        SceneError, SettingError: a raster cannot be read. OutputError: the folder is in use or cannot be written to.
    """
    from ..pairs.build import build_pairs as build

    for source in (s1, s2):
        check_outside(Path(folder), str(source))
    settings = BuildSettings(
        patch_px=patch_px, block_patches=block_patches, val_share=val_share, test_share=test_share,
        least_valid=least_valid, most_cloud=most_cloud, terrain=without_credentials(terrain),
    )  # fmt: skip
    made = build(s1, s2, Path(folder), settings, polarization=polarization, progress=on_progress)
    return asdict(made) | {"catalogue": str(made.catalogue)}
