"""City buses and coaches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.bus_sides import LIVERIES, SHARES, door_leaves, hoppers, panels, passengers, repaint
from simulator.actors.cab_fronts import wipers
from simulator.actors.cars import catalogue_draw
from simulator.actors.coachwork import Slot
from simulator.actors.dirt import soiled
from simulator.actors.fittings import seated
from simulator.actors.heavy import PAINTED, axles, end_plates, fleet_materials, head_lamps, hinge
from simulator.actors.hull import Hull, arch_liners, hull
from simulator.actors.lamps import cabin_lights, plate_lamps, vehicle_lamps
from simulator.actors.lettering import DESTINATIONS, SIGN, destination_sign, lettered
from simulator.actors.shape import block, both, finish, pipe, rounded_box, turned
from simulator.scenario.distributions import Fraction, OneOf, choice, uniform
from simulator.scene import Body, Joint, Material, Mesh, Model
from simulator.scene.mesh import merge, parted

STYLES = ("city", "articulated", "coach")
PAINTS = ("any", *finishes.paint_names())
BELLOWS_X = (-1.55, -2.75)  # m from the rear axle of the front part, their ends
BEND_X = (BELLOWS_X[0] + BELLOWS_X[1]) / 2  # where an articulated bus bends
_FOLDS = 7  # of the bellows


class Bus(Actor, kind="bus"):
    """A bus.

    Attributes:
        style: low-floor city bus, one of two parts with bellows between, or high-floor coach.
        paint: colour group, or "any" for one by its share of fleets.
        size: place within the real dimensions of the style: 0 the smallest, 1 the largest.
    """

    class_name: ClassVar[str] = "bus"
    speed_mps: ClassVar[float] = 11.0
    max_speed_mps: ClassVar[float] = 27.8
    acceleration_mps2: ClassVar[float] = 1.2
    deceleration_mps2: ClassVar[float] = 4.0

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.60, 0.12, 0.28))
    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    size: Fraction = uniform(0.0, 1.0)

    def _build(self, rng: np.random.Generator) -> list[Model]:
        names = ("white", "red", "blue", "yellow", "green", "silver", "orange")
        color = (
            str(rng.choice(names, p=(0.38, 0.18, 0.14, 0.11, 0.09, 0.05, 0.05))) if self.paint == "any" else self.paint
        )
        return [_bus(self.style, color, self.size, rng)]


@dataclass(frozen=True, slots=True)
class _Measures:
    """A bus in metres; x forward from the rear axle, z up from the ground.

    Attributes:
        style: "city" or "coach". jointed: whether it has two parts.
        half: half its width. tyre: radius of the wheels.
        nose, tail, third: x of its ends, and of the axle of the rear part.
        waist, band: z of the lower and upper edge of the windows. rake: by how much the windscreen leans back.
    """

    style: str
    jointed: bool
    half: float
    height: float
    tyre: float
    wheelbase: float
    nose: float
    tail: float
    waist: float
    band: float
    rake: float
    third: float

    @property
    def wheels_x(self) -> tuple[float, ...]:
        """Of all axles, from the front."""
        return (self.wheelbase, 0.0, self.third) if self.jointed else (self.wheelbase, 0.0)

    @property
    def posts(self) -> NDArray[np.float64]:
        """Of the windows, from the front."""
        return np.linspace(self.nose - 0.55, self.tail + 0.45, 12 if self.jointed else 8)

    @property
    def doors(self) -> list[float]:
        """Of the rear edge of the front door, then of front and rear edges of the others."""
        doors = [self.nose - 0.55 - 1.30]
        if self.style == "city":
            doors += [self.wheelbase / 2 + 0.65, self.wheelbase / 2 - 0.65]
        return [*doors, self.third + 2.2, self.third + 0.9] if self.jointed else doors

    @property
    def door_spans(self) -> list[tuple[float, float]]:
        """(rear, front) x of all doors, from the front."""
        doors = self.doors
        return [(doors[0], float(self.posts[0])), *((doors[k + 1], doors[k]) for k in range(1, len(doors) - 1, 2))]

    def free(self, radius: float) -> list[tuple[float, float]]:
        """Spans of x on its sides, from the rear, without doors, bellows, and arches of a radius."""
        cut = [(x - radius - 0.03, x + radius + 0.03) for x in self.wheels_x]
        cut += self.door_spans[1:]
        cut += [BELLOWS_X[::-1]] if self.jointed else []
        ends = sorted([(-99.0, self.tail + 0.15), *cut, (self.doors[0], 99.0)])
        return [(a[1], b[0]) for a, b in pairwise(ends) if b[0] - a[1] > 0.3]


def _measured(style: str, size: float, rng: np.random.Generator) -> _Measures:
    """A bus of a style and size."""
    draw, near = catalogue_draw("buses", style, size, rng)
    length, width, height, tyre = draw("length"), draw("width"), draw("height"), round(draw("tyre_radius"), 2)
    jointed = style == "articulated"
    style = "city" if jointed else style
    front = near(2.70, 0.08)
    wheelbase = near(5.90, 0.05) if jointed else length - front - near(3.35, 0.1)
    tail = wheelbase + front - length
    waist = near(1.02, 0.05) if style == "city" else near(1.55, 0.06)
    band = near(2.42, 0.05) if style == "city" else height - 0.62
    rake = near(0.16 if style == "city" else 0.42, 0.05)
    third = tail + near(3.40, 0.05)
    nose = wheelbase + front
    return _Measures(style, jointed, width / 2, height, tyre, wheelbase, nose, tail, waist, band, rake, third)


def _hull(d: _Measures, radius: float) -> Hull:
    """The body, with arches of a radius, cut where posts, doors and bellows are."""
    waist, band, height, rake = d.waist, d.band, d.height, d.rake
    levels = [waist - 0.04, waist + 0.03, (waist + band) / 2, band, band + 0.07]
    z = np.array([0.28, 0.40, 0.62, *levels, height - 0.20, height - 0.07, height - 0.02])
    side = d.half * np.array([0.965, 0.985, 0.995, 1.0, 1.0, 0.995, 0.985, 0.982, 0.965, 0.90, 0.80])
    back = [0.05, 0.02, 0.0, 0.0, 0.01, 0.30 * rake, 0.80 * rake, 0.85 * rake, rake, rake + 0.10, rake + 0.25]
    tail = d.tail + np.array([0.10, 0.05, 0.0, 0.0, 0.0, 0.02, 0.05, 0.05, 0.08, 0.16, 0.26])
    posts = d.posts
    columns = np.concatenate([posts, posts[1:-1] - 0.07, d.doors, BELLOWS_X if d.jointed else []])
    columns = columns[
        np.concatenate([[True], np.abs(np.diff(np.sort(columns)[::-1])) > 0.03])[np.argsort(np.argsort(-columns))]
    ]
    return hull(
        z,
        d.nose - np.array(back),
        tail,
        side,
        columns,
        front_power=3.6,
        rear_power=7.0,
        arches=d.wheels_x,
        arch_radius=radius,
        wheel_z=d.tyre,
    )


def _bus(style: str, color: str, size: float, rng: np.random.Generator) -> Model:
    d = _measured(style, size, rng)
    nose, tail, half, band, height, jointed = d.nose, d.tail, d.half, d.band, d.height, d.jointed
    radius = d.tyre + 0.07
    body = _hull(d, radius)
    livery, busy = str(rng.choice(LIVERIES, p=SHARES)), float(rng.uniform(0.0, 0.7))
    clear = d.style == "city" and rng.random() < 0.65  # windows that are hardly tinted
    parts = body.meshes(*_bus_slots(body, d, livery, Slot.GLASS if clear else Slot.PRIVACY))
    parts.append(body.roof(0.03, Slot.SECOND if livery == "roof" else Slot.PAINT))
    if jointed:  # the hull is open where the bellows are
        shell = merge(parts)
        x = shell.vertices[shell.faces, 0].mean(axis=1)
        parts = [parted(shell, (x > BELLOWS_X[0]) | (x < BELLOWS_X[1]))]
    parts += arch_liners(d.wheels_x, radius, d.tyre, half - 0.65, half * 0.98)
    if jointed:
        parts += _cabin(d, nose, BELLOWS_X[0] + 0.3, busy, rng)
        parts += _cabin(d, BELLOWS_X[1] - 0.3, tail, busy, rng, driver=False)
    else:
        parts += _cabin(d, nose, tail, busy, rng)
    parts += door_leaves(half, 0.40, band, d.door_spans) + panels(half, d.waist, d.posts, d.free(radius))
    if d.style == "city":
        parts += hoppers(half, band, d.posts, rng)
    ceiling, lights = cabin_lights(nose - 1.6, BELLOWS_X[0] + 0.3 if jointed else tail + 0.6, half, band)
    parts += ceiling
    if jointed:
        parts += cabin_lights(BELLOWS_X[1] - 0.3, tail + 0.6, half, band)[0]
    parts += head_lamps(body, half, 0.68, size=(0.46, 0.24)) + _front(body, half, d.waist - 0.04)
    if rng.random() < (0.4 if d.style == "city" else 0.1):  # a windscreen of two panes
        parts += _seam(body, d.waist - 0.02, band)
    parts += _tail_lamps(half, tail) + _rear(d)
    parts += _mirrors(d)
    parts += end_plates(nose, tail, 0.42, 0.62, rng)
    line = DESTINATIONS[int(rng.integers(len(DESTINATIONS)))]
    sign_z = (band + height - 0.20) / 2 + 0.03
    sign = destination_sign(line, int(200 * half * 0.62)).moved(nose - 0.80 * d.rake + 0.015, 0.0, sign_z)
    number = turned(
        destination_sign(line.split()[0], int(200 * half * 0.3)), yaw=np.pi, at=(tail + 0.045, 0.35 * half, sign_z)
    )
    if d.style == "city":
        unit = rounded_box((2.4, 1.7, 0.22), (d.wheelbase * 0.45, 0, height + 0.05), radius=0.08, slot=Slot.PAINT)
        parts.append(unit.moved(z=-0.12))
    second = finishes.paint(str(rng.choice(["white", "blue", "red", "grey", "green", "yellow"])), rng)
    joints: list[Joint] = []
    wheels = axles(d.tyre, 2 * half - 0.02, [(x, x > 1.0, x < 1.0) for x in d.wheels_x[:2]], joints, rng)
    table = fleet_materials(color, second, rng)
    shell, table = soiled(finish(parts, crease_deg=38), table, PAINTED, rng, worse=1.6, wheels_x=d.wheels_x)
    bodies, hitch = [Body(shell, table)], -1
    if jointed:
        hitch = hinge(BEND_X, joints)
        front_part = shell.vertices[shell.faces, 0].mean(axis=1) > BEND_X
        bodies = [Body(parted(shell, front_part), table), Body(parted(shell, ~front_part), table, hitch)]
        bodies += _bellows(half, height, table, joints)
        wheels += axles(d.tyre, 2 * half - 0.02, [(d.third, False, True)], joints, rng, hitch=hitch)
    if d.style == "city":
        bodies.append(Body(number, (SIGN,), hitch))
    if rng.random() < 0.6:  # an advert, or the owner's name
        span = max((a for a in d.free(radius) if a[0] > BELLOWS_X[0]), key=lambda a: a[1] - a[0])
        room = min(0.9 * (span[1] - span[0]), 2.6), 0.75 * (d.waist - 0.62)
        ground = second.name.split()[0] if livery == "skirt" else color
        wheels.append(lettered(sum(span) / 2, half * 0.998, 0.5 * (0.62 + d.waist), room, rng, ground=ground))
    return Model(
        "bus",
        (*bodies, Body(sign, (SIGN,)), *wheels),
        tuple(joints),
        (*vehicle_lamps(nose, tail, 2 * half, head_z=0.66, tail_z=0.95), *plate_lamps(parts), *lights),
        wheelbase_m=d.wheelbase,
        attributes=(("style", "articulated" if jointed else d.style), ("color", color)),
        box=np.array([[tail, -half, 0.0], [nose, half, height]]),
        following_m=BEND_X - d.third if jointed else 0.0,
    )


def _bus_slots(body: Hull, d: _Measures, livery: str, glass: Slot) -> tuple[np.ndarray, np.ndarray]:
    """Cells of the left and the right half: windows, doors on the right (kerb) side, screens, skirts, lamps."""
    style, waist, band, height, posts = d.style, d.waist, d.band, d.height, d.posts
    grid = body.grid(Slot.PAINT)
    glass_rows = body.rows(waist, band)
    cabin = body.side(-99, 99)
    post = np.zeros_like(cabin)
    for x in posts[1:-1]:
        post |= body.side(x - 0.09, x + 0.02)
    grid[glass_rows & (cabin & ~post)] = glass
    grid[glass_rows & (cabin & post)] = Slot.GLOSS
    grid[body.rows(waist - 0.05, waist) & cabin] = Slot.GLOSS
    screen = body.front_y < 1.5
    grid[body.rows(0.9 if style == "city" else 1.2, band) & screen] = Slot.GLASS
    grid[body.rows(band, height - 0.19) & screen] = Slot.GLOSS
    grid[body.rows(0.0, 0.45) & screen] = Slot.TRIM
    rear = body.rear_y < 1.5
    # The engine of a low-floor bus stands upright behind the last seats: its rear window is low.
    grid[body.rows((waist + band) / 2 if style == "city" else waist + 0.02, band) & (body.rear_y < 0.85)] = Slot.PRIVACY
    if style == "city":
        grid[body.rows(band, height - 0.19) & (body.rear_y < 0.85)] = Slot.GLOSS
    grid[body.rows(0.0, 0.45) & rear] = Slot.TRIM
    repaint(grid, body, livery, waist, band, d.tail)
    right = grid.copy()
    for low, high in d.door_spans:
        at = body.side(low, high)
        right[body.rows(0.38, band) & at] = Slot.GLASS
        right[body.rows(0.0, 0.40) & at] = Slot.TRIM
    return grid, right


def _bellows(half: float, height: float, table: tuple[Material, ...], joints: list[Joint]) -> list[Body]:
    """Folds of rubber round the joint of an articulated bus: each turns by its share of the angle."""
    bodies = list[Body]()
    edges = np.linspace(BELLOWS_X[0] + 0.03, BELLOWS_X[1] - 0.03, _FOLDS + 1)
    for k, (a, b) in enumerate(zip(edges[:-1].tolist(), edges[1:].tolist())):
        joint = hinge(BEND_X, joints, (k + 0.5) / _FOLDS)
        size = (a - b + 0.02, 2 * half - 0.10, height - 0.44)
        fold = [rounded_box(size, ((a + b) / 2, 0.0, height / 2 + 0.12), radius=0.04, slot=Slot.TRIM)]
        ridge = (0.05, 2 * half - 0.02, height - 0.36)
        fold.append(rounded_box(ridge, ((a + b) / 2, 0.0, height / 2 + 0.12), radius=0.02, slot=Slot.TRIM))
        bodies.append(Body(finish(fold, crease_deg=38), table, joint))
    return bodies


def _cabin(
    d: _Measures, nose: float, tail: float, busy: float, rng: np.random.Generator, *, driver: bool = True
) -> list[Mesh]:
    """Floor and rows of seats, a share `busy` of them taken, and a dashboard before the `driver`."""
    half, waist, style, wheels_x = d.half, d.waist, d.style, d.wheels_x
    floor = 0.36 if style == "city" else 1.05
    parts = [block((nose - tail - 0.5, 2 * half - 0.12, 0.05), ((nose + tail) / 2, 0, floor), Slot.SEAT)]
    parts.append(block((nose - tail - 0.8, 1.15, 0.12), ((nose + tail) / 2, 0, 0.30), Slot.UNDER))
    seats = list[tuple[float, float, float]]()
    for x in np.arange(tail + 1.0, nose - (2.2 if driver else 0.6), 0.85):
        over = max(1.08 - (floor + 0.39), 0.0) if np.abs(x - np.array(wheels_x)).min() < 0.65 else 0.0
        for y in (half - 0.55, -(half - 0.55)):
            parts.append(block((0.12, 0.84, 0.72), (x, y, floor + 0.75 + over), Slot.SEAT))
            parts.append(
                block((0.032, 0.032, d.band - floor), (x - 0.06, np.sign(y) * 0.38, (d.band + floor) / 2), Slot.CHROME)
            )
            seats += [(float(x) + 0.06, y + side, floor + 0.45 + over) for side in (0.21, -0.21)]
    parts += passengers(seats, busy, rng)
    if driver:
        parts.append(block((0.45, 2 * half - 0.3, 0.28), (nose - 0.55, 0, waist - 0.12), Slot.SEAT))
        parts.append(block((0.14, 0.5, 0.85), (nose - 1.35, half - 0.65, floor + 0.75), Slot.SEAT))
        hip = max(floor + 0.55, waist - 0.25)
        hands = np.array([nose - 0.72, half - 0.65, hip + 0.26])
        parts += seated(nose - 1.12, half - 0.65, hip, hip + 0.88, hands)
    return parts


def _mirrors(d: _Measures) -> list[Mesh]:
    """Mirrors at both front corners in black shells that grow out of their arms like horns: boxes hung from thin arms
    look like signals from afar."""
    z, y = d.band - 0.30, d.half + 0.13
    horn = [
        [d.nose - 0.34, d.half - 0.10, d.band + 0.10],
        [d.nose - 0.20, d.half + 0.02, d.band + 0.13],
        [d.nose - 0.13, d.half + 0.10, d.band + 0.08],
        [d.nose - 0.11, y, d.band - 0.05],
        [d.nose - 0.11, y, z],
        [d.nose - 0.11, y, z - 0.14],
        [d.nose - 0.11, y, z - 0.20],
    ]
    thick = np.array([0.055, 0.060, 0.070, 0.088, 0.105, 0.095, 0.05])
    shell = pipe(np.array(horn), thick, segments=8, slot=Slot.TRIM)
    glass = block((0.004, 0.15, 0.30), (d.nose - 0.206, y, z - 0.02), Slot.MIRROR)
    return [m for part in (shell, glass) for m in both(part)]


def _seam(body: Hull, low: float, high: float) -> list[Mesh]:
    """The rubber between two panes of a windscreen."""
    z = np.linspace(low, high, 4)
    line = np.array([[body.nose_at(float(level), 0.0) + 0.004, 0.0, level] for level in z])
    return [pipe(line, 0.012, segments=4, slot=Slot.GAP)]


def _front(body: Hull, half: float, sill: float) -> list[Mesh]:
    """Below the windscreen, which ends at `sill`: wipers, a badge, the seams of the flap, fog lamps, a grille."""
    parts = wipers(body, half, sill)
    badge = sill - 0.13
    x = body.nose_at(badge, 0.0)
    parts.append(rounded_box((0.02, 0.17, 0.09), (x + 0.004, 0.0, badge), radius=0.03, slot=Slot.CHROME))
    top = sill - 0.04
    for z, share in ((0.535, 0.70), (top, 0.56)):  # of bumper and flap
        x = body.nose_at(z, 0.5 * share)
        parts.append(block((0.012, 2 * share * half, 0.012), (x + 0.001, 0.0, z), Slot.GAP))
    middle = 0.5 * (0.535 + top)
    x = body.nose_at(middle, 0.56)
    parts += both(block((0.012, 0.012, top - 0.535), (x + 0.002, 0.56 * half, middle), Slot.GAP))
    for z in (0.58, 0.63, 0.68):  # air for the heating
        x = body.nose_at(z, 0.15)
        parts.append(rounded_box((0.03, 0.72 * half, 0.026), (x - 0.008, 0, z), radius=0.01, slot=Slot.GAP))
    fog = rounded_box(
        (0.04, 0.14, 0.08), (body.nose_at(0.48, 0.7) - 0.004, 0.7 * half, 0.48), radius=0.02, slot=Slot.FOG_FRONT
    )
    return parts + both(fog)


def _rear(d: _Measures) -> list[Mesh]:
    """Engine flap with its louvres and seams, joint of the bumper, high lamps (R48: indicators, stop), reflectors."""
    half, tail, top = d.half, d.tail, d.waist + 0.05 if d.style == "city" else 1.28
    parts: list[Mesh] = []
    for z, share in ((0.56, 0.86), (top, 0.74)):
        parts.append(block((0.012, 2 * share * half, 0.012), (tail + 0.004, 0.0, z), Slot.GAP))
    parts += both(block((0.012, 0.012, top - 0.56), (tail + 0.004, 0.74 * half, 0.5 * (top + 0.56)), Slot.GAP))
    low, wide = (top - 0.36, 0.62 * half) if d.style == "city" else (top - 0.50, 1.2 * half)
    middle = 0.74 * half - 0.10 - wide / 2 if d.style == "city" else 0.0
    parts.append(block((0.010, wide, top - 0.07 - low), (tail + 0.002, middle, 0.5 * (low + top - 0.07)), Slot.GAP))
    for z in np.arange(low + 0.03, top - 0.09, 0.05):
        slat = block((0.030, wide - 0.04, 0.012), slot=Slot.TRIM)
        parts.append(turned(slat, pitch=0.6, at=(tail - 0.006, middle, float(z))))
    parts.append(rounded_box((0.03, 0.14, 0.035), (tail - 0.01, -0.30, top - 0.10), radius=0.012, slot=Slot.TRIM))
    high = d.height - 0.30
    parts.append(rounded_box((0.04, 0.34, 0.035), (tail + 0.062, 0.0, d.height - 0.235), radius=0.01, slot=Slot.BRAKE))
    for sign, turn in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
        for z, slot in ((high, turn), (high - 0.12, Slot.TAIL)):
            at = (tail + 0.065, sign * 0.89 * half, z)
            parts.append(rounded_box((0.04, 0.10, 0.10), at, radius=0.035, slot=int(slot)))
    return parts + both(
        rounded_box((0.03, 0.10, 0.05), (tail + 0.012, 0.62 * half, 0.47), radius=0.01, slot=Slot.REFLECTOR)
    )


def _tail_lamps(half: float, tail: float) -> list[Mesh]:
    """Vertical clusters at the rear corners."""
    out: list[Mesh] = []
    for sign in (1.0, -1.0):
        for z, slot in (
            (1.18, Slot.LEFT if sign > 0 else Slot.RIGHT),
            (1.02, Slot.BRAKE),
            (0.86, Slot.TAIL),
            (0.72, Slot.REVERSE),
            *([(0.57, Slot.FOG_REAR)] if sign > 0 else []),
        ):
            out.append(
                rounded_box((0.06, 0.15, 0.14), (tail + 0.010, sign * (half - 0.20), z), radius=0.02, slot=int(slot))
            )
    return out
