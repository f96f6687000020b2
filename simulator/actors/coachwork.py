"""Car bodies as two shells of horizontal rings: a tub (bumpers, doors, wings, bonnet, boot) and a greenhouse on it.

A ring is a closed line round the car at one level. Its left half is listed from the middle of the front round the
left side to the middle of the rear; the right half is its mirror image. Levels `f` run from 0 (bottom edge) to 1
(shoulder line). The surface is a function of (f, position), so wheel arches are cut by raising the lowest level to the
arch: a true opening. Lids (bonnet, boot, roof) connect each point of the top ring with its mirror image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from simulator.actors.shape import F64, curve, mirrored, patch
from simulator.numerics import se3
from simulator.scene.mesh import Mesh


class Slot(IntEnum):
    """Material slots of a car body."""

    PAINT = 0
    GLASS = 1
    PRIVACY = 2
    TRIM = 3
    GLOSS = 4
    GAP = 5
    UNDER = 6
    CHROME = 7
    LAMP = 8
    LOW_BEAM = 9
    DAY = 10
    TAIL = 11
    BRAKE = 12
    REVERSE = 13
    LEFT = 14
    RIGHT = 15
    SEAT = 16
    GRILLE = 17
    PLATE = 18
    MIRROR = 19
    REFLECTOR = 20
    SKIN = 21
    LAMP_DARK = 22
    BEACON = 23
    SECOND = 24  # second colour of the body: cladding, stripe, two-tone roof
    FOG_FRONT = 25
    FOG_REAR = 26
    ALUMINIUM = 27  # unpolished: drop sides, headboards, rails
    CABIN = 28  # strips of light over passengers
    TAPE = 29  # retro-reflective: yellow contour lines and rear marking plates
    MARKER = 30  # front end-outline marker lamps
    SEAM = 31  # between panels of the first colour of heavy vehicles, and of the second: see `finishes.FAINT_TONE`
    SEAM_SECOND = 32


@dataclass(frozen=True, slots=True)
class Lines:
    """The design of one car: metres in the vehicle frame (x forward from the rear axle, z up from the ground).

    Attributes:
        length, width, height, wheelbase, front_overhang: outer dimensions (without mirrors).
        bottom_z: height of the sills.
        tyre_radius, arch_radius: of the wheels and of the openings above them.
        nose_z, cowl_z, deck_z, tail_z: height in the middle of bonnet front, windscreen base, rear window base, tail.
        cowl_x: windscreen base in the middle; its corners lie `screen_sweep` further back.
        header_x: top of the windscreen in the middle.
        rear_top_x, rear_base_x: top and base of the rear window in the middle.
        belt_half, roof_half: half width at the window base and at the roof rails.
        roof_drop_front, roof_drop_rear: how far the roof's ends lie below its highest point.
        b_pillar_x, c_pillar_x: pillar positions at the window base; c_pillar_x is the end of the rear doors' glass.
        d_window: whether a third side window follows (estate, SUV).
        slide_m: length of doors that slide behind the front ones; 0: rear doors turn and reach to the wheels.
        nose_power, tail_power: superellipse exponents of front and rear corners in plan (2 round, 4 square).
        nose_rake, tail_rake: how far the shoulder level lies behind the bumper, at the front and the rear.
        nose_dip, tail_dip: how far lines across nose and tail sink toward the middle, in levels.
        nose_lean, tail_lean: slant of upright edges there (lamps, grille), shares of the half width per level.
        shoulder: half width at the shoulder line as a share of the largest (cars 0.94, vans nearly 1).
        crease: depth of the line along the doors.
        cladding: unpainted arches and sills.
    """

    length: float
    width: float
    height: float
    wheelbase: float
    front_overhang: float
    bottom_z: float
    tyre_radius: float
    arch_radius: float
    nose_z: float
    cowl_z: float
    deck_z: float
    tail_z: float
    cowl_x: float
    screen_sweep: float
    header_x: float
    rear_top_x: float
    rear_base_x: float
    belt_half: float
    roof_half: float
    roof_drop_front: float
    roof_drop_rear: float
    b_pillar_x: float
    c_pillar_x: float
    d_window: bool
    slide_m: float
    nose_power: float
    tail_power: float
    nose_rake: float
    tail_rake: float
    nose_dip: float
    tail_dip: float
    nose_lean: float
    tail_lean: float
    shoulder: float
    crease: float
    cladding: bool

    @property
    def nose_x(self) -> float:
        """Foremost point."""
        return self.wheelbase + self.front_overhang

    @property
    def rear_door_x(self) -> float:
        """Rear end of the rear doors, which end before the wheels."""
        longest = self.arch_radius + 0.05
        return max(longest, self.b_pillar_x - 0.02 - self.slide_m) if self.slide_m else longest

    @property
    def tail_x(self) -> float:
        """Rearmost point."""
        return self.nose_x - self.length


LEVELS = np.array([0.0, 0.04, 0.10, 0.116, 0.25, 0.38, 0.50, 0.61, 0.72, 0.82, 0.91, 1.0])
FRONT_Y = np.array([0.0, 0.16, 0.31, 0.45, 0.57, 0.69, 0.79, 0.88, 0.95, 0.988, 1.0])
REAR_Y = np.array([0.0, 0.2, 0.38, 0.54, 0.66, 0.77, 0.87, 0.95, 0.988, 1.0])
GAP_M = 0.011  # drawn width of seams: see `finishes.seam`
SEAM_M = 0.024  # and of those of heavy vehicles, which are seen from afar: a pixel of a preview at 15 m


@dataclass(frozen=True, slots=True, eq=False)
class Tub:
    """The lower shell as a grid: (L, C, 3) left half ring points, and where its columns are.

    Attributes:
        points: rings by level.
        lid: (C, M, 3) lines across bonnet, cabin floor line and boot, from left to right.
        front, side, rear: number of columns in each part.
        side_x: nominal x of the side columns.
        gaps: side cells that are door gaps.
        doors: side cells that belong to doors.
        arches: side cells that are wheel arches.
    """

    points: F64
    lid: F64
    front: int
    side: int
    rear: int
    side_x: F64
    gaps: NDArray[np.bool_]
    doors: NDArray[np.bool_]
    arches: NDArray[np.bool_]

    def front_cell(self, level: float, y: float) -> tuple[int, int]:
        """(row, column) of the front cell at a level and a share of the half width."""
        return _cell(LEVELS, level), _cell(FRONT_Y, y)

    def rear_cell(self, level: float, y: float) -> tuple[int, int]:
        """(row, column) of the rear cell at a level and a share of the half width."""
        column = self.front + self.side + (self.rear - 2 - _cell(REAR_Y, y))
        return _cell(LEVELS, level), column

    def at(self, row: int, column: int) -> tuple[F64, F64]:
        """Centre and outward unit normal of a cell of the left half."""
        quad = self.points[row : row + 2, column : column + 2]
        along, up = quad[:, 1] - quad[:, 0], quad[1] - quad[0]
        normal = se3.cross(along.mean(0), up.mean(0))
        return quad.mean((0, 1)), normal / np.linalg.norm(normal)


def _cell(edges: F64, value: float) -> int:
    return int(np.clip(np.searchsorted(edges, value, "right") - 1, 0, len(edges) - 2))


def tub(d: Lines) -> Tub:
    """Lower shell of a car."""
    side_x, gaps, doors, arches = _side_columns(d)
    front, rear = len(FRONT_Y) - 1, len(REAR_Y) - 1  # the corner itself belongs to the side
    x_front, x_rear = side_x[0], side_x[-1]
    # Position of every column on the ground plan: y share and how far round the nose (0..1) or the tail.
    level = LEVELS[:, None]
    low = np.concatenate([np.zeros(front), _arch_level(d, side_x), np.zeros(rear)])[None]
    keep = np.minimum(0.96, np.where(low > 0.01, np.maximum(low + 0.06, 0.66), 1e-6))
    f = np.where(level < keep, low + (keep - low) * level / keep, level)

    y_share = np.concatenate([FRONT_Y[:-1], np.ones(len(side_x)), REAR_Y[:-1][::-1]])
    nose_part, tail_part = np.arange(f.shape[1]) < front, np.arange(f.shape[1]) >= front + len(side_x)
    # Lines across nose and tail dip toward the middle, and edges of lamps and grille lean.
    window = np.clip(f, 0, 1) ** 2 * (1 - f) * 6.75
    f = f - (1 - y_share**2) * window * (d.nose_dip * nose_part + d.tail_dip * tail_part)
    lean = np.clip(f - 0.72, -0.22, 0.22) * 4 * y_share * (1 - y_share)
    y_share = np.clip(y_share + lean * (d.nose_lean * nose_part + d.tail_lean * tail_part), 0.0, 1.0)

    width = d.width / 2 * _side_profile(d, f)
    nose = d.nose_x - x_front - d.nose_rake * _nose_profile(f)
    tail = x_rear - d.tail_x - d.tail_rake * _tail_profile(f)
    x = np.where(
        nose_part,
        x_front + nose * (1 - y_share**d.nose_power) ** (1 / d.nose_power),
        x_rear - tail * (1 - y_share**d.tail_power) ** (1 / d.tail_power),
    )
    x[:, front : front + len(side_x)] = side_x
    y = y_share * width * _plan(d, x)
    z = d.bottom_z + _underlift(d, x)
    shoulder = _deck_z(d, x) - 0.05
    z = z + f * (shoulder - z)
    y = y + _flare(d, x, z, y_share)
    points = np.stack([x, y, z], -1)
    return Tub(points, _lid(points[-1]), front, len(side_x), rear, side_x, gaps, doors, arches)


def _side_columns(d: Lines) -> tuple[F64, NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """x of the side columns from front to rear, and which of their cells are gaps, doors and arches."""
    angle = np.radians([0, 16, 36, 58, 79, 101, 122, 144, 164, 180])
    arch = d.arch_radius * np.cos(angle)
    edge = d.arch_radius + 0.004
    front_arch = d.wheelbase + np.concatenate([[edge], arch, [-edge]])
    rear_arch = np.concatenate([[edge], arch, [-edge]])
    door_front = d.wheelbase - d.arch_radius - 0.13
    cuts = [door_front, d.b_pillar_x - 0.02, d.rear_door_x]
    between: list[float] = []
    gap_at: list[int] = []
    for i, cut in enumerate(cuts):
        gap_at.append(len(between))
        between += [cut + GAP_M / 2, cut - GAP_M / 2]
        if i < 2:
            between += list(np.linspace(cut, cuts[i + 1], 3)[1:-1])
        elif cut - edge > 0.3:  # the wall behind a sliding door
            between.append((cut + edge) / 2)
    x = np.concatenate([[d.wheelbase + edge + 0.03], front_arch, between, rear_arch, [-edge - 0.03]])
    cells = len(x) - 1
    gaps, doors, arches = (np.zeros(cells, bool) for _ in range(3))
    base = 1 + len(front_arch)
    for k in gap_at:
        gaps[base + k] = True
    doors[base + gap_at[0] : base + gap_at[-1] + 1] = True
    arches[1 : len(front_arch)] = True
    arches[base + len(between) : base + len(between) + len(rear_arch) - 1] = True
    return x, gaps, doors, arches


def _arch_level(d: Lines, x: F64) -> F64:
    """Level of the lowest ring at side columns x: 0, or the wheel arch."""
    low = np.zeros(len(x))
    for wheel in (d.wheelbase, 0.0):
        inside = np.abs(x - wheel) <= d.arch_radius + 1e-6
        rise = np.sqrt(np.maximum(d.arch_radius**2 - (x - wheel) ** 2, 0.0))
        z = d.tyre_radius + rise
        bottom = d.bottom_z + _underlift(d, x)
        level = (z - bottom) / (_deck_z(d, x) - 0.05 - bottom)
        low = np.where(inside, np.minimum(level, 0.93), low)
    return low


_PROFILE_F = [0.0, 0.04, 0.10, 0.25, 0.38, 0.50, 0.61, 0.72, 0.82, 0.91, 1.0]


@cache
def _profile(*values: float) -> Callable[[F64], F64]:
    return curve(_PROFILE_F, values)


def _side_profile(d: Lines, f: F64) -> F64:
    """Half width as a share of the largest, by level: tucked sill, bulging doors, a crease, leaning shoulder."""
    base = _profile(0.90, 0.945, 0.966, 0.970, 0.974, 0.982, 0.992, 1.0, 0.994, 0.974, 0.938)(f)
    base = base + (d.shoulder - 0.938) * np.clip((f - 0.72) / 0.28, 0, 1) ** 1.5
    groove = d.crease * np.exp(-(((f - 0.55) / 0.11) ** 2)) / (d.width / 2)
    return base - groove


def _nose_profile(f: F64) -> F64:
    """How far the front lies behind the bumper, as a share of the rake, by level."""
    return _profile(0.45, 0.15, 0.04, 0.0, 0.02, 0.06, 0.12, 0.20, 0.32, 0.55, 1.0)(f)


def _tail_profile(f: F64) -> F64:
    """How far the rear lies before the bumper, as a share of the rake, by level."""
    return _profile(1.1, 0.55, 0.25, 0.02, 0.0, 0.16, 0.44, 0.48, 0.52, 0.62, 1.0)(f)


def _plan(d: Lines, x: F64) -> F64:
    """Taper of the body toward its ends in plan: widest between the axles."""
    middle = d.wheelbase * 0.45
    front = np.clip((x - middle) / (d.nose_x - middle), 0, 1)
    rear = np.clip((middle - x) / (middle - d.tail_x), 0, 1)
    return np.asarray(1.0 - 0.035 * front**2.2 - 0.045 * rear**2.4)


def _underlift(d: Lines, x: F64) -> F64:
    """Rise of the lower edge toward both ends (approach and departure angles)."""
    front = np.clip((x - d.wheelbase - d.arch_radius) / (d.front_overhang - d.arch_radius), 0, 1)
    rear = np.clip((-d.arch_radius - x) / (-d.arch_radius - d.tail_x), 0, 1)
    return np.asarray(0.02 * front + 0.07 * rear)


def _flare(d: Lines, x: F64, z: F64, y_share: F64) -> F64:
    """Outward lip round the wheel openings."""
    out = np.zeros_like(x)
    for wheel in (d.wheelbase, 0.0):
        distance = np.hypot(x - wheel, z - d.tyre_radius) - d.arch_radius
        out += 0.012 * np.exp(-((distance / 0.05) ** 2)) * (y_share > 0.999)
    return out


def _deck_z(d: Lines, x: F64) -> F64:
    """Height of the middle line of bonnet, window base and boot."""
    return _deck(d)(x)


@lru_cache(maxsize=8)
def _deck(d: Lines) -> Callable[[F64], F64]:
    nose, tail = d.nose_x - d.nose_rake, d.tail_x + d.tail_rake
    return curve(
        [
            d.nose_x,
            nose,
            nose - 0.22,
            (nose + d.cowl_x) / 2,
            d.cowl_x,
            d.b_pillar_x,
            d.rear_base_x,
            tail + 0.02,
            d.tail_x,
        ],
        [
            d.nose_z - 0.02,
            d.nose_z,
            d.nose_z + 0.062,
            d.nose_z + 0.62 * (d.cowl_z - d.nose_z) + 0.02,
            d.cowl_z,
            0.55 * d.cowl_z + 0.45 * d.deck_z,
            d.deck_z,
            d.tail_z,
            d.tail_z - 0.02,
        ],
    )


LID_Q = np.array([0.0, 0.30, 0.58, 0.80, 0.8125, 0.92, 1.0])


def _lid(ring: F64) -> F64:
    """(C, M, 3) lines from each point of the shoulder ring to its mirror image."""
    q = np.concatenate([LID_Q[::-1], -LID_Q[1:]])
    x = np.repeat(ring[:, :1], len(q), 1)
    y = ring[:, 1:2] * q
    return np.stack([x, y, _lid_z(ring, x, y)], -1)


def _lid_z(ring: F64, x: F64, y: F64) -> F64:
    """Height of bonnet, window sill and boot at (x, y): it swells from the shoulder ring inward."""
    edge_y = np.interp(-x, -ring[:, 0], ring[:, 1])
    edge_z = np.interp(-x, -ring[:, 0], ring[:, 2])
    swell = np.ones_like(x)
    for distance in (edge_y - np.abs(y), ring[0, 0] - x, x - ring[-1, 0]):
        swell = swell * (1 - np.exp(-np.maximum(distance, 0.0) / 0.07))
    return np.asarray(edge_z + swell * (0.07 - 0.02 * (y / np.maximum(edge_y, 0.05)) ** 2))


@dataclass(frozen=True, slots=True, eq=False)
class Greenhouse:
    """Windows, pillars and roof: (5 or so, C, 3) left half rings and the roof's lines across."""

    points: F64
    lid: F64
    slots: NDArray[np.int64]
    columns: int
    screen: F64
    rear: F64


HEIGHTS = np.array([0.0, 0.045, 0.33, 0.62, 0.885, 1.0])
SCREEN_Y = np.array([0.0, 0.3, 0.6, 0.82, 0.915, 0.97, 1.0])
LONGEST_PANE_M = 1.6  # longer ones behind the rear doors are divided
ROOF_Q = np.array([0.0, 0.3, 0.58, 0.82, 1.0])


def greenhouse(d: Lines, ring: F64, rear_glass: int = Slot.GLASS, roof: int = Slot.PAINT) -> Greenhouse:
    """Upper shell of a car, standing on the lid over the shoulder `ring`."""
    g = HEIGHTS[:, None]
    corner_base, corner_top = d.cowl_x - d.screen_sweep, d.header_x - 0.10
    rear_sweep = 0.10
    end_base, end_top = d.rear_base_x + rear_sweep, d.rear_top_x + 0.06
    base, top, slots = _side_stations(d, corner_base, corner_top, end_base, end_top, rear_glass)
    n_front, n_side = len(SCREEN_Y) - 1, len(base)
    share = np.concatenate([SCREEN_Y[:-1], np.ones(n_side), SCREEN_Y[:-1][::-1]])
    bow = 1 - share**2.0
    x_base = np.concatenate([np.full(n_front, corner_base), base, np.full(n_front, end_base)])
    x_top = np.concatenate([np.full(n_front, corner_top), top, np.full(n_front, end_top)])
    x_base[:n_front] += d.screen_sweep * bow[:n_front]
    x_base[-n_front:] -= rear_sweep * bow[-n_front:]
    x_top[:n_front] += 0.10 * bow[:n_front]
    x_top[-n_front:] -= 0.06 * bow[-n_front:]
    x = x_base + (x_top - x_base) * g
    bulge = 4 * g * (1 - g)
    x[:, :n_front] += 0.018 * bulge
    x[:, -n_front:] -= 0.012 * bulge
    y_base = d.belt_half * _plan(d, x_base) ** 1.6
    y_top = roof_half(d, x_top)
    y = share * (y_base + (y_top - y_base) * g + 0.028 * bulge)
    z_base = _lid_z(ring, x_base, share * y_base) - 0.006
    z_top = roof_z(d, x_top, share)
    z = z_base + (z_top - z_base) * g
    points = np.stack([x, y, z], -1)
    rows = len(HEIGHTS) - 1
    grid = np.full((rows, points.shape[1] - 1), int(Slot.PAINT))
    pane = slice(1, rows - 1)
    screen_cells = int(np.searchsorted(SCREEN_Y, 0.90))
    grid[pane, :screen_cells] = Slot.GLASS
    grid[0, :screen_cells] = Slot.GLOSS
    grid[pane, -screen_cells:] = rear_glass
    for k, slot in enumerate(slots):
        column = n_front + k
        grid[pane, column] = slot
        if slot in (Slot.GLASS, Slot.PRIVACY, Slot.GLOSS):
            grid[0, column] = Slot.GLOSS
    if roof != Slot.PAINT:
        grid[rows - 1] = roof
    q = np.concatenate([ROOF_Q[::-1], -ROOF_Q[1:]])
    ring = points[-1]
    xl = np.repeat(ring[:, :1], len(q), 1)
    yl = ring[:, 1:2] * q
    lid = np.stack([xl, yl, roof_z(d, xl, np.abs(yl) / roof_half(d, xl))], -1)
    return Greenhouse(points, lid, grid, points.shape[1], points[:, :n_front], points[:, -n_front:])


def roof_half(d: Lines, x: F64) -> F64:
    """Half width of the roof at x."""
    middle = (d.header_x + d.rear_top_x) / 2
    span = max(d.header_x - middle, 0.3)
    return np.asarray(d.roof_half * (1 - 0.045 * np.clip(np.abs(x - middle) / span, 0, 1.3) ** 2))


def roof_z(d: Lines, x: F64, share: F64) -> F64:
    """Height of the roof at x and a share of its half width."""
    return np.asarray(_roof_line(d)(x) - 0.055 * np.clip(share, 0, 1) ** 2.6)


@lru_cache(maxsize=8)
def _roof_line(d: Lines) -> Callable[[F64], F64]:
    length = d.header_x - d.rear_top_x
    return curve(
        [d.header_x, d.header_x - 0.3 * length, d.header_x - 0.45 * length, d.rear_top_x + 0.2 * length, d.rear_top_x],
        [
            d.height - d.roof_drop_front,
            d.height - 0.14 * d.roof_drop_front,
            d.height,
            d.height - 0.30 * d.roof_drop_rear,
            d.height - d.roof_drop_rear,
        ],
    )


def _side_stations(
    d: Lines, corner_base: float, corner_top: float, end_base: float, end_top: float, rear_glass: int
) -> tuple[F64, F64, list[int]]:
    """Side columns of the greenhouse: x at the window base and at the roof, and the slot of each cell."""

    def _top_of(x: float, lean: float) -> float:
        return float(np.clip(x - lean, end_top + 0.02, corner_top - 0.02))

    b, c = d.b_pillar_x, d.c_pillar_x
    stations: list[tuple[float, float, int]] = [
        (corner_base, corner_top, Slot.PAINT),
        (corner_base - 0.055, corner_top - 0.075, Slot.GLASS),
        ((corner_base + b) / 2, (corner_top + _top_of(b, 0.06)) / 2, Slot.GLASS),
        (b + 0.045, _top_of(b + 0.03, 0.06), Slot.GLOSS if rear_glass != Slot.PAINT else Slot.PAINT),
        (b - 0.045, _top_of(b - 0.045, 0.06), rear_glass),
        ((b + c) / 2, (_top_of(b, 0.06) + _top_of(c, -0.10 if not d.d_window else 0.06)) / 2, rear_glass),
    ]
    if d.d_window:
        end, post = end_base + 0.17, Slot.GLOSS if rear_glass != Slot.PAINT else Slot.PAINT
        for x in (c, (c + end) / 2)[: 1 + (c - end > LONGEST_PANE_M)]:
            stations += [
                (x + 0.03, _top_of(x + 0.02, 0.06), post),
                (x - 0.05, _top_of(x - 0.05, 0.06), rear_glass),
            ]
        stations.append((end, end_top + 0.16, Slot.PAINT))
    else:
        stations += [
            (c, max(end_top + 0.10, c + 0.12 if c < 0.2 else c), Slot.PAINT),
        ]
    stations += [(end_base, end_top, Slot.PAINT)]
    base = np.array([s[0] for s in stations])
    top = np.array([s[1] for s in stations])
    return base, np.minimum.accumulate(top), [int(s[2]) for s in stations[:-1]]


TEXTURED = (Slot.GRILLE, Slot.TAIL, Slot.BRAKE, Slot.REVERSE, Slot.LEFT, Slot.RIGHT, Slot.LAMP, Slot.LAMP_DARK)
TEXTURE_M = 0.1  # one repeat of their textures


def shell_meshes(points: F64, left: NDArray[np.int64], right: NDArray[np.int64]) -> list[Mesh]:
    """Left and right half of a shell by their slots; left-hand lamps become right-hand ones on the right."""
    out = []
    for side, cells in (("left", left), ("right", right)):
        textured = np.isin(cells, TEXTURED)
        meshes = [patch(points, np.where(textured, -1, cells), flip=True)]
        if textured.any():
            meshes.append(patch(points, np.where(textured, cells, -1), uv=points[..., 1:] / TEXTURE_M, flip=True))
        out += [opposite(mesh) for mesh in meshes] if side == "right" else meshes
    return out


def opposite(mesh: Mesh) -> Mesh:
    """The mirror image on the right of what is on the left, whose left-hand indicators become right-hand ones."""
    image = mirrored(mesh)
    return replace(image, slots=np.where(image.slots == Slot.LEFT, np.int32(Slot.RIGHT), image.slots))
