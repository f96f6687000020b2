"""From the hits of one view to its range image."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import load_int, pointer, record
from simulator.raycast.ensemble import FACE_BITS, PLACED
from simulator.sensors.shading.air import depth_to
from simulator.sensors.shading.vector import ONE, ZERO
from simulator.sensors.worlds.facets import NORMAL
from simulator.sensors.worlds.shade import FACE, SKY, SLOT, let_through

F32 = NDArray[np.float32]


class Scans(NamedTuple):
    """N range images: rows from the highest beam down, columns clockwise from behind over ahead to behind.

    Attributes:
        range: (N, H, W) float32 metres, the reach where nothing is met.
        intensity: (N, H, W) float32 0..1: reflectance at 905 nm, times the cosine of incidence, times what the air lets
            through on both ways; 0 where nothing is met.
        semantic: (N, H, W) uint8 class ids, "sky" where nothing is met.
    """

    range: F32
    intensity: F32
    semantic: NDArray[np.uint8]


@kernel
def echo(seen, directions, pose, looks, levels, matrices, air, reach, ranges, intensity, semantic):
    """Write the range image of one view: see `Scans`; directions are of unit length, `air` is that of `depth_to`."""
    t, triangles, _, _ = seen
    facets, matter, first_facet = pointer(looks.facets), pointer(looks.matter), pointer(looks.first_facet)
    for i in range(triangles.shape[0]):
        triangle = triangles[i]
        if triangle < 0:
            ranges[i], intensity[i], semantic[i] = reach, ZERO, SKY
            continue
        a, b, c = directions[3 * i], directions[3 * i + 1], directions[3 * i + 2]
        dx = pose[0, 0] * a + pose[0, 1] * b + pose[0, 2] * c
        dy = pose[1, 0] * a + pose[1, 1] * b + pose[1, 2] * c
        dz = pose[2, 0] * a + pose[2, 1] * b + pose[2, 2] * c
        depth = depth_to(air, t[i], t[i] * dz)
        row = np.int64(triangle)
        if triangle >= PLACED:
            k = (triangle >> FACE_BITS) & SLOT
            row = np.int64(load_int(first_facet, levels[k]) + (triangle & FACE))
            # Into the frame of the model.
            m = matrices[k]
            dx, dy, dz = (
                m[0] * dx + m[4] * dy + m[8] * dz,
                m[1] * dx + m[5] * dy + m[9] * dz,
                m[2] * dx + m[6] * dy + m[10] * dz,
            )
        facet = record(facets, row)
        cosine = np.float32(facet.ax) * dx + np.float32(facet.ay) * dy + np.float32(facet.az) * dz
        reflectance = record(matter, facet.material).reflectance_905
        ranges[i], semantic[i] = t[i], facet.semantic
        echo_share = reflectance * abs(cosine) * np.float32(1 / NORMAL) * let_through(np.float32(2) * depth)
        intensity[i] = min(echo_share, ONE)
