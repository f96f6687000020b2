"""Light sources of vehicles with the intensities of the UN regulations.

Head lamps: R112 class B; their axes are level, for the dip of the low beam is part of its pattern
(`sensors.shading.beams`). Rear position lamps 4-12 cd, stop lamps 60-185 cd (R7), rear indicators 50-350 cd, front ones
175-700 cd (R6), reversing lamps 80-300 cd (R23), daytime lamps 400-1200 cd (R87), rear fog lamps 150-300 cd (R38),
front ones some thousand below a cut-off (R19). What only has to be seen has the standard light distribution of R6 and
R7; reversing lamps, which light the road, are wide. Lights over passengers shine when the low beams do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simulator.actors.coachwork import Slot
from simulator.actors.shape import block, both
from simulator.scene import Lamp, Mesh, Switch
from simulator.scene.material import Beam

# Linear colours with luminance 1 (0.2126 r + 0.7152 g + 0.0722 b).
RED = (4.4, 0.08, 0.02)
AMBER = (2.3, 0.71, 0.02)
WARM = (1.15, 0.97, 0.82)
WHITE = (1.0, 1.0, 1.0)
BLUE = (0.2, 0.7, 6.3)
PLATE_CD, PLATE_M = 7.0, 0.15  # of the lamp over a plate, and how far behind it and above its middle it is
LOW_BEAM_CD, HIGH_BEAM_CD, FOG_BEAM_CD = 22_000.0, 40_000.0, 5_000.0
FOG_Z = 0.36  # m: low, so that the beam stays under the fog


def cabin_lights(front: float, rear: float, half: float, z: float) -> tuple[list[Mesh], tuple[Lamp, ...]]:
    """A ceiling over passengers, strips of light at the upper edge `z` of the windows, and their lamps.

    They shine with the low beams, in the dark: 120 cd down every 3.5 m, some 50 lx on the seats below.
    """
    middle, length = (front + rear) / 2, front - rear
    parts = [block((length, 1.7 * half, 0.03), (middle, 0.0, z + 0.12), Slot.SECOND)]
    parts += both(block((length - 0.3, 0.12, 0.06), (middle, 0.72 * half, z - 0.05), Slot.CABIN))
    count = max(round(length / 3.5), 1)
    at = rear + (np.arange(count) + 0.5) * length / count
    down = (0.0, 0.0, -1.0)
    return parts, tuple(Lamp((float(x), 0.0, z - 0.06), down, 120.0, WHITE, Beam.LAMBERT, Switch.LOW_BEAM) for x in at)


def plate_lamps(parts: Sequence[Mesh]) -> tuple[Lamp, ...]:
    """The lamp over the rear one of the plates among `parts`: at least 2.5 cd/m2 all over it (UN R4, 9); or none."""
    middles = [part.vertices.mean(axis=0) for part in parts if np.all(part.slots == Slot.PLATE)]
    if not middles:
        return ()
    x, y, z = min(middles, key=lambda middle: float(middle[0])).tolist()
    aim = (math.sqrt(0.5), 0.0, -math.sqrt(0.5))
    return (Lamp((x - PLATE_M, y, z + PLATE_M), aim, PLATE_CD, WHITE, Beam.LAMBERT, Switch.PLATE),)


def vehicle_lamps(
    nose_x: float,
    tail_x: float,
    width: float,
    *,
    head_z: float,
    tail_z: float,
    head_share: float = 0.74,
    tail_share: float = 0.80,
    beacon: tuple[float, float] | None = None,
) -> tuple[Lamp, ...]:
    """Head, tail, brake, reversing lamps and indicators, left then right, just outside the surface of the body.

    `beacon` is (x, z) of a blue light on the roof.
    """
    out: list[Lamp] = []
    forward, back = (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
    for sign, turn in ((1.0, Switch.INDICATOR_LEFT), (-1.0, Switch.INDICATOR_RIGHT)):
        front = (nose_x - 0.02, sign * head_share * width / 2, head_z)
        rear = (tail_x + 0.01, sign * tail_share * width / 2, tail_z)
        low = (nose_x - 0.02, front[1], min(FOG_Z, head_z))
        out += [
            Lamp(front, forward, LOW_BEAM_CD, WARM, Beam.LOW_BEAM, Switch.LOW_BEAM),
            Lamp(front, forward, HIGH_BEAM_CD, WARM, Beam.HIGH_BEAM, Switch.HIGH_BEAM),
            Lamp(front, forward, 300.0, AMBER, Beam.SIGNAL, turn),
            Lamp(low, forward, FOG_BEAM_CD, WARM, Beam.LOW_BEAM, Switch.FOG_FRONT),
            Lamp(rear, back, 8.0, RED, Beam.SIGNAL, Switch.POSITION),
            Lamp(rear, back, 120.0, RED, Beam.SIGNAL, Switch.BRAKE),
            Lamp(rear, back, 200.0, AMBER, Beam.SIGNAL, turn),
        ]
    left = (tail_x + 0.01, tail_share * width / 2, min(FOG_Z + 0.1, tail_z))
    out.append(Lamp(left, back, 200.0, RED, Beam.SIGNAL, Switch.FOG_REAR))
    out.append(Lamp((tail_x + 0.01, 0.0, tail_z), back, 180.0, WHITE, Beam.LAMBERT, Switch.REVERSE))
    if beacon is not None:
        out.append(Lamp((beacon[0], 0.0, beacon[1]), (1.0, 0.0, 0.0), 120.0, BLUE, Beam.ISOTROPIC, Switch.BEACON))
    return tuple(out)
