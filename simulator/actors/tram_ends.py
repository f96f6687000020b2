"""Both ends of trams: windscreen, lamps, bumper, coupler below it or behind a flap, wiper, mirrors, destination."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulator.actors.cab_fronts import front_bar, front_panel, laid_on, on_front
from simulator.actors.coachwork import SEAM_M, Slot
from simulator.actors.fittings import round_lamp
from simulator.actors.hull import Hull
from simulator.actors.lettering import destination_sign
from simulator.actors.shape import block, both, patch, pipe, rounded_box, turned
from simulator.scene import Mesh

SIGN_Z = 0.845  # height of the destination, as a share of that of the tram


@dataclass(frozen=True, slots=True)
class EndDesign:
    """The design of both ends.

    Attributes:
        sill, top: of the windscreen, as shares of the height; the sign is above or behind it.
        pillar: share of the half width where its glass ends. rake: lean of the front, 1 for a streamlined one.
        power: superellipse exponent of the corners in plan: 2 tapers much, 4 is square.
        older: round head lamps, an open coupler under a ribbed bumper, mirrors; else lamps in dark masks, the coupler
            behind a flap, cameras. third: one more lamp in the middle, above the screen.
    """

    sill: float
    top: float
    pillar: float
    rake: float
    power: float
    older: bool
    third: bool

    @staticmethod
    def draw(rng: np.random.Generator) -> EndDesign:
        """A streamlined face of glass, a framed one, or the upright one of an older tram."""
        third, kind = bool(rng.random() < 0.5), rng.random()
        if kind < 0.35:
            return EndDesign(0.39, 0.9, 0.94, 1.0, float(rng.uniform(2.1, 2.6)), False, third)
        if kind < 0.65:
            return EndDesign(0.39, 0.68, 0.90, 0.75, float(rng.uniform(2.1, 2.8)), False, third)
        return EndDesign(0.39, 0.68, 0.90, 0.30, float(rng.uniform(2.2, 3.0)), True, third)

    @property
    def framed(self) -> bool:
        """Whether there is a wall above the windscreen, with the sign in a box on it."""
        return self.top < 0.8


def paint_end(grid: np.ndarray, body: Hull, share: np.ndarray, height: float, design: EndDesign) -> None:
    """Give the cells of one end (`share`: of the half width, 9 elsewhere) the slots of frame, glass and bumper."""
    here = share < 1.5
    if design.framed:
        grid[body.rows(0.39 * height, 0.9 * height) & here] = Slot.SECOND
    grid[body.rows(0.0, 0.5) & here] = Slot.TRIM
    grid[body.rows(design.sill * height, design.top * height) & (share < design.pillar)] = Slot.GLASS
    grid[body.rows(0.375 * height, 0.39 * height) & (share < design.pillar)] = Slot.GLOSS
    if not design.framed:
        grid[body.rows(design.sill * height, 0.9 * height) & here & (share > 0.84)] = Slot.GLOSS
    grid[body.rows(design.sill * height, 0.66 * height) & here & (share > 0.96)] = Slot.GLASS  # the cab's side window


def tram_end(body: Hull, half: float, height: float, design: EndDesign) -> list[Mesh]:
    """All on the front end but its lamps: bumper, coupler, wiper, sign box, mirrors or cameras."""
    parts = _coupler(body, half) if design.older else _flap(body, half, height)
    parts.append(rounded_box((0.10, 1.5 * half, 0.12), (body.nose_at(0.3, 0.5) - 0.12, 0, 0.14), radius=0.04,
                             slot=Slot.UNDER))  # fmt: skip
    if design.framed:
        z = SIGN_Z * height
        box = (body.nose_at(z, 0.0) - 0.01, 0, z)
        parts.append(rounded_box((0.16, 1.30 * half, 0.30), box, radius=0.03, slot=Slot.GLOSS))
    waist = design.sill * height
    line = [(0.55, 0.02), (0.30, 0.12), (-0.35, 0.62)]
    parts.append(pipe(np.array([on_front(body, half, share, waist + up, 0.025) for share, up in line]), 0.014,
                      segments=5, slot=Slot.TRIM))  # fmt: skip
    blade = [on_front(body, half, share, waist + up, 0.018) for share, up in ((-0.32, 0.16), (-0.38, 1.0))]
    parts.append(pipe(np.array(blade), 0.011, segments=4, slot=Slot.TRIM))
    x, z = body.nose_at(0.72 * height, 0.9) - 0.25, (0.60 if design.older else 0.72) * height
    arm = rounded_box((0.06, 0.18, 0.06), (x, half + 0.06, z + (0.14 if design.older else 0.0)), radius=0.025,
                      slot=Slot.TRIM)  # fmt: skip
    parts += both(arm)
    if design.older:
        parts += both(rounded_box((0.07, 0.17, 0.32), (x, half + 0.14, z), radius=0.03, slot=Slot.TRIM))
    return parts


def _flap(body: Hull, half: float, height: float) -> list[Mesh]:
    """The coupler behind a flap in body colour, between the halves of a bumper that runs round the corners."""
    top = 0.205 * height
    parts = [front_bar(body, half, z, 0.96, 0.07, Slot.TRIM) for z in (0.50, 0.60)]
    parts.append(front_panel(body, half, (0.22, top), (0.34, 0.40), Slot.PAINT, lift=0.040))
    seams = [
        np.array([on_front(body, half, share, z, 0.041) for share in np.linspace(0.40, -0.40, 5)]) for z in (0.45, top)
    ]
    seams.append(np.array([on_front(body, half, 0.34 + 0.06 * u, 0.22 + u * (top - 0.22), 0.041) for u in (0.0, 1.0)]))
    lines = [pipe(line, SEAM_M / 2, segments=4, slot=Slot.SEAM) for line in seams]
    lines.append(pipe(seams[2] * [1.0, -1.0, 1.0], SEAM_M / 2, segments=4, slot=Slot.SEAM))
    return parts + lines


def _coupler(body: Hull, half: float) -> list[Mesh]:
    """Ribs against climbing, and under them the head of a coupler with its hoses."""
    parts = [front_bar(body, half, z, 0.72, 0.045, Slot.TRIM) for z in (0.54, 0.62, 0.70)]
    parts.append(front_bar(body, half, 0.36, 0.95, 0.06, Slot.TRIM))
    x = body.nose_at(0.42, 0.0)
    parts.append(block((0.30, 0.12, 0.12), (x - 0.06, 0.0, 0.42), Slot.UNDER))
    parts.append(rounded_box((0.12, 0.28, 0.22), (x + 0.07, 0.0, 0.42), radius=0.04, slot=Slot.UNDER))
    parts.append(block((0.012, 0.16, 0.11), (x + 0.132, 0.0, 0.42), Slot.ALUMINIUM))
    hose = [[x, 0.26, 0.50], [x + 0.07, 0.27, 0.40], [x + 0.05, 0.30, 0.26], [x - 0.02, 0.34, 0.28]]
    return parts + both(pipe(np.array(hose), 0.018, segments=5, slot=Slot.TRIM))


def _placed(body: Hull, half: float, share: float, z: float, piece: Mesh, lift: float = 0.005) -> Mesh:
    """A piece that faces +x, on the front at a share of the half width (> 0: on the left)."""
    inner, outer = body.nose_at(z, abs(share) - 0.05), body.nose_at(z, abs(share) + 0.05)
    yaw = float(np.sign(share) * np.arctan2(inner - outer, 0.10 * half))
    return turned(piece, yaw=yaw, at=(0.5 * (inner + outer) + lift, share * half, z))


def _masks(body: Hull, half: float, z: float) -> list[Mesh]:
    """Dark masks round the lamps on both sides, taller towards the corners."""
    across, rows = np.linspace(0.93, 0.42, 6), []
    for v in (0.0, 1.0):
        low = np.interp(across, (0.42, 0.93), (z - 0.07, z - 0.10))
        high = np.interp(across, (0.42, 0.93), (z + 0.07, z + 0.17))
        rows.append([on_front(body, half, float(s), float(a + v * (b - a)), 0.005)
                     for s, a, b in zip(across, low, high)])  # fmt: skip
    return both(patch(rows, Slot.GLOSS))


def head_of(body: Hull, half: float, height: float, design: EndDesign) -> list[Mesh]:
    """Lamps low on the front, round or in dark masks, and one above the windscreen."""
    z, parts = 0.26 * height, list[Mesh]()
    turns = ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT))
    if design.older:
        lamps = ((0.62, 0.105, Slot.LOW_BEAM), (0.40, 0.07, Slot.DAY))
    else:
        lamps = ((0.70, 0.062, Slot.LOW_BEAM), (0.56, 0.055, Slot.LOW_BEAM))
        parts += _masks(body, half, z)
        strip = [on_front(body, half, s, z + up, 0.012) for s, up in ((0.50, 0.055), (0.68, 0.085), (0.86, 0.125))]
        parts += both(pipe(np.array(strip), 0.014, segments=4, slot=Slot.DAY))
    for share, radius, slot in lamps:
        lamp = turned(round_lamp(radius, int(slot), depth=0.03), yaw=-np.pi / 2)
        parts += [_placed(body, half, sign * share, z, lamp, -0.015) for sign, _ in turns]
    for sign, turn in turns:
        lens = rounded_box((0.05, 0.10, 0.10), radius=0.03, slot=int(turn))
        parts.append(_placed(body, half, sign * 0.83, z, lens, -0.005))
    if design.third:
        z = 0.945 * height
        lamp = turned(round_lamp(0.075, int(Slot.DAY), depth=0.05), yaw=-np.pi / 2)
        parts.append(lamp.moved(body.nose_at(z, 0.0) - 0.02, 0.0, z))
    return parts


def tail_of(body: Hull, half: float, height: float, design: EndDesign) -> list[Mesh]:
    """Indicator, brake and tail lamps in a row, drawn on the front end; in dark masks if they are there."""
    z, parts = 0.26 * height, [] if design.older else _masks(body, half, 0.26 * height)
    for sign, turn in ((-1.0, Slot.LEFT), (1.0, Slot.RIGHT)):  # seen from ahead: the sides change
        for share, slot in ((0.80, turn), (0.68, Slot.BRAKE), (0.56, Slot.TAIL)):
            frame = rounded_box((0.04, 0.125 * half, 0.15), radius=0.015, slot=Slot.TRIM)
            lens = rounded_box((0.03, 0.10 * half, 0.11), (0.018, 0, 0), radius=0.015, slot=int(slot))
            parts += [_placed(body, half, sign * share, z, piece) for piece in (frame, lens)]
    return parts


def destination_on(body: Hull, half: float, height: float, text: str, design: EndDesign) -> Mesh:
    """The lit destination of the front end: flat in its box, or bent as the glass is before which it shines."""
    sign = destination_sign(text, int(200 * half * 0.5)).moved(0.0, 0.0, SIGN_Z * height)
    if design.framed:
        return sign.moved(body.nose_at(SIGN_Z * height, 0.0) + 0.075, 0.0, 0.0)
    return laid_on(sign, body, half, 0.02)
