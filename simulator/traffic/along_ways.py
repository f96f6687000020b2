"""Along ways: where on a way somebody is, where it heads for, and which way it takes next."""

from __future__ import annotations

import numpy as np

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import kernel
from simulator.traffic.person import FOR_ROUTE

AHEAD_M = 2.0  # along the way to where a person heads
WIDEST_M = 2.0  # from the middle of a way to where people walk on wide ones
SPARE_M = 0.15  # from the edge of a way, beyond the body


@kernel(inline=True)
def draw(person, key, seed, world, purpose):
    """The next random number in [0, 1) of a person; `key` names whose it is."""
    bits, _, _, _ = hash4(seed, world * 65537 + key, person.draws, purpose)
    person.draws += 1
    return uniform(bits)


@kernel(inline=True)
def choose_next(walkways, person, seed, world):
    """Decide which way follows: any at the node ahead, back only at a dead end."""
    way = walkways.ways[person.way]
    node = walkways.nodes[way.end if person.forward > 0 else way.start]
    arrival = 2 * person.way + (1 if person.forward > 0 else 0)
    chosen = arrival
    if node.ends > 1:
        bits, _, _, _ = hash4(seed, world * 65537 + person.group, person.draws, FOR_ROUTE)
        person.draws += 1
        k = min(int(uniform(bits) * (node.ends - 1)), node.ends - 2)
        for e in range(node.first, node.first + node.ends):
            if walkways.ends[e] == arrival:
                continue
            if k == 0:
                chosen = walkways.ends[e]
                break
            k -= 1
    person.next_way = chosen // 2
    person.next_forward = 1 if chosen % 2 == 0 else -1


@kernel(inline=True)
def project(walkways, way, hint, x, y):
    """Point before the place on a way nearest to (x, y), metres along it, to its left, and half its width there.

    The search starts at point `hint` and goes downhill. Beyond the ends s is less than 0 or more than the length.
    """
    points = walkways.points
    first = walkways.ways[way].first
    last = first + walkways.ways[way].points - 2
    k, turn = min(max(hint, first), last), 0
    while True:
        a = points[k]
        ox, oy = x - a.x, y - a.y
        along = ox * a.ux + oy * a.uy
        if along > a.step and k < last and turn >= 0:
            k, turn = k + 1, 1
        elif along < 0.0 and k > first and turn <= 0:
            k, turn = k - 1, -1
        else:
            break
    d = oy * a.ux - ox * a.uy
    inside = min(max(along, 0.0), a.step)
    if inside != along and ((k > first and along < 0.0) or (k < last and along > 0.0)):  # in the wedge at a bend
        d = np.copysign(np.sqrt(d * d + (along - inside) * (along - inside)), d)
        along = inside
    return k, a.s + along, d, a.half_width + inside * a.widens


@kernel(inline=True)
def margin_of(walkways, way, hint, x, y):
    """How far within a way (x, y) lies, m; its ends are round."""
    _, s, d, half = project(walkways, way, hint, x, y)
    beyond = max(-s, s - walkways.ways[way].length, 0.0)
    return half - np.sqrt(d * d + beyond * beyond)


@kernel(inline=True)
def _place_on(walkways, way, forward, s, side, radius, widest):
    """x, y of a place `s` metres along a way from where one enters it, `side` (-1 .. 1) to the left as one goes.

    Where the way is wider than `widest` to each side, only so much of it counts.
    """
    row = walkways.ways[way]
    along = s if forward > 0 else row.length - s
    k = row.first
    last = row.first + row.points - 2
    while k < last and walkways.points[k + 1].s <= along:
        k += 1
    a = walkways.points[k]
    along = min(max(along - a.s, 0.0), a.step)
    off = forward * side * max(min(a.half_width + along * a.widens, widest) - radius - SPARE_M, 0.0)
    return a.x + along * a.ux - off * a.uy, a.y + along * a.uy + off * a.ux


@kernel(inline=True)
def heads_for(walkways, person):
    """x, y of the place that a person heads for."""
    way = walkways.ways[person.way]
    left = way.length - person.s if person.forward > 0 else person.s
    if left > AHEAD_M:
        # Look on from the point where the person is.
        along = person.s + person.forward * AHEAD_M
        k = person.point
        last = way.first + way.points - 2
        while k < last and walkways.points[k + 1].s <= along:
            k += 1
        while k > way.first and walkways.points[k].s > along:
            k -= 1
        a = walkways.points[k]
        along = min(max(along - a.s, 0.0), a.step)
        half = min(a.half_width + along * a.widens, WIDEST_M)
        off = person.forward * person.side * max(half - person.radius - SPARE_M, 0.0)
        return a.x + along * a.ux - off * a.uy, a.y + along * a.uy + off * a.ux
    # Round the corner nobody keeps further from the middle than both ways allow.
    widest = min(walkways.points[person.point].half_width, WIDEST_M)
    return _place_on(
        walkways, person.next_way, person.next_forward, AHEAD_M - max(left, 0.0), person.side, person.radius, widest
    )
