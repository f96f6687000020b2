"""What lorries and buses share: wheels on axles, mirrors, lamps, materials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.actors import finishes
from simulator.actors.coachwork import Slot
from simulator.actors.door_leaves import Leaf
from simulator.actors.faces import body_materials
from simulator.actors.hull import Hull
from simulator.actors.plates import plate
from simulator.actors.shape import block, both, patch, pipe, rounded_box, turned
from simulator.actors.wheels import place_wheels, truck_wheel
from simulator.scene import Body, Driver, Joint, Material, Mesh

WINGS_RAD = float(np.radians(262.0))  # by which rear doors open: they are hooked to the flanks
PAINTED = (int(Slot.PAINT), int(Slot.SECOND))


def axles(
    radius: float,
    width: float,
    positions: list[tuple[float, bool, bool]],
    joints: list[Joint],
    rng: np.random.Generator,
    *,
    tyre_m: float = 0.29,
    hitch: int = -1,
) -> list[Body]:
    """Wheels of a heavy vehicle `width` wide on single tyres `tyre_m` wide; positions are (x, steered, double).

    `hitch`: joint on which they hang, -1 for the vehicle itself.
    """
    radius_mm = int(round(radius * 1000))
    materials = (finishes.RUBBER, finishes.STEEL if rng.random() < 0.7 else finishes.ALLOY, finishes.UNDERBODY)
    bodies: list[Body] = []
    for x, steered, double in positions:
        tyre_mm = 570 if double else int(round(tyre_m * 1000))
        mesh = truck_wheel(radius_mm, tyre_mm, double)
        half_track = width / 2 - tyre_mm / 2000 - 0.02
        bodies += place_wheels(mesh, materials, radius_mm / 1000, [(x, half_track, steered)], joints, hitch)
    return bodies


def hinge(x: float, joints: list[Joint], share: float = 1.0) -> int:
    """A joint where a vehicle bends, about z; what hangs on it turns by `share` of the angle. Returns its index."""
    joints.append(Joint((x, 0.0, 0.0), (0.0, 0.0, 1.0), Driver.HITCH, gain=share))
    return len(joints) - 1


def arm_mirrors(x: float, half_width: float, z: float, height: float = 0.42) -> list[Mesh]:
    """Tall mirrors on arms ahead of the doors, in painted shells: black ones look like traffic lights from afar."""
    y = half_width + 0.16
    housing = rounded_box((0.10, 0.20, height), (x + 0.10, y, z), radius=0.045, slot=Slot.PAINT)
    glass = block((0.004, 0.16, height - 0.06), (x + 0.047, y, z), Slot.MIRROR)
    arms = [
        pipe(
            np.array([[x - 0.05, half_width - 0.03, z + dz], [x + 0.08, y, z + dz * 0.9]]),
            0.016,
            segments=5,
            slot=Slot.TRIM,
        )
        for dz in (-0.4 * height, 0.45 * height)
    ]
    return [m for part in (housing, glass, *arms) for m in both(part)]


def rear_lamps(x: float, half_width: float, z: float) -> list[Mesh]:
    """Rear lamp clusters: indicator outside, brake, tail, reversing lamp; on the left a fog lamp."""
    out: list[Mesh] = []
    order = (Slot.LEFT, Slot.BRAKE, Slot.TAIL, Slot.REVERSE)
    for sign in (1.0, -1.0):
        out.append(block((0.05, 0.62, 0.15), (x + 0.02, sign * (half_width - 0.36), z), Slot.TRIM))
        for k, slot in enumerate((*order, Slot.FOG_REAR) if sign > 0 else order):
            mine = Slot.RIGHT if slot == Slot.LEFT and sign < 0 else slot
            out.append(block((0.03, 0.105, 0.11), (x - 0.005, sign * (half_width - 0.115 - 0.12 * k), z), int(mine)))
    return out


def head_lamps(
    body: Hull, half_width: float, z: float, *, share: float = 0.74, size: tuple[float, float] = (0.36, 0.20)
) -> list[Mesh]:
    """Head lamps on the nose of a hull: two lenses in a dark housing, a daytime strip, an indicator outside."""
    out: list[Mesh] = []
    wide, high = size
    reach = wide / 2 / half_width
    inner, outer = body.nose_at(z, share - reach), body.nose_at(z, share + reach)
    for sign, turn_slot in ((1.0, Slot.LEFT), (-1.0, Slot.RIGHT)):
        yaw = sign * float(np.arctan2(inner - outer, wide))
        pieces = [
            rounded_box((0.07, wide, high), radius=0.025, slot=Slot.LAMP_DARK),
            rounded_box(
                (0.03, 0.34 * wide, 0.60 * high),
                (0.035, -0.20 * wide * sign, 0.06 * high),
                radius=0.02,
                slot=Slot.LOW_BEAM,
            ),
            rounded_box(
                (0.03, 0.34 * wide, 0.60 * high),
                (0.035, 0.20 * wide * sign, 0.06 * high),
                radius=0.02,
                slot=Slot.LOW_BEAM,
            ),
            block((0.03, 0.8 * wide, 0.10 * high), (0.035, 0, -0.38 * high), Slot.DAY),
            block((0.03, 0.07 * wide, 0.9 * high), (0.035, 0.47 * wide * sign, 0), int(turn_slot)),
        ]
        out += [
            turned(piece, yaw=yaw, at=((inner + outer) / 2 + 0.005, sign * share * half_width, z)) for piece in pieces
        ]
    return out


def end_plates(front_x: float, rear_x: float, front_z: float, rear_z: float, rng: np.random.Generator) -> list[Mesh]:
    """Number plates at both ends."""
    index = int(rng.integers(0, 128))
    return [
        plate(0.52, 0.115, index, Slot.PLATE).moved(front_x + 0.012, 0.0, front_z),
        turned(plate(0.52, 0.115, index, Slot.PLATE), yaw=np.pi, at=(rear_x - 0.012, 0.0, rear_z)),
    ]


def fleet_materials(color: str, second: Material, rng: np.random.Generator) -> tuple[Material, ...]:
    """Materials by Slot of a fleet vehicle with a second colour."""
    table = body_materials()
    table[Slot.PAINT] = finishes.paint(color, rng)
    table[Slot.SECOND] = second
    for slot, seam in ((Slot.PAINT, Slot.SEAM), (Slot.SECOND, Slot.SEAM_SECOND)):
        table[seam] = finishes.seam(table[slot], finishes.FAINT_TONE)
    return tuple(table)


def tarpaulin(paint: Material) -> Material:
    """Coated cloth in the colour of a paint."""
    return replace(paint, name="tarpaulin", metallic=0.0, clearcoat=0.0, roughness=0.6)


def contour_tape(x0: float, x1: float, half_width: float, z: float) -> list[Mesh]:
    """Retro-reflective line along both sides (UN R104), as thin plates."""
    return both(block((x1 - x0, 0.006, 0.05), ((x0 + x1) / 2, half_width + 0.003, z), Slot.TAPE))


def side_markers(x0: float, x1: float, half_width: float, z: float) -> list[Mesh]:
    """Amber side-marker lamps and reflectors, not more than 3 m apart (UN R48), as flat lenses."""
    parts: list[Mesh] = []
    for x in np.linspace(x0 + 0.4, x1 - 0.4, 2 + int((x1 - x0 - 0.8) / 3.0)).tolist():
        lens = [[[x + 0.055, half_width, z + dz], [x - 0.055, half_width, z + dz]] for dz in (-0.025, 0.025)]
        parts += both(patch(np.array(lens), Slot.TAPE, flip=True))
    return parts


def rear_doors(tail: float, half: float, low: float, high: float, marked: bool) -> tuple[list[Mesh], list[Mesh]]:
    """What is round the doors at the end `tail` of a closed body between two heights, and what is on them.

    Aluminium frame, end-outline lamps (UN R48) and buffers; seams, hinges, locking rods with their handles, rear
    marking plates and, if it is `marked` as new lorries must be, the contour in tape (R104). The wall is at tail + 2
    cm; each piece on the doors belongs to one of them.
    """
    tall, middle = high - low, (low + high) / 2
    frame = both(block((0.02, 0.09, tall - 0.02), (tail + 0.005, half - 0.045, middle), Slot.ALUMINIUM))
    for z, wide in ((high - 0.06, 0.12), (low + 0.05, 0.10)):
        frame.append(block((0.02, 2 * half - 0.03, wide), (tail + 0.005, 0.0, z), Slot.ALUMINIUM))
    frame += both(
        rounded_box((0.03, 0.10, 0.035), (tail - 0.012, half - 0.10, high - 0.06), radius=0.01, slot=Slot.TAIL)
    )
    for z in (low - 0.02, low + 0.12):
        frame += both(rounded_box((0.09, 0.10, 0.12), (tail - 0.03, half - 0.07, z), radius=0.02, slot=Slot.TRIM))
    parts: list[Mesh] = []
    for y in (half * 0.975, 0.0, -half * 0.975):  # seams
        parts.append(block((0.012, 0.025, tall - 0.1), (tail + 0.010, y, middle), Slot.SEAM_SECOND))
    for share in (0.17, 0.58):  # rods, their handles and keepers
        rod = block((0.03, 0.028, tall - 0.12), (tail - 0.008, share * half, middle), Slot.CHROME)
        handle = block((0.02, 0.34, 0.035), (tail - 0.018, share * half + 0.15, low + 0.3 * tall), Slot.CHROME)
        parts += [*both(rod), *both(handle)]
        for z in (low + 0.08, high - 0.08):
            parts += both(rounded_box((0.04, 0.09, 0.07), (tail - 0.008, share * half, z), radius=0.01, slot=Slot.TRIM))
    for share in (0.12, 0.37, 0.63, 0.88):
        hinge_z = low + share * tall
        parts += both(
            rounded_box((0.03, 0.17, 0.05), (tail - 0.010, half - 0.11, hinge_z), radius=0.012, slot=Slot.TRIM)
        )
    side, face = half - 0.20, tail + 0.014
    if marked:
        parts += both(block((0.006, 0.05, tall - 0.36), (face, side, middle), Slot.TAPE))
        for z in (low + 0.155, high - 0.155):
            parts += both(block((0.006, side - 0.06, 0.05), (face, 0.5 * side + 0.02, z), Slot.TAPE))
    return frame, parts + marking_plates(tail, half, low + 0.33)


def rear_leaves(tail: float, half: float, low: float, high: float, on_them: list[Mesh], slot: int) -> list[Leaf]:
    """The two wings of rear doors, which open round to the flanks, with what is on them (see `rear_doors`)."""
    top, bottom, wide = high - 0.11, low + 0.10, half - 0.07
    leaves = []
    for sign in (1.0, -1.0):
        wall = block((0.045, wide, top - bottom), (tail + 0.035, sign * (wide / 2 + 0.002), (top + bottom) / 2), slot)
        mine = [mesh for mesh in on_them if (mesh.vertices[:, 1].mean() >= -1e-6) == (sign > 0)]
        hinge = (tail - 0.02, sign * (half + 0.02), bottom)
        leaves.append(Leaf(hinge, -sign * WINGS_RAD, [wall, *mine]))
    return leaves


def marking_plates(tail: float, half: float, z: float) -> list[Mesh]:
    """Rear marking plates of long vehicles (UN R70) on a wall at x = `tail`: yellow with a red border."""
    red = block((0.012, 0.58, 0.20), (tail - 0.002, 0.56 * half, z), Slot.REFLECTOR)
    yellow = block((0.012, 0.50, 0.12), (tail - 0.005, 0.56 * half, z), Slot.TAPE)
    return [*both(red), *both(yellow)]
