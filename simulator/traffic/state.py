"""Rows of moving things: what changes of a vehicle as it drives, and who drives it. Arrays are worlds x actors."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

WAYS = 8  # lanes ahead that a driver has decided on
CLAIMS = 4  # ways through junctions that a vehicle may have a claim on at once


class Control(IntEnum):
    """Who moves a vehicle."""

    NOBODY = 0  # the row is empty
    DRIVER = 1  # the models of this package
    GUIDED = 2  # along lanes too, but at `wish_speed` and to `wish_lane` from outside, heeding nobody
    OUTSIDE = 3  # something else writes the pose and the speed; others react to it
    WRECK = 4  # it has collided: it slides to a stand and stays
    ARRIVED = 5  # it has left the map: nobody, until another comes up in its row
    WRONG_WAY = 6  # the models of this package, against the traffic


VEHICLE_DTYPE = np.dtype(
    [
        ("control", np.int64),  # Control
        # Pose: ISO 8855, origin on the ground under the middle of the rear axle; m from the origin of the map, rad.
        ("x", np.float64),
        ("y", np.float64),
        ("z", np.float64),
        ("yaw", np.float64),
        ("pitch", np.float64),
        ("roll", np.float64),
        ("speed", np.float64),  # m/s forwards
        ("lateral_speed", np.float64),  # m/s to the left, of what skids
        ("yaw_rate", np.float64),  # rad/s
        ("acceleration", np.float64),  # m/s2 forwards
        ("wish_acceleration", np.float64),  # m/s2 that its driver has chosen for this step
        ("steer", np.float64),  # rad
        ("lean", np.float64),  # rad of roll and pitch by its springs
        ("dive", np.float64),
        ("travel", np.float64),  # m driven since it came up
        # Place on the map, of the origin.
        ("lane", np.int64),
        ("s", np.float64),  # m
        ("d", np.float64),  # m to the left of the lane's middle; eases to `wish_d`
        ("slope", np.float64),  # m sideways for each m along the lane
        ("bend", np.float64),  # 1/m by which `slope` changes: what the front wheels are turned for
        ("wish_d", np.float64),  # m, where in the lane it wants to be
        ("beside", np.int64),  # lane that it occupies too (during a change), or NONE
        ("beside_s", np.float64),
        ("ways", np.int64, (WAYS,)),  # lanes that follow on its way, NONE where not yet decided
        ("wish_speed", np.float64),  # m/s, of GUIDED
        ("wish_lane", np.int64),  # of GUIDED: -1 to the right, 1 to the left, 0 stay
        ("change", np.int64),  # of lanes, under way: 1 to the left, -1 to the right, 0 none
        ("change_age", np.float64),  # s since the last change began
        ("goal", np.int64),  # 1 + number of the goal (`Lanes.routes`) that it drives to; 0: wherever chance leads it
        ("aside", np.float64),  # s for which it still makes way for an emergency vehicle
        ("asks", np.int64),  # to be let in: 1 to the left, -1 to the right, 0 nothing
        ("waited", np.float64),  # s standing, in a row
        ("entered", np.int64),  # when it was let into the junction on its way, a running number; 0: not yet
        ("lamps", np.uint32),  # scene.Switch bits; those of indicators as long as they flash
        ("steps", np.int64),  # since it came up: key of its random draws
        ("serial", np.int64),  # which vehicle this row is, counted over all that the row has been
        # Right of way; zeros when it comes up.
        ("claims", np.int64, (CLAIMS,)),  # lanes that it was let into and whose conflicts its tail has not left
        ("claim_travel", np.float64, (CLAIMS,)),  # `travel` at the start of each
        ("claim_number", np.int64, (CLAIMS,)),  # `entered` of when it was let in; 0: none
        ("hold", np.int64),  # why it is not let in (`right_of_way.Hold`)
        ("asking", np.float64),  # s for which it has been slow or standing at a gate
        ("waits_for", np.int64),  # the vehicle that kept it from going on in the last step, or NONE
        # Collisions (`wrecks`); zeros when it comes up.
        ("against", np.int64),  # 1: it faces against the traffic of its lane
        ("struck", np.int64),  # what it has touched, bits of `Struck`
        ("delta_v", np.float64),  # m/s, the greatest change of velocity by an impact: how severe that was
        ("wrecked", np.float64),  # s since it became a wreck
        # Passing those ahead (`overtaking`); zeros when it comes up.
        ("over", np.int64),  # Over
        ("passing", np.int64),  # 1 + index of the last of those it passes, until it is ahead of that one; 0: nobody
        ("out_d", np.float64),  # m to the left of the lane's middle, where it passes
    ]
)
DRIVER_DTYPE = np.dtype(
    [
        ("front", np.float64),  # m from the origin to the front bumper
        ("rear", np.float64),  # m from the origin back to the rear bumper
        ("half_width", np.float64),
        ("height", np.float64),
        ("lean", np.float64),  # rad of roll for each m/s2 to the left
        ("dive", np.float64),  # rad of pitch for each m/s2 of braking
        ("wheelbase", np.float64),
        ("model", np.int64),  # of the list that the caller keeps: what it looks like
        ("body", np.int64),  # row of the vehicle table (`simulator.dynamics`) of one that is driven from OUTSIDE
        # Intelligent Driver Model
        ("pace", np.float64),  # desired speed in shares of the limit
        ("fastest", np.float64),  # m/s that the vehicle reaches
        ("headway", np.float64),  # s
        ("gap", np.float64),  # m between bumpers at a stand
        ("accel", np.float64),  # m/s2
        ("decel", np.float64),  # m/s2, comfortable
        ("hardest", np.float64),  # m/s2 that brakes and road allow
        ("lateral", np.float64),  # m/s2 that is comfortable in curves
        # MOBIL
        ("politeness", np.float64),
        ("threshold", np.float64),  # m/s2 gained, below which nobody changes lanes
        ("safe", np.float64),  # m/s2 of braking that others may be made to do
        ("patience", np.float64),  # s that it waits for a right of way before smaller gaps do
        ("failing", np.int64),  # what it does wrong, bits of `Failing`
    ]
)


CONDITIONS_DTYPE = np.dtype(
    [
        ("pace", np.float64),  # shares of the speed that drivers want in fair weather
        ("headway", np.float64),  # times the time headway that they keep then
        ("grip", np.float64),  # m/s2 that tyres and road allow; infinite: as each vehicle can
        ("fastest", np.float64),  # m/s, at which who sees something can still stop before it
    ]
)
FAIR = np.array((1.0, 1.0, np.inf, np.inf), CONDITIONS_DTYPE)


class Struck(IntEnum):
    """What a vehicle has touched (bits)."""

    VEHICLE = 1
    PERSON = 2
    WRECK = 4  # a wreck, or a thing that lies on the road


class Over(IntEnum):
    """How far a vehicle is in passing another on the same lane, or over the oncoming one."""

    NOT = 0
    OUT = 1  # moving out, or beside those it passes
    BACK = 2  # pulling in
    FALLING = 3  # it does not fit any more: it lets those ahead get ahead, and then pulls in


class Failing(IntEnum):
    """What a driver does wrong (bits): the family BEH of the taxonomy."""

    DISTRACTED = 1  # does not look up for seconds
    RED_RUNNER = 2  # drives over red lights
    WRONG_WAY = 4  # drives against the traffic
    TAILGATER = 8  # keeps half the headway, below a second
    NO_YIELD = 16  # takes the right of way of others
    SUDDEN_BRAKING = 32  # brakes hard for nothing, now and then
    ERRATIC_SLOW = 64  # crawls, at a speed that changes
    SWERVING = 128  # cannot keep to the middle of a lane
    SPEEDING = 256  # far above the limit
