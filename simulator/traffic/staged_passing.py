"""Passing over the oncoming lane in staged worlds, by the rules of all traffic (`overtaking`).

There ways are given and sideways places are told as metres beside a path. Who passes stays on the lanes of its path all
the while, far to the side of their middle.
"""

from __future__ import annotations

from simulator.numerics.jit import kernel
from simulator.traffic.lane_map import NONE, sample_at
from simulator.traffic.overtaking import mind_who_passes, overtake
from simulator.traffic.staged_changes import FREE
from simulator.traffic.state import Control, Over

DRIVER, GUIDED = int(Control.DRIVER), int(Control.GUIDED)
NOT, OUT = int(Over.NOT), int(Over.OUT)
CLEAR_M, CLEAR_S = 60.0, 12.0  # of the oncoming lane that must be free of what is no vehicle, and time until then


@kernel(inner=True)
def _is_clear(lanes, notes, vehicle):
    """Whether nothing but vehicles is on the oncoming lane, as far as a driver may come to be there."""
    here = lanes.passing[sample_at(lanes, vehicle.lane, vehicle.s)[0]]
    if here.oncoming == NONE:
        return True
    far = CLEAR_M + CLEAR_S * vehicle.speed
    n = notes.first[here.oncoming]
    while n != NONE:
        note = notes.notes[n]
        n = note.next
        if note.s1 > here.oncoming_s - far and note.s0 < here.oncoming_s + CLEAR_M:
            return False
    return True


@kernel
def pass_others(map_, stage, period):
    """Let drivers who change lanes freely pass others over the oncoming lane, too; how many of them are out.

    Args:
        map_: Map.
        stage: Stage, with everybody in their places; where they pass is written to `agents` and `ways`.
        period: steps between two looks of a driver.
    """
    lanes, vehicles, agents = map_.lanes, stage.vehicles, stage.agents
    some = False
    for i in range(len(agents)):
        vehicle, way = vehicles[i], stage.ways[i]
        vehicle.steps += 1
        may = way.changes == FREE and agents[i].reacts and agents[i].started and vehicle.lane != NONE
        may = may and way.across == 0 and not stage.tyres.slides[i] and (vehicle.over != NOT or not way.sidles)
        vehicle.control = DRIVER if may else GUIDED
        if not may:
            vehicle.over, vehicle.passing = NOT, 0
        some |= may
    if not some:
        return 0
    out = overtake(lanes, map_.gates, stage.lines, stage.entries, vehicles, stage.drivers, stage.stand, period)
    for i in range(len(agents)):
        vehicle, agent, way = vehicles[i], agents[i], stage.ways[i]
        if vehicle.over != NOT and not way.sidles and not _is_clear(lanes, stage.notes, vehicle):
            vehicle.over, vehicle.passing, out = NOT, 0, out - 1
        if vehicle.over != NOT:
            wanted = vehicle.wish_d if vehicle.wish_d != 0.0 else way.home
            way.sidles = way.sidles or agent.lateral_to != wanted
            agent.lateral_to, agent.lateral_seconds = wanted, 0.0
        vehicle.control = GUIDED
    return out


@kernel
def mind(map_, stage, asked):
    """Let those who are passed, give up, or come towards who passes do their part: `asked` (A,), m/s2, is changed."""
    vehicles = stage.vehicles
    for i in range(len(vehicles)):
        if vehicles[i].lane != NONE:
            vehicles[i].wish_acceleration = asked[i]
            vehicles[i].control = DRIVER if stage.agents[i].reacts else GUIDED
    mind_who_passes(map_.lanes, stage.lines, stage.entries, vehicles, stage.drivers)
    for i in range(len(vehicles)):
        vehicles[i].control = GUIDED
        if vehicles[i].lane != NONE:
            asked[i] = vehicles[i].wish_acceleration
