"""Over the street: people wait at kerbs for lights and gaps, set out, hesitate, arrive; some cross anywhere."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.traffic.along_ways import choose_next, draw, project
from simulator.traffic.gaps import must_wait
from simulator.traffic.person import FOR_STRAY, FOR_TURN, RELAXATION_S, Mode
from simulator.traffic.walkways import NONE

KERB_M = 0.1  # kept from the kerb while waiting, beyond the body
NEAR_KERB_M = 3.0  # from here on drivers are told that somebody comes
HESITATION_S = 0.5  # of margin to vehicles that still come when one is on the way
PATIENCE_S = 40.0  # at a kerb without lights
SET_OUT_M = 0.5  # beyond the kerb at least, who is on the way between crossings: round what stands there it walks
CALM_S = 5.0  # after which a person may stray again, at least
HURRY = 2.2  # pace of who runs over the street without looking


@kernel(inline=True)
def kerb_of(walkways, crossing, forward):
    """Kerb that is reached first, unit vector over the street, and length of a crossing, for who goes `forward`."""
    row = walkways.crossings[crossing]
    dx, dy = row.x1 - row.x0, row.y1 - row.y0
    length = max(np.sqrt(dx * dx + dy * dy), 1e-6)
    if forward > 0:
        return row.x0, row.y0, dx / length, dy / length, length
    return row.x1, row.y1, -dx / length, -dy / length, length


@kernel(inline=True)
def _crossing_ahead(walkways, person):
    """Crossing that a person is on or comes to next, and whether it goes from its first kerb (1) or from its second."""
    here = walkways.ways[person.way].crossing
    if here >= 0:
        return here, person.forward
    left = walkways.ways[person.way].length - person.s if person.forward > 0 else person.s
    if left < NEAR_KERB_M and person.next_way >= 0:
        return walkways.ways[person.next_way].crossing, person.next_forward
    return NONE, 1


@kernel(inline=True)
def _turn_back(walkways, person, seed, world):
    """Give a crossing up: go back if on its way, else take another way at the next node."""
    before = person.next_way
    person.mode, person.waited, person.crossing = Mode.WALKING, 0.0, NONE
    if walkways.ways[person.way].crossing >= 0:
        person.forward = -person.forward
        before = person.way
    for _ in range(8):
        choose_next(walkways, person, seed, world)
        if person.next_way != before:
            break


@kernel(inline=True)
def at_crossing(walkways, person, seen, go, looks, dt, seed, world):
    """Wait, set out, hesitate, arrive; returns the speed allowed to a person, as a share of its pace.

    Who waits for `PATIENCE_S` where no light will change turns round.
    """
    crossing, forward = _crossing_ahead(walkways, person)
    if crossing < 0:
        person.crossing = NONE
        if person.mode <= Mode.CROSSING:
            person.mode = Mode.WALKING
        return 1.0
    kx, ky, ux, uy, length = kerb_of(walkways, crossing, forward)
    over = (person.x - kx) * ux + (person.y - ky) * uy  # m beyond the first kerb
    if over > length:
        person.crossing, person.mode, person.waited, person.hold = NONE, Mode.WALKING, 0.0, 0
        return 1.0
    row = walkways.crossings[crossing]
    pace = person.pace
    if person.mode == Mode.CROSSING:
        if looks and person.heedless == 0:
            person.hold = must_wait(seen, kx, ky, ux, uy, length, 0.5 * row.width, over, pace, 0.5, row.marked)
        return 0.0 if person.hold else 1.0
    if over < -NEAR_KERB_M:
        person.crossing = NONE
        return 1.0
    person.crossing = crossing
    before = -over - person.radius - KERB_M
    if looks and before < 1.0:
        allowed = person.heedless > 0
        if not allowed and (row.signals == 0 or go[crossing] > length / pace):
            margin = HESITATION_S if row.signals > 0 else person.caution * max(0.5, 1.0 - person.waited / 60.0)
            allowed = not must_wait(
                seen, kx, ky, ux, uy, length, 0.5 * row.width, min(over, 0.0), pace, margin, row.marked
            )
        if allowed:
            person.mode, person.hold = Mode.CROSSING, 0
            return 1.0
    if before < 0.5:
        person.mode = Mode.WAITING
        person.waited += dt
        if person.waited > PATIENCE_S and row.signals == 0:
            _turn_back(walkways, person, seed, world)
            return 1.0
    return min(max(before, 0.0) / (RELAXATION_S * pace), 1.0)


@kernel(inline=True)
def may_stray(walkways, person, looks_s, seed, world):
    """Now and then decide to cross the street right here, where there is another side to go to."""
    person.waited = max(person.waited - looks_s, 0.0)
    if person.strays <= 0.0 or person.waited > 0.0 or person.crossing >= 0:
        return
    k = person.point
    if k + 1 < walkways.ways[person.way].first + walkways.ways[person.way].points and (
        person.s - walkways.points[k].s > walkways.points[k + 1].s - person.s
    ):
        k += 1
    over = walkways.points[k].over
    if over < 0 or draw(person, person.group, seed, world, FOR_STRAY) > person.strays * looks_s:
        return
    person.over, person.from_x, person.from_y = over, person.x, person.y
    person.mode = Mode.STRAYING if person.heedless else Mode.LOOKING
    person.haste = HURRY if person.heedless else 1.0
    person.waited = 0.0


@kernel(inline=True)
def straying(walkways, person, seen, looks, dt, seed, world):
    """Cross between crossings; x, y to head for and the speed allowed, as a share of the pace.

    The street lies between the edge of the own way and that of the one opposite.
    """
    to = walkways.points[person.over]
    dx, dy = to.x - person.x, to.y - person.y
    away = max(np.sqrt(dx * dx + dy * dy), 1e-6)
    ux, uy = dx / away, dy / away
    if person.mode == Mode.LOOKING:
        before = max(person.room - person.radius, 0.0)
        length = away - before - person.radius - to.half_width
        person.waited += dt
        if looks and before < 0.6:
            start = before + person.radius
            wait = must_wait(
                seen,
                person.x + start * ux,
                person.y + start * uy,
                ux,
                uy,
                max(length, 1.0),
                1.0,
                -start,
                person.pace,
                person.caution * max(0.5, 1.0 - person.waited / 60.0),
                0,
            )
            if not wait:
                person.mode, person.from_x, person.from_y, person.hold = Mode.STRAYING, person.x, person.y, 0
        if person.waited > PATIENCE_S:
            person.mode, person.over, person.waited = Mode.WALKING, NONE, CALM_S
        return to.x, to.y, min(before / (RELAXATION_S * person.pace), 1.0)
    k, s, d, half = project(walkways, to.way, person.over, person.x, person.y)
    beyond = max(-s, s - walkways.ways[to.way].length, 0.0)
    if half - np.sqrt(d * d + beyond * beyond) > person.radius + 0.05:
        person.way, person.point, person.s, person.d, person.room = to.way, k, s, d, half - abs(d)
        person.forward = 1 if draw(person, person.group, seed, world, FOR_TURN) < 0.5 else -1
        choose_next(walkways, person, seed, world)
        person.mode, person.over, person.haste, person.waited, person.hold = Mode.WALKING, NONE, 1.0, 4.0 * CALM_S, 0
        return to.x, to.y, 1.0
    if looks and person.heedless == 0:
        x, y = person.x - SET_OUT_M * ux, person.y - SET_OUT_M * uy
        run = SET_OUT_M + max(away - to.half_width, 0.5)
        pace = person.pace * person.haste
        person.hold = must_wait(seen, x, y, ux, uy, run, 0.5, SET_OUT_M, pace, HESITATION_S, 0)
    return to.x, to.y, (0.0 if person.hold else 1.0)
