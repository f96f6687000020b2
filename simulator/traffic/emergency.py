"""Blue lamps: others make way, towards the edges of the road, and the emergency vehicle passes between them.

Where there are several lanes one way, those on the leftmost go left and all others right (mirrored where traffic keeps
left), as the German "Rettungsgasse" has it (StVO, section 11); elsewhere all keep to their side.
"""

from __future__ import annotations

from simulator.numerics.jit import kernel
from simulator.traffic.lane_change import lane_beside
from simulator.traffic.lane_map import NONE, half_width_at
from simulator.traffic.occupancy import ASKS
from simulator.traffic.poses import BEACON
from simulator.traffic.state import WAYS

HEARD_M = 100.0  # ahead of a siren others make way
ASIDE_S = 3.0  # after they last heard it they go on
EDGE_M = 0.1  # kept to the edge of the lane
SLOW = 0.6  # of the limit, meanwhile
CALM_MPS2 = 2.0  # of braking to that


@kernel
def make_way(lanes, lines, entries, vehicles, drivers, dt):
    """Let everybody know of the emergency vehicles of a world, and of where to go.

    Args:
        lanes, lines, entries, vehicles, drivers: of this world.
        dt: s since the last call.
    """
    for i in range(len(vehicles)):
        me = vehicles[i]
        if me.aside > 0.0:
            me.aside = max(me.aside - dt, 0.0)
            me.wish_d = aside_d(lanes, me, drivers[i]) if me.aside > 0.0 else 0.0
    for i in range(len(vehicles)):
        me = vehicles[i]
        if me.lane == NONE or not me.lamps & BEACON:
            continue
        for side in range(-1, 2):
            lane, s = (me.lane, me.s) if side == 0 else lane_beside(lanes, me, side)
            if lane != NONE:
                warn(lines, entries, vehicles, lane, s)
        ahead = lanes.lanes[me.lane].length - me.s
        for k in range(WAYS):
            if me.ways[k] == NONE or ahead > HEARD_M:
                break
            warn(lines, entries, vehicles, me.ways[k], -ahead)
            ahead += lanes.lanes[me.ways[k]].length
        # Between those who make way: at the line beside the lane, if there is another one.
        me.wish_d = 0.0
        if lanes.lanes[me.lane].junction == NONE:
            row = lanes.lanes[me.lane]
            if row.left != NONE or row.right != NONE:
                me.wish_d = -aside_side(lanes, me) * (half_width_at(lanes, me.lane, me.s) - EDGE_M)


@kernel
def warn(lines, entries, vehicles, lane, s):
    """Let those within earshot ahead of a place on a lane make way."""
    count, e = len(vehicles), lines[lane].last
    while e != NONE and entries[e].s > s:
        other = vehicles[e % count]
        if e < ASKS * count and entries[e].s < s + HEARD_M and not other.lamps & BEACON:
            other.aside = ASIDE_S
        e = entries[e].behind


@kernel(inline=True)
def aside_side(lanes, vehicle):
    """Side to which a vehicle makes way."""
    row = lanes.lanes[vehicle.lane]
    inner, outer = (row.left, row.right) if row.keeps < 0 else (row.right, row.left)
    return -row.keeps if inner == NONE and outer != NONE else row.keeps


@kernel(inline=True)
def aside_d(lanes, vehicle, driver):
    """m to the left, where a vehicle in its lane makes way."""
    room = half_width_at(lanes, vehicle.lane, vehicle.s) - driver.half_width - EDGE_M
    return aside_side(lanes, vehicle) * max(room, 0.0)


@kernel(inline=True)
def calm(lanes, vehicle):
    """m/s2 at most, of one who makes way."""
    slow = SLOW * lanes.samples[lanes.lanes[vehicle.lane].first].limit
    return max(slow - vehicle.speed, -CALM_MPS2)
