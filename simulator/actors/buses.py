"""City buses and coaches."""

from __future__ import annotations

from copy import deepcopy
from typing import Annotated, ClassVar

import numpy as np

from simulator.actors import finishes
from simulator.actors.base import Actor
from simulator.actors.bus_cabins import cabin
from simulator.actors.bus_doors import cut_bus_doors, leaf_frame, leaf_spans
from simulator.actors.bus_ends import city_front, city_mirrors, rear, tail_lamps
from simulator.actors.bus_measures import BELLOWS_X, BEND_X, Measures, measured
from simulator.actors.bus_sides import LIVERIES, SHARES, hoppers, panels, repaint, seams_in
from simulator.actors.cab_fronts import laid_on
from simulator.actors.coaches import coach_front, ears, flanks, named, rings
from simulator.actors.coachwork import Slot
from simulator.actors.dirt import soiled
from simulator.actors.door_leaves import Leaf
from simulator.actors.heavy import PAINTED, axles, end_plates, fleet_materials, hinge
from simulator.actors.hull import Hull, arch_liners, hull
from simulator.actors.lamps import cabin_lights, plate_lamps, vehicle_lamps
from simulator.actors.lettering import DESTINATIONS, SIGN, destination_sign, lettered
from simulator.actors.shape import F64, finish, rounded_box, turned
from simulator.actors.wear import Wear
from simulator.scenario.distributions import Flag, Fraction, OneOf, choice, uniform
from simulator.scene import Body, Joint, Lamp, Material, Mesh, Model
from simulator.scene.mesh import merge, parted

STYLES = ("city", "articulated", "coach")
PAINTS = ("any", *finishes.paint_names())
_FOLDS = 7  # of the bellows


class Bus(Actor, kind="bus"):
    """A bus.

    Attributes:
        style: low-floor city bus, one of two parts with bellows between, or high-floor coach.
        paint: colour group, or "any" for one by its share of fleets.
        size: place within the real dimensions of the style: 0 the smallest, 1 the largest.
        door: how far the passengers' doors stand open; the labelled box is that of the bus with closed doors.
        hinged: whether they can open.
    """

    class_name: ClassVar[str] = "bus"
    speed_mps: ClassVar[float] = 11.0
    max_speed_mps: ClassVar[float] = 27.8
    acceleration_mps2: ClassVar[float] = 1.2
    deceleration_mps2: ClassVar[float] = 4.0

    style: Annotated[str, OneOf(*STYLES)] = choice(*STYLES, weights=(0.60, 0.12, 0.28))
    paint: Annotated[str, OneOf(*PAINTS)] = "any"
    size: Fraction = uniform(0.0, 1.0)
    door: Fraction = 0.0
    hinged: Annotated[bool, Flag()] = False

    def _build(self, rng: np.random.Generator) -> list[Model]:
        names = ("white", "red", "blue", "yellow", "green", "silver", "orange")
        color = (
            str(rng.choice(names, p=(0.38, 0.18, 0.14, 0.11, 0.09, 0.05, 0.05))) if self.paint == "any" else self.paint
        )
        return [_bus(self.style, color, self.size, rng, self.door if self.door or self.hinged else None)]


def _rings(d: Measures) -> tuple[F64, F64, F64, F64]:
    """(L,) heights, x of the nose and of the tail, and half widths of the levels of a city bus's hull."""
    waist, band, height, rake = d.waist, d.band, d.height, d.rake
    levels = [waist - 0.04, waist + 0.03, (waist + band) / 2, band, band + 0.07]
    z = np.array([0.28, 0.40, 0.62, *levels, height - 0.20, height - 0.07, height - 0.02])
    side = d.half * np.array([0.965, 0.985, 0.995, 1.0, 1.0, 0.995, 0.985, 0.982, 0.965, 0.90, 0.80])
    back = [0.05, 0.02, 0.0, 0.0, 0.01, 0.30 * rake, 0.80 * rake, 0.85 * rake, rake, rake + 0.10, rake + 0.25]
    tail = d.tail + np.array([0.10, 0.05, 0.0, 0.0, 0.0, 0.02, 0.05, 0.05, 0.08, 0.16, 0.26])
    return z, d.nose - np.array(back), tail, side


def _hull(d: Measures, radius: float, leaves: bool) -> Hull:
    """The body, with arches of a radius, cut where posts, doors (each of their `leaves`) and bellows are."""
    posts = d.posts
    halves = [x for x, _ in leaf_spans(d)] if leaves else []
    columns = np.concatenate([posts, posts[1:-1] - 0.07, d.doors, halves, BELLOWS_X if d.jointed else []])
    columns = columns[
        np.concatenate([[True], np.abs(np.diff(np.sort(columns)[::-1])) > 0.03])[np.argsort(np.argsort(-columns))]
    ]
    return hull(
        *(rings(d) if d.coach else _rings(d)),
        columns,
        front_power=2.9 if d.coach else 3.6,
        rear_power=7.0,
        arches=d.wheels_x,
        arch_radius=radius,
        wheel_z=d.tyre,
    )


def _bus(style: str, color: str, size: float, rng: np.random.Generator, door: float | None = None) -> Model:
    """A bus; `door`: how far its doors stand open, None: they cannot open."""
    d = measured(style, size, rng)
    nose, tail, half = d.nose, d.tail, d.half
    radius = d.tyre + 0.07
    body = _hull(d, radius, door is not None)
    livery, busy = str(rng.choice(LIVERIES, p=SHARES)), float(rng.uniform(0.0, 0.7))
    clear = not d.coach and rng.random() < 0.65  # windows that are hardly tinted
    left, right = _bus_slots(body, d, livery, Slot.GLASS if clear else Slot.PRIVACY)
    leaves = dict[str, list[Leaf]]()
    if door is not None:
        right, leaves = cut_bus_doors(body, d, right)
    parts = body.meshes(left, right)
    parts.append(body.roof(0.03, Slot.SECOND if livery == "roof" else Slot.PAINT))
    if d.jointed:  # the hull is open where the bellows are
        shell = merge(parts)
        x = shell.vertices[shell.faces, 0].mean(axis=1)
        parts = [parted(shell, (x > BELLOWS_X[0]) | (x < BELLOWS_X[1]))]
    parts += arch_liners(d.wheels_x, radius, d.tyre, half - 0.65, half * 0.98)
    inside, lights = _inside(d, busy, rng)
    free = d.free(radius)
    parts += inside + (_coach_fittings if d.coach else _city_fittings)(body, d, free, rng)
    if door is None:
        parts += [m for a, b in leaf_spans(d) for m in leaf_frame(half, d.band, a, b)]
    parts = seams_in(livery, d.waist, [*parts, *tail_lamps(half, tail), *rear(d)])
    parts += end_plates(nose, tail, 0.42, 0.62, rng)
    line = DESTINATIONS[int(rng.integers(len(DESTINATIONS)))]
    second = finishes.paint(str(rng.choice(["white", "blue", "red", "grey", "green", "yellow"])), rng)
    joints: list[Joint] = []
    wheels = axles(d.tyre, 2 * half - 0.02, [(x, x > 1.0, x < 1.0) for x in d.wheels_x[:2]], joints, rng)
    plain = table = fleet_materials(color, second, rng)
    before = deepcopy(rng)
    wear = Wear.draw(rng)
    shell = wear.dented(finish(parts, crease_deg=38), (0.45, d.waist - 0.1))
    shell, table = soiled(shell, table, PAINTED, rng, worse=1.6, wheels_x=d.wheels_x, scratched=wear.scratched)
    bodies, hitch = [Body(shell, table)], -1
    if d.jointed:
        hitch = hinge(BEND_X, joints)
        front_part = shell.vertices[shell.faces, 0].mean(axis=1) > BEND_X
        bodies = [Body(parted(shell, front_part), table), Body(parted(shell, ~front_part), table, hitch)]
        bodies += _bellows(half, d.height, table, joints)
        wheels += axles(d.tyre, 2 * half - 0.02, [(d.third, False, True)], joints, rng, hitch=hitch)
    openings = list[tuple[str, int, float]]()
    for name, each in ((name, leaf) for name, group in leaves.items() for leaf in group):
        hung = each.hang(door or 0.0, joints, hitch if name == "behind" else -1)
        openings += [("rear_right" if name == "behind" else name, joint, angle) for joint, angle in hung]
        mesh, made = soiled(finish(each.meshes), plain, PAINTED, deepcopy(before), worse=1.6)  # as dirty as the body
        bodies.append(Body(mesh, made, hung[-1][0]))
    ground = second.name.split()[0] if livery == "skirt" else color
    bodies += named(body, d, free, color, rng) if d.coach else _lettering(body, d, line, hitch, free, ground, rng)
    return Model(
        "bus",
        (*bodies, *wheels),
        tuple(joints),
        (*vehicle_lamps(nose, tail, 2 * half, head_z=0.66, tail_z=0.95), *plate_lamps(parts), *lights),
        wheelbase_m=d.wheelbase,
        attributes=(("style", "articulated" if d.jointed else d.style), ("color", color)),
        box=np.array([[tail, -half, 0.0], [nose, half, d.height]]),
        following_m=BEND_X - d.third if d.jointed else 0.0,
        openings=tuple(openings),
    )


def _inside(d: Measures, busy: float, rng: np.random.Generator) -> tuple[list[Mesh], tuple[Lamp, ...]]:
    """Seats, passengers on a share `busy` of them, driver, and the ceiling with its lights."""
    ends = [(d.nose, BELLOWS_X[0] + 0.3), (BELLOWS_X[1] - 0.3, d.tail)] if d.jointed else [(d.nose, d.tail)]
    parts: list[Mesh] = []
    for k, (nose, tail) in enumerate(ends):
        parts += cabin(d, nose, tail, busy, rng, driver=k == 0)
    ceiling, lights = cabin_lights(d.nose - 1.6, BELLOWS_X[0] + 0.3 if d.jointed else d.tail + 0.6, d.half, d.band)
    if d.jointed:
        ceiling += cabin_lights(BELLOWS_X[1] - 0.3, d.tail + 0.6, d.half, d.band)[0]
    return parts + ceiling, lights


def _city_fittings(body: Hull, d: Measures, free: list[tuple[float, float]], rng: np.random.Generator) -> list[Mesh]:
    """Panels, opening lights, front, mirrors and the unit on the roof of a city bus."""
    parts = panels(d.half, d.waist, d.posts, free) + hoppers(d.half, d.band, d.posts, rng)
    unit = rounded_box((2.4, 1.7, 0.22), (d.wheelbase * 0.45, 0, d.height - 0.07), radius=0.08, slot=Slot.PAINT)
    return [*parts, *city_front(body, d, rng), *city_mirrors(d), unit]


def _coach_fittings(body: Hull, d: Measures, free: list[tuple[float, float]], rng: np.random.Generator) -> list[Mesh]:
    """Flaps, front, mirrors and the flat unit on the roof of a coach."""
    parts = flanks(d, free) + coach_front(body, d, rng)
    parts += ears(body, d, Slot.PAINT if rng.random() < 0.35 else Slot.TRIM)
    unit = rounded_box((2.6, 1.9, 0.24), (d.wheelbase * 0.30, 0, d.height - 0.04), radius=0.09, slot=Slot.PAINT)
    return [*parts, *([unit] if rng.random() < 0.6 else [])]


def _lettering(
    body: Hull,
    d: Measures,
    line: str,
    hitch: int,
    free: list[tuple[float, float]],
    ground: str,
    rng: np.random.Generator,
) -> list[Body]:
    """Destination in front, number of the line behind, and on some an advert, or the owner's name."""
    half, z = d.half, (d.band + d.height - 0.20) / 2 + 0.03
    sign = laid_on(destination_sign(line, int(200 * half * 0.62)).moved(0.0, 0.0, z), body, half, 0.015)
    number = destination_sign(line.split()[0], int(200 * half * 0.3))
    behind = turned(number, yaw=np.pi, at=(d.tail + 0.045, 0.35 * half, z))
    bodies = [Body(behind, (SIGN,), hitch), Body(sign, (SIGN,))]
    if rng.random() < 0.6:
        span = max((a for a in free if a[0] > BELLOWS_X[0]), key=lambda a: a[1] - a[0])
        room = min(0.9 * (span[1] - span[0]), 2.6), 0.75 * (d.waist - 0.62)
        bodies.append(lettered(sum(span) / 2, half * 0.998, 0.5 * (0.62 + d.waist), room, rng, ground=ground))
    return bodies


def _bus_slots(body: Hull, d: Measures, livery: str, glass: Slot) -> tuple[np.ndarray, np.ndarray]:
    """Cells of the left and the right half: windows, doors on the right (kerb) side, screens, skirts, lamps."""
    waist, band, height, posts = d.waist, d.band, d.height, d.posts
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
    grid[body.rows(d.sill - 0.01, band) & screen] = Slot.GLASS
    if d.coach:  # pillars, and the driver's window, which is deeper than those of the passengers
        grid[body.rows(d.sill, band) & (body.front_y > 0.96) & screen] = Slot.GLOSS
        grid[body.rows(d.sill, band) & body.side(posts[1], posts[0])] = Slot.GLASS
    grid[body.rows(band, height - 0.19) & screen] = Slot.GLOSS
    grid[body.rows(0.0, 0.45) & screen] = Slot.TRIM
    rear = body.rear_y < 1.5
    # The engine of a low-floor bus stands upright behind the last seats: its rear window is low.
    grid[body.rows(waist + 0.02 if d.coach else (waist + band) / 2, band) & (body.rear_y < 0.85)] = Slot.PRIVACY
    if not d.coach:
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
