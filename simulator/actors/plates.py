"""Number plates of no real country: one shared atlas of random letters and digits."""

from __future__ import annotations

from functools import cache

import numpy as np

from simulator.actors.shape import patch
from simulator.numerics.rng import generator
from simulator.scene import Material, Mesh, Texture

ROWS, COLUMNS = 32, 4
_CELL = (32, 128)
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@cache
def plate_material() -> Material:
    """Material whose texture holds ROWS x COLUMNS plates; retro-reflective as registration plates are (R_A >= 45)."""
    import cv2

    rng = generator(0, "plates")
    image = np.zeros((ROWS * _CELL[0], COLUMNS * _CELL[1], 4), np.uint8)
    image[..., 3] = 255
    for k in range(ROWS * COLUMNS):
        tile = np.full((_CELL[0] * 4, _CELL[1] * 4, 3), 232, np.uint8)
        if k % 8 == 7:
            tile[:] = (225, 190, 60)
        cv2.rectangle(tile, (6, 6), (_CELL[1] * 4 - 7, _CELL[0] * 4 - 7), (30, 30, 30), 5)
        cv2.rectangle(tile, (12, 12), (52, _CELL[0] * 4 - 13), (40, 110, 90), -1)
        text = "".join(rng.choice(list(_LETTERS), 3)) + " " + "".join(str(d) for d in rng.integers(0, 10, 3))
        cv2.putText(tile, text, (66, 96), cv2.FONT_HERSHEY_SIMPLEX, 2.85, (20, 20, 24), 11, cv2.LINE_AA)
        row, column = divmod(k, COLUMNS)
        small = cv2.resize(tile, (_CELL[1], _CELL[0]), interpolation=cv2.INTER_AREA)
        image[row * _CELL[0] : (row + 1) * _CELL[0], column * _CELL[1] : (column + 1) * _CELL[1], :3] = small
    texture = Texture("number plates", image)
    return Material(
        "number plate", (0.85, 0.85, 0.85), texture, roughness=0.5, retro_cd_lx_m2=45.0, reflectance_905=0.8
    )


def plate(width: float, height: float, index: int, slot: int) -> Mesh:
    """Plate in the plane x = 0 facing +x, centred; `index` picks the text."""
    row, column = divmod(index % (ROWS * COLUMNS), COLUMNS)
    u, v = np.array([column, column + 1]) / COLUMNS, 1 - np.array([row + 1, row]) / ROWS
    y, z = np.array([-width / 2, width / 2]), np.array([-height / 2, height / 2])
    # Seen from the front, +y is on the right: text runs toward +y.
    points = np.array([[[0.0, y[1], z[0]], [0.0, y[0], z[0]]], [[0.0, y[1], z[1]], [0.0, y[0], z[1]]]])
    uv = np.array([[[u[1], v[0]], [u[0], v[0]]], [[u[1], v[1]], [u[0], v[1]]]])
    return patch(points, slot, uv=uv)
