"""Lettering: firms that do not exist on vans and lorries, cut out of foil, and destination signs of lit dots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from simulator.actors.finishes import as_rgb
from simulator.actors.shape import patch
from simulator.scene import Body, Material, Mesh, Texture
from simulator.scene.material import srgb
from simulator.scene.mesh import merge

FIRMS = (
    ("NORVELL", "FREIGHT & STORAGE"),
    ("Halden", "fresh every day"),
    ("OSTRA", "logistics"),
    ("Brightmoor", "furniture"),
    ("TELLURE", "water and gas"),
    ("Quillfeather", "removals"),
    ("KESTAN", "parcel service"),
    ("Miravel", "bakery since 1926"),
)
SERVICES = (("POLICE", ""), ("AMBULANCE", ""), ("FIRE", ""), ("TAXI", ""))
COACHES = (("Lindmoor", "coach travel"), ("ALBERO", "holidays by coach"), ("Fernway", "tours"))
_NAMES = FIRMS + SERVICES + COACHES  # from the top of the atlas
DESTINATIONS = (
    "12 CENTRAL",
    "7 HARBOUR",
    "48 HILLSIDE",
    "3 STATION",
    "105 AIRPORT",
    "21 MARKET",
    "9 COLLEGE",
    "60 RIVERSIDE",
)
LIGHT = ("white", "silver", "yellow", "beige")  # colour groups on which light letters are not seen
COLORS = ("#12305c", "#8c1a1f", "#1d5a34", "#1b1c1e", "#c8641a", "#e4e5e3")
_ROWS, _COLUMNS = 128, 512  # of one name in the atlas, which has room for 16


@cache
def _atlas() -> Texture:
    import cv2

    image = np.zeros((_ROWS * 16, _COLUMNS), np.uint8)
    for k, (name, line) in enumerate(_NAMES):
        tile = np.zeros((4 * _ROWS, 4 * _COLUMNS), np.uint8)
        font = cv2.FONT_HERSHEY_DUPLEX if k % 2 == 0 else cv2.FONT_HERSHEY_TRIPLEX
        (wide, high), _ = cv2.getTextSize(name, font, 10.0, 36)
        scale = 10.0 * min(0.92 * tile.shape[1] / wide, 300 / high)
        cv2.putText(tile, name, (60, 330), font, scale, 255, int(3.4 * scale), cv2.LINE_AA)
        cv2.putText(tile, line, (70, 470), cv2.FONT_HERSHEY_SIMPLEX, 3.2, 255, 10, cv2.LINE_AA)
        image[k * _ROWS : (k + 1) * _ROWS] = cv2.resize(tile, (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA)
    return Texture("lettering", np.dstack([np.full((*image.shape, 3), 255, np.uint8), image]), cutout=True)


def _tile(name: str) -> tuple[float, float]:
    """Lower and upper texture coordinate of a name's row in the atlas."""
    k = [each for each, _ in _NAMES].index(name)
    return 1.0 - (k + 1) / 16, 1.0 - k / 16


@cache
def _foil(color: str) -> Material:
    return Material(f"foil {color}", as_rgb(np.array(srgb(color))), _atlas(), roughness=0.35, reflectance_905=0.4)


def lettered(
    x: float,
    half_width: float | Callable[[float, float], float],
    z: float,
    room: tuple[float, float],
    rng: np.random.Generator,
    joint: int = -1,
    rear: tuple[float, float] | None = None,
    name: str = "",
    color: str = COLORS[-1],
    ground: str = "white",
    cuts: Sequence[float] = (),
) -> Body:
    """A name on both sides, centred at (x, z) on walls, as large as `room` allows (m).

    Args:
        half_width: of flat walls, or that at (x, z) of curved ones.
        joint: what the walls hang on. rear: (x, z) of the name on the doors behind, if there are any.
        name, color: one of SERVICES or COACHES, and its colour; otherwise a firm in a colour of its own.
        ground: colour group of the walls, for letters that stand out from them.
        cuts: x at which the foil is cut.
    """
    if not name:
        name, dark = FIRMS[int(rng.integers(len(FIRMS)))][0], str(rng.choice(COLORS[:-1]))
        color = dark if ground in LIGHT else COLORS[-1]
    length = min(room[0], 4.0 * room[1])
    low, high = _tile(name)
    share = np.linspace(0.0, 1.0, 5 if callable(half_width) else 2)
    at_cuts = [u for cut in cuts if 0.0 < (u := (cut - x) / length + 0.5) < 1.0]
    sides: list[Mesh] = []
    for sign in (1.0, -1.0):  # text runs to the right
        along = np.union1d(share, [u if sign < 0 else 1.0 - u for u in at_cuts])[::-1].tolist()
        points = [
            [[x - sign * (u - 0.5) * length, 0.0, z + (v - 0.5) * length / 4] for u in along] for v in share.tolist()
        ]
        for px in (p for row in points for p in row):
            px[1] = sign * ((half_width(px[0], px[2]) if callable(half_width) else half_width) + 0.004)
        uv = [[[u, low + v * (high - low)] for u in along] for v in share.tolist()]
        sides.append(patch(points, 0, uv=uv))
    if rear is not None:
        at, up = rear
        length = min(1.4 * float(half_width), length) if not callable(half_width) else length
        points = [[[at, -length / 2, up + s * length / 8], [at, length / 2, up + s * length / 8]] for s in (-1.0, 1.0)]
        sides.append(patch(points, 0, uv=[[[1.0, low], [0.0, low]], [[1.0, high], [0.0, high]]]))
    return Body(merge(sides), (_foil(color),), joint)


def foil_name(points: ArrayLike, name: str, color: str) -> Body:
    """A name of the atlas on a grid of points (R, C, 3): rows from below, columns from right to left as it is read."""
    grid = np.asarray(points, np.float64)
    low, high = _tile(name)
    uv = [[[u, v] for u in np.linspace(1.0, 0.0, grid.shape[1])] for v in np.linspace(low, high, grid.shape[0])]
    return Body(patch(grid, 0, uv=uv), (_foil(color),))


def sign_lettering(service: str, x: float, half_depth: float, z: float, height: float) -> Body:
    """One of SERVICES in black on the front and the back of a sign across the roof, centred at (x, 0, z)."""
    low, high = _tile(service)
    low, high = low + 0.15 / 16, high - 0.02 / 16
    used = 0.06 * len(service) + 0.08  # of the row in the atlas, whose letters are flush left
    length = height * used * (_COLUMNS / _ROWS) / 0.83
    faces: list[Mesh] = []
    for sign in (1.0, -1.0):
        points = [
            [[x + sign * half_depth, sign * (u - 0.5) * length, z + v * height] for u in (1.0, 0.0)]
            for v in (-0.5, 0.5)
        ]
        faces.append(patch(points, 0, uv=[[[used, at], [0.0, at]] for at in (low, high)]))
    return Body(merge(faces), (_foil(COLORS[3]),))


SIGN = Material(
    "destination sign",
    (0.5, 0.3, 0.05),
    roughness=0.6,
    emission_cd_m2=(1_600.0, 780.0, 60.0),
    reflectance_905=0.3,
)


@cache
def destination_sign(text: str, width_cm: int) -> Mesh:
    """Dot-matrix lettering that faces +x, at most so wide: one quad for each run of lit dots, 2 cm pitch."""
    import cv2

    bitmap = np.zeros((12, 160), np.uint8)
    cv2.putText(bitmap, text, (2, 11), cv2.FONT_HERSHEY_PLAIN, 0.9, 255, 1, cv2.LINE_8)
    lit = np.pad(bitmap > 100, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(lit, axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1]
    pitch = min(0.02, width_cm / 100 / max(int(ends.max()) + 2, 1))
    # Seen from the front, +y is on the right: text runs toward +y.
    y0, y1 = (starts * pitch - width_cm / 200, ends * pitch - width_cm / 200)
    z0 = (6 - rows) * pitch
    quad = np.stack(
        [
            np.stack([np.zeros(len(rows)), y, z], 1)
            for y, z in ((y0, z0 - 0.85 * pitch), (y1, z0 - 0.85 * pitch), (y1, z0), (y0, z0))
        ],
        1,
    )
    base = 4 * np.arange(len(rows))[:, None]
    faces = np.concatenate([base + [0, 1, 2], base + [0, 2, 3]])
    return Mesh.of(quad.reshape(-1, 3), faces)
