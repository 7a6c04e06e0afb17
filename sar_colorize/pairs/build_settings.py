"""How two rasters become pairs."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingError


@dataclass(frozen=True)
class BuildSettings:
    """How rasters become pairs."""

    patch_px: int = 256
    """Side of a patch in pixels."""
    block_patches: int = 4
    """Side of a spatial block in patches; a block is wholly in one split."""
    val_share: float = 0.15
    """Share of the blocks for val."""
    test_share: float = 0.15
    """Share of the blocks for test."""
    least_valid: float = 0.98
    """Share of a patch that both rasters must show."""
    most_cloud: float = 0.3
    """Share of a patch that may be cloud."""
    terrain: str = ""
    """A word for the whole place, kept in the catalogue."""

    def __post_init__(self) -> None:
        for name, low in (("patch_px", 16), ("block_patches", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < low:
                raise SettingError(f"{name} must be a whole number of at least {low}, got {value!r}; leave it out")
        for name in ("val_share", "test_share", "least_valid", "most_cloud"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} must be within 0..1, got {getattr(self, name)}; leave it out")
        if any("\ud800" <= letter <= "\udfff" for letter in self.terrain):
            raise SettingError(f"terrain must be valid UTF-8, got {self.terrain!r}; rename it")
        if self.val_share + self.test_share >= 1:
            raise SettingError(
                f"val_share and test_share must leave something to train on, got {self.val_share} and "
                f"{self.test_share}; 0.15 each is usual"
            )
