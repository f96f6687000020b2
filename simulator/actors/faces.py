"""Faces and tails of cars: which cells of the body are grille, intakes, lamps, trim; and the materials of a body."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from simulator.actors import finishes
from simulator.actors.coachwork import FRONT_Y, GAP_M, LEVELS, REAR_Y, Lines, Slot, Tub, opposite
from simulator.actors.fittings import on_surface, round_lamp
from simulator.actors.plates import plate_material
from simulator.actors.shape import both, pipe, ribbon, rounded_box
from simulator.scene import Material, Mesh, Texture
from simulator.scene.noise import to_srgb8

Cells = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Face:
    """The design of nose and tail.

    Levels are those of the body's rings, `y` values shares of the half width; `tail_reach` is how far forward from the
    rear end the tail lamps wrap round its corners, in metres: corners themselves are up to 0.7 m long.
    """

    style: str
    grille_half: float
    grille_low: float
    grille_high: float
    closed: bool
    lamp_inner: float
    lamp_low: float
    lamp_high: float
    lamp_slot: int
    day_strip: bool
    intake_half: float
    vents: bool
    chrome: bool
    tail_inner: float
    tail_low: float
    tail_high: float
    tail_reach: float
    light_bar: bool
    cladding: bool

    @staticmethod
    def draw(style: str, rng: np.random.Generator, cladding: bool = False) -> Face:
        """A random design that suits the body style."""
        tall = style in ("suv", "pickup", "van")
        big = bool(rng.random() < (0.55 if tall else 0.3))
        half = float(rng.choice([0.31, 0.45, 0.57])) if big else float(rng.choice([0.45, 0.57]))
        return Face(
            style=style,
            grille_half=half,
            grille_low=0.38 if big else float(rng.choice([0.61, 0.72])),
            grille_high=0.91,
            closed=bool(not big and rng.random() < 0.2),
            lamp_inner=0.57 if half < 0.5 and rng.random() < 0.6 else 0.69,
            lamp_low=float(rng.choice([0.61, 0.72, 0.72])),
            lamp_high=0.91,
            lamp_slot=int(Slot.LAMP_DARK if rng.random() < 0.5 else Slot.LAMP),
            day_strip=bool(rng.random() < 0.6),
            intake_half=float(rng.choice([0.57, 0.69, 0.79])),
            vents=bool(rng.random() < 0.6),
            chrome=bool(rng.random() < 0.4),
            tail_inner=float(rng.choice([0.38, 0.54, 0.66])) if style not in ("pickup", "van") else 0.77,
            tail_low=0.61
            if style == "van"
            else float(rng.choice([0.50, 0.61, 0.61, 0.72]))
            if style != "sedan"
            else float(rng.choice([0.61, 0.72])),
            tail_high=0.91,
            tail_reach=0.36 if rng.random() < 0.3 else 0.24,
            light_bar=bool(rng.random() < 0.15 and style != "van"),
            cladding=cladding,
        )

    @property
    def front_plate(self) -> float:
        """Level of the front plate."""
        return 0.40

    @property
    def rear_plate(self) -> float:
        """Level of the rear plate."""
        return 0.52 if self.style in ("sedan", "hatchback") and self.tail_low > 0.55 else 0.40

    def tub_slots(self, d: Lines, t: Tub) -> Cells:
        """(rows, columns) material slots of the left half of the lower shell."""
        rows, columns = len(LEVELS) - 1, t.points.shape[1] - 1
        out = np.full((rows, columns), int(Slot.PAINT), np.int64)
        level = (LEVELS[:-1] + LEVELS[1:])[:, None] / 2
        nose = np.full(columns, 2.0)
        nose[: t.front] = (FRONT_Y[:-1] + FRONT_Y[1:]) / 2
        tail = np.full(columns, 2.0)
        tail[columns - t.rear :] = ((REAR_Y[:-1] + REAR_Y[1:]) / 2)[::-1]
        side = np.zeros(columns, bool)
        side[t.front : t.front + t.side - 1] = True
        gaps, doors, arches = (np.zeros(columns, bool) for _ in range(3))
        gaps[side], doors[side], arches[side] = t.gaps, t.doors, t.arches

        out[0] = Slot.TRIM
        if d.cladding:
            out[:3] = Slot.TRIM
            out[3, side & ~arches] = Slot.TRIM
            out[3:5, arches] = Slot.TRIM
            out[3, (tail < 1) | (nose < 1)] = Slot.TRIM
        out[(level > 0.11) & gaps] = Slot.GAP
        out[2, doors] = Slot.GAP

        def _fill(where: NDArray[np.bool_], slot: int) -> None:
            out[where] = slot

        # Nose: lower intake, corner vents, grille, lamps.
        _fill((level > 0.116) & (level < 0.38) & (nose < self.intake_half), Slot.GRILLE)
        if self.vents:
            _fill((level > 0.116) & (level < 0.25) & (nose > 0.69) & (nose < 0.95), Slot.GLOSS)
        if not self.closed:
            _fill((level > self.grille_low) & (level < self.grille_high) & (nose < self.grille_half), Slot.GRILLE)
        lamp = (level > self.lamp_low) & (level < self.lamp_high)
        _fill(lamp & (nose > self.lamp_inner) & (nose < 1), self.lamp_slot)
        out[:, t.front][lamp[:, 0]] = self.lamp_slot
        # Tail: lamps with brake, indicator and reversing parts; diffuser.
        lamp = (level > self.tail_low) & (level < self.tail_high)
        behind = t.points[int(np.searchsorted(LEVELS, 0.72)), :-1, 0] < d.tail_x + d.tail_rake + self.tail_reach
        _fill(lamp & (tail > self.tail_inner) & (tail < 1) & behind, Slot.TAIL)
        _fill((level > 0.82) & (level < 0.91) & (tail > max(0.66, self.tail_inner)) & (tail < 1) & behind, Slot.BRAKE)
        split = max(self.tail_low, 0.61)
        _fill((level > split) & (level < split + 0.115) & (tail > 0.77) & (tail < 0.95), Slot.LEFT)
        _fill(
            (level > split) & (level < split + 0.115) & (tail > max(self.tail_inner, 0.54)) & (tail < 0.77),
            Slot.REVERSE,
        )
        if self.light_bar:
            _fill((level > 0.82) & (level < 0.91) & (tail < self.tail_inner), Slot.TAIL)
        _fill((level < 0.25) & (tail < 0.8), Slot.TRIM)
        return out

    def details(self, t: Tub, lid: bool = True) -> list[Mesh]:
        """Lenses, daytime strips, chrome bar and badge; with a `lid` behind, also its badge and its lines."""
        parts = self._lenses(t)
        center, normal = t.at(*t.front_cell(0.18, 0.82))
        parts += both(on_surface(round_lamp(0.030, int(Slot.FOG_FRONT), int(Slot.TRIM)), center, normal))
        center, normal = t.at(*t.rear_cell(0.30, 0.82))
        parts += both(on_surface(rounded_box((0.13, 0.008, 0.032), slot=Slot.REFLECTOR), center, normal))
        center, normal = t.at(*t.rear_cell(0.18, 0.86))
        parts.append(
            on_surface(rounded_box((0.10, 0.012, 0.045), slot=Slot.FOG_REAR), center, normal)
        )  # one, on the left (UN R48)
        if self.day_strip:
            row = t.front_cell(self.lamp_low + 0.01, 0)[0]
            first = t.front_cell(0.5, self.lamp_inner + 0.01)[1]
            parts += both(pipe(t.points[row, first : t.front] + [0.002, 0, 0.006], 0.009, segments=4, slot=Slot.DAY))
        row = t.front_cell(self.lamp_high - 0.01, 0)[0] + 1  # indicators along the upper edge of the head lamps
        first = t.front_cell(0.5, max(0.79, self.lamp_inner) + 0.01)[1]
        turn = pipe(t.points[row, first : t.front] + [0.003, 0, -0.014], 0.011, segments=4, slot=Slot.LEFT)
        parts += [turn, opposite(turn), *self._shut_lines(t, lid), *_badges(t, lid)]
        if self.chrome and not self.closed:
            row = t.front_cell(0.90, 0)[0] + 1
            last = t.front_cell(0.5, self.grille_half - 0.01)[1] + 1
            parts += both(pipe(t.points[row, : last + 1] + [0.004, 0, -0.004], 0.010, segments=4, slot=Slot.CHROME))
        return parts

    def _lenses(self, t: Tub) -> list[Mesh]:
        """Two flush lenses in each head lamp, half way up."""
        row = int(np.argmin(np.abs(LEVELS - 0.5 * (self.lamp_low + self.lamp_high))))
        parts: list[Mesh] = []
        for share, radius in ((self.lamp_inner + 0.07, 0.038), (0.84, 0.033)):
            column = t.front_cell(0.5, share)[1]
            normal = t.at(row - 1, column)[1] + t.at(row, column)[1]
            lens = round_lamp(radius, int(Slot.LOW_BEAM), depth=0.004)
            parts += both(on_surface(lens, t.points[row, column : column + 2].mean(0), normal))
        return parts

    def _shut_lines(self, t: Tub, lid: bool) -> list[Mesh]:
        """Dark lines above the front bumper, and round the boot lid or tailgate if it is a `lid`."""
        tail = t.front + t.side
        row, high = int(np.searchsorted(LEVELS, 0.38)), len(LEVELS) - 1
        column = tail + (t.rear - 1 - int(np.searchsorted(REAR_Y, 0.66)))
        lines = [t.points[row, column:], t.points[row : high + 1, column]]
        nose = int(np.searchsorted(FRONT_Y, 0.95))
        lines.append(t.points[int(np.searchsorted(LEVELS, 0.91)), : nose + 1])
        outward = [[-1.0, 0, 0], [-1.0, 0.3, 0], [1.0, 0, 0]]
        first = 0 if lid else 2
        return [
            m for line, out in zip(lines[first:], outward[first:]) for m in both(ribbon(line, out, GAP_M, Slot.GAP))
        ]

    def lamp_z(self, t: Tub) -> float:
        """Height of the head lamps."""
        return float(t.at(*t.front_cell(0.78, 0.75))[0][2])

    def tail_z(self, t: Tub) -> float:
        """Height of the tail lamps."""
        return float(t.at(*t.rear_cell(0.75, 0.75))[0][2])


def _badges(t: Tub, behind: bool) -> list[Mesh]:
    """A round emblem of no maker in the middle of the nose, and `behind`."""
    parts = []
    for column, (row, cell) in ((0, t.front_cell(0.84, 0.0)), (-1, t.rear_cell(0.84, 0.0)))[: 1 + behind]:
        normal = t.at(row, cell)[1] * [1.0, 0.0, 1.0]
        emblem = round_lamp(0.036, int(Slot.GLOSS), depth=0.008)
        parts.append(on_surface(emblem, t.points[row : row + 2, column].mean(0), normal, lift=0.006))
    return parts


def lid_slots(d: Lines, t: Tub, style: str) -> Cells:
    """(columns, cells) slots of the lines across the shoulder: bonnet, hole under the greenhouse, boot."""
    columns, cells = t.lid.shape[0] - 1, t.lid.shape[1] - 1
    x = (t.lid[:-1, 0, 0] + t.lid[1:, 0, 0]) / 2
    out = np.full((columns, cells), int(Slot.PAINT), np.int64)
    gap = np.array([2, cells - 3])
    inner = slice(3, cells - 3)
    ends = (x > d.cowl_x) | ((x < d.rear_base_x) & (style == "sedan"))
    out[np.ix_(ends, gap)] = Slot.GAP
    screen = (x > d.cowl_x - d.screen_sweep - 0.05) & (x < d.cowl_x + 0.03)
    out[screen, inner] = Slot.TRIM
    cabin = (x > d.rear_base_x + 0.12) & (x < d.cowl_x - d.screen_sweep - 0.05)
    out[cabin, 1 : cells - 1] = -1
    if style == "pickup":
        bed = (x > d.tail_x + 0.21) & (x < d.rear_base_x - 0.02)
        out[bed, 3 : cells - 3] = -1
    return out


@cache
def _grille_texture() -> Texture:
    """Horizontal slats, 64 x 64, one repeat."""
    image = np.zeros((64, 64, 4), np.uint8)
    rows = (np.arange(64) % 16) < 6
    image[..., :3] = np.where(rows[:, None, None], 120, 26)
    image[..., 3] = 255
    return Texture("grille", image)


@cache
def _prism_texture() -> Texture:
    """Ribs and steps of a lamp's lens and of the reflector behind it, 64 x 64, one repeat; light at (0, 0)."""
    x, z = np.meshgrid(np.arange(64) / 64, np.arange(64)[::-1] / 64)
    ribs = 0.82 + 0.18 * np.cos(2 * np.pi * 10 * x)
    steps = 0.62 + 0.38 * np.abs(np.cos(2 * np.pi * 1.5 * z)) ** 0.7
    frame = np.where((z > 0.90) & (z < 0.97), 0.45, 1.0)
    return Texture("lamp prisms", to_srgb8(np.repeat((ribs * steps * frame)[..., None], 3, 2)))


def _behind_glass(lamp: Material, albedo: tuple[float, float, float]) -> Material:
    """A lamp seen through its lens while it is off."""
    return replace(lamp, albedo=albedo, texture=_prism_texture())


@cache
def _body_table() -> tuple[Material, ...]:
    f = finishes
    table = {
        Slot.PAINT: f.GLOSS_BLACK,
        Slot.GLASS: f.GLASS,
        Slot.PRIVACY: f.PRIVACY_GLASS,
        Slot.TRIM: f.PLASTIC,
        Slot.GLOSS: f.GLOSS_BLACK,
        Slot.GAP: f.GAP,
        Slot.UNDER: f.UNDERBODY,
        Slot.CHROME: f.CHROME,
        Slot.ALUMINIUM: f.ALUMINIUM,
        Slot.CABIN: f.CABIN_LIGHT,
        Slot.LAMP: replace(f.LAMP_BASE, texture=_prism_texture()),
        Slot.LOW_BEAM: f.LOW_BEAM_LENS,
        Slot.DAY: f.DAY_LAMP,
        Slot.TAIL: _behind_glass(f.TAIL_LAMP, (0.22, 0.007, 0.008)),
        Slot.BRAKE: _behind_glass(f.BRAKE_LAMP, (0.30, 0.010, 0.011)),
        Slot.REVERSE: _behind_glass(f.REVERSE_LAMP, (0.40, 0.37, 0.36)),
        Slot.LEFT: _behind_glass(f.INDICATOR_LEFT, (0.36, 0.13, 0.05)),
        Slot.RIGHT: _behind_glass(f.INDICATOR_RIGHT, (0.36, 0.13, 0.05)),
        Slot.SEAT: f.SEAT,
        Slot.GRILLE: Material("grille", (0.22, 0.22, 0.23), _grille_texture(), roughness=0.45, reflectance_905=0.05),
        Slot.PLATE: plate_material(),
        Slot.MIRROR: f.MIRROR,
        Slot.REFLECTOR: f.REFLECTOR,
        Slot.SKIN: f.SEAT,
        Slot.LAMP_DARK: replace(f.LAMP_DARK, texture=_prism_texture(), albedo=(0.05, 0.05, 0.053)),
        Slot.BEACON: f.BLUE_BEACON,
        Slot.SECOND: f.PLASTIC,
        Slot.FOG_FRONT: f.FOG_LAMP,
        Slot.FOG_REAR: f.REAR_FOG_LAMP,
        Slot.TAPE: f.CONTOUR_TAPE,
        Slot.MARKER: f.MARKER_LAMP,
        Slot.SEAM: f.GAP,
        Slot.SEAM_SECOND: f.GAP,
    }
    return tuple(table[slot] for slot in Slot)


def body_materials() -> list[Material]:
    """A fresh list of the standard materials of a vehicle body by Slot; set PAINT (and SECOND) in it."""
    return list(_body_table())
