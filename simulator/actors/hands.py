"""Hands: palm, four fingers and a thumb, relaxed or closed about a bar."""

from __future__ import annotations

import numpy as np

from simulator.actors.physique import Part, Physique
from simulator.actors.shape import pipe, round_rings, skin
from simulator.scene.mesh import Mesh, merge

# Shares of the stature (hand length 0.108, breadth 0.05: Drillis and Contini 1966; fingers by the common 2D:4D shapes):
# place across the palm toward the thumb, length and thickness, index finger first.
_FINGERS = ((0.0155, 0.041, 0.0050), (0.0055, 0.046, 0.0052), (-0.0045, 0.043, 0.0050), (-0.0140, 0.034, 0.0043))


def hand_mesh(p: Physique, *, grip: bool = False, slot: Part = Part.SKIN) -> Mesh:
    """Left hand hanging from the wrist at rest, thumb forward, palm to the body (-y).

    `grip`: a closed fist; `slot`: of skin or glove.
    """
    w = p.wide
    z = p.z(np.array([0.424, 0.436, 0.455, 0.475, 0.490, 0.502]))
    x = np.array([0.011, 0.010, 0.007, 0.005, 0.004, 0.004]) * w
    flat = np.array([0.0062, 0.0085, 0.0105, 0.0110, 0.0112, 0.0118]) * w
    broad = np.array([0.0185, 0.0215, 0.0215, 0.0180, 0.0145, 0.0140]) * w
    parts = [skin(round_rings(np.stack([x, 0 * z, z], 1), flat, broad, 10, 2.5), slot)]
    curl = np.array([0.5, 1.35, 2.6, 3.4]) if grip else np.array([0.12, 0.30, 0.55, 0.80])
    for place, length, thick in _FINGERS:
        start = np.array([float(x[1]) + place * w, 0.0, float(z[0]) + 0.004 * w])
        steps = np.array([0.0, 0.42, 0.32, 0.26]) * length * w
        down = np.stack([0 * curl - 0.02, -np.sin(curl), -np.cos(curl)], 1) * steps[:, None]
        radii = thick * w * np.array([1.05, 1.0, 0.92, 0.62])
        parts.append(pipe(start + np.cumsum(down, 0), radii, segments=6, slot=slot))
    root = np.array([float(x[3]) + 0.014 * w, -0.004 * w, float(z[3])])
    way = np.array([[0, 0, 0], [0.011, -0.006, -0.016], [0.015, -0.012, -0.034], [0.012, -0.018, -0.047]])
    parts.append(pipe(root + way * w, np.array([0.0095, 0.0080, 0.0062, 0.0042]) * w, segments=6, slot=slot))
    return merge(parts)
