"""Range images for the agents of many worlds: the beams of a lidar without its noise, all views in one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.sensors.lidar_models import LidarModel
from simulator.sensors.worlds.echo import Scans
from simulator.sensors.worlds.scenery import Scenery, States
from simulator.sensors.worlds.views import Eyes, Views, optics_of


def rows_of(model: LidarModel, rows: int) -> NDArray[np.float64]:
    """(rows,) elevations in radians, from the top down, of evenly picked beams of a lidar.

    Raises:
        ValueError: if the lidar has fewer beams.
    """
    if not 0 < rows <= model.beams:
        raise ValueError(f"{model.name} has {model.beams} beams; {rows} rows cannot be picked from them")
    ordered = np.sort(model.elevation_rad)[::-1]
    return np.asarray(ordered[np.rint(np.linspace(0, model.beams - 1, rows)).astype(int)])


class BatchLidar:
    """One kind of lidar, carried by many agents; views' poses are those of its frame (x forward, y left, z up)."""

    def __init__(self, scenery: Scenery, elevation_rad: ArrayLike, columns: int, reach_m: float = 100.0) -> None:
        """A lidar of (H,) elevations for the worlds of a scenery."""
        up = np.asarray(elevation_rad, np.float64)[:, None]
        azimuth = np.pi - 2 * np.pi * (np.arange(columns) + 0.5) / columns
        beams = np.broadcast_arrays(np.cos(up) * np.cos(azimuth), np.cos(up) * np.sin(azimuth), np.sin(up))
        directions = np.stack(beams, -1).astype(np.float32)
        self.shape = directions.shape[:2]
        self._eyes = Eyes(scenery, optics_of(directions, 2 * np.pi / columns, reach_m))

    def scans(self, count: int) -> Scans:
        """Room for so many range images."""
        shape = (count, *self.shape)
        return Scans(np.empty(shape, np.float32), np.empty(shape, np.float32), np.empty(shape, np.uint8))

    def scan(self, states: States, views: Views, out: Scans) -> Scans:
        """Measure all views into `out`, and return it; a thread takes whole images."""
        count = len(out.range)
        flat = Scans(out.range.reshape(count, -1), out.intensity.reshape(count, -1), out.semantic.reshape(count, -1))
        self._eyes.look(states, views, scans=flat)
        return out
