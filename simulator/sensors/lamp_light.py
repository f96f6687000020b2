"""What lamps shine like at a time, where a scenario changes it: their lights, and the glow of their lenses."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.scene import Scene, Shine

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


class LampLight:
    """Keeps the tables of lights and lenses as the shines of the present say.

    Attributes:
        intensity: (L, 3) cd by channel at the peak of each lamp of the scene.
    """

    def __init__(self, scene: Scene, materials: NDArray[np.void]) -> None:
        """`materials`: MATERIAL_DTYPE rows of the scene's materials, whose glow is changed in place."""
        self._lamps, self._materials = scene.lamps, materials
        self._own = np.array([m.emission_cd_m2 for m in scene.materials], np.float64).reshape(-1, 3)
        self._row = {m.name: row for row, m in enumerate(scene.materials)}
        self._made = scene.lamps["intensity_cd"][:, None] * scene.lamps["color"]
        self.intensity: NDArray[np.floating[Any]] = self._made
        self._shines: tuple[Shine, ...] = ()

    def show(self, shines: tuple[Shine, ...]) -> None:
        """Let lamps shine so, and all others as they were made to."""
        if shines == self._shines:
            return
        for row in {self._row[name] for each in self._shines for name in each.materials}:
            self._glow(row, self._own[row])
        self._shines, self.intensity = shines, self._made.copy()
        for each in shines:
            gain = each.intensity_cd / each.own_cd
            rows = np.flatnonzero(self._lamps["object"] == each.object)[list(each.lamps)]
            self.intensity[rows] = gain * _tinted(self._made[rows], each.color)
            for row in (self._row[name] for name in each.materials):
                self._glow(row, gain * _tinted(self._own[row], each.color))

    def _glow(self, row: int, emission: NDArray[np.float64]) -> None:
        for name, value in zip(("glow_r", "glow_g", "glow_b"), emission, strict=True):
            self._materials[name][row] = value


def _tinted(light: NDArray[Any], color: tuple[float, float, float] | None) -> NDArray[Any]:
    """Light (..., 3) in another colour (of luminance 1), as bright as before."""
    return light if color is None else np.asarray((light @ LUMINANCE)[..., None] * np.array(color))
