"""Who walks: one kernel that draws the people of a world and puts them on their way, without any two overlapping."""

from __future__ import annotations

import numpy as np

from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import borrowed, kernel
from simulator.traffic.along_ways import SPARE_M, choose_next
from simulator.traffic.person import CAUTION_S, Being
from simulator.traffic.walkways import NONE, Walkways

APART_M = 0.6  # between people at the start
TRIES = 20  # at a place for somebody
_STRAYS_S, _RUNS_S = 60.0, 20.0  # jaywalkers set out about as often; who does not look more often
_SPREAD = 0.45  # of where across the way people like to walk
_KEEPS = 0.3  # its mean, towards the side that traffic drives on
_WHO, _BODY, _MANNER, _PLACE = 11, 12, 13, 14  # purposes of random draws


@kernel(inline=True)
def _normal(a, b):
    """A standard normal number from two random words (Box and Muller)."""
    return np.sqrt(-2.0 * np.log(1.0 - np.float64(uniform(a)))) * np.cos(2.0 * np.pi * np.float64(uniform(b)))


@kernel(inline=True)
def _character(person, i, table, chances, seed, world):
    """Draw who somebody is; returns a number in [0, 1) for the way it starts on."""
    a, b, c, d = hash4(seed, world, i, _WHO)
    u, being = np.float64(uniform(a)), Being.ADULT
    for k in range(Being.ADULT, Being.ANIMAL):
        u -= chances.share[k]
        if u < 0.0:
            break
        being = k + 1
    row = table[being]
    person.being, person.radius, person.stride = being, row.radius, row.stride
    person.forward = 1 if uniform(b) < 0.5 else -1
    person.phase = 2.0 * np.pi * uniform(c)
    person.group = i
    start = np.float64(uniform(d))
    a, b, c, d = hash4(seed, world, i, _BODY)
    person.pace = row.pace + row.spread * min(max(_normal(a, b), -2.5), 2.5)
    person.caution = CAUTION_S * row.care * np.exp(0.2 * min(max(_normal(c, d), -3.0), 3.0))
    a, b, c, d = hash4(seed, world, i, _MANNER)
    person.strays = 1.0 / _STRAYS_S if uniform(a) < chances.jaywalkers else 0.0
    person.heedless = 1 if uniform(b) < chances.heedless else 0
    if person.heedless:
        person.strays = 1.0 / _RUNS_S
    person.side = min(max(-_KEEPS * chances.right + _SPREAD * _normal(c, d), -1.0), 1.0)
    person.haste, person.progress = 1.0, person.pace
    person.draws, person.waited, person.hold, person.beside, person.mode = 0, 0.0, 0, 0, 0
    person.crossing = person.over = person.next_way = NONE
    person.from_x = person.from_y = person.wish_x = person.wish_y = person.nearest = 0.0
    person.next_forward = 0
    return start


@kernel(inline=True)
def put(walkways, person, way, s):
    """Put somebody on a way, `s` metres along it, as far across as it likes."""
    row = walkways.ways[way]
    s = min(max(s, 0.0), row.length)
    k = row.first
    while k < row.first + row.points - 2 and walkways.points[k + 1].s <= s:
        k += 1
    a = walkways.points[k]
    on = s - a.s
    half = a.half_width + on * a.widens
    d = person.forward * person.side * max(half - person.radius - SPARE_M, 0.0)
    person.way, person.point, person.s, person.d, person.room = way, k, s, d, half - abs(d)
    person.x, person.y = a.x + on * a.ux - d * a.uy, a.y + on * a.uy + d * a.ux
    person.z = a.z + on * a.rises
    person.heading = np.arctan2(person.forward * a.uy, person.forward * a.ux)
    person.vx, person.vy = person.pace * person.forward * a.ux, person.pace * person.forward * a.uy


@kernel(inner=True)
def draw_people(walkways, people, table, chances, reach, seed, world):
    """Draw the people of one world: all rows that find a place; the others stay empty.

    Args:
        walkways: `Walkways`, at least one way.
        people: (P,) PERSON_DTYPE, overwritten.
        table: BEING_DTYPE, by `Being`.
        chances: (1,) CHANCES_DTYPE.
        reach: (M,) running sum over the ways of how many people they have, relative to each other.
        seed, world: key of the random draws.
    """
    walkways = Walkways(
        borrowed(walkways.ways),
        borrowed(walkways.points),
        borrowed(walkways.nodes),
        borrowed(walkways.ends),
        borrowed(walkways.crossings),
    )
    people, table, reach = borrowed(people), borrowed(table), borrowed(reach)
    for i in range(people.shape[0]):
        person = people[i]
        start = _character(person, i, table, chances[0], seed, world)
        way = min(np.searchsorted(reach, start * reach[len(reach) - 1], side="right"), len(reach) - 1)
        _, _, _, word = hash4(seed, world, i, _PLACE)
        joins = i > 0 and people[i - 1].being != Being.NOBODY and uniform(word) < 0.6 * chances[0].groups
        joins = joins and person.being < Being.DOG
        if joins:
            before = people[i - 1]
            person.group, person.pace, person.forward = before.group, before.pace, before.forward
            person.side = before.side + (0.7 if before.side < 0.0 else -0.7)
        placed = False
        for trial in range(TRIES):
            word, _, _, _ = hash4(seed, world * 1009 + trial, i, _PLACE)
            share = np.float64(uniform(word))
            if joins:
                put(walkways, person, people[i - 1].way, people[i - 1].s + share - 0.5)
            else:
                put(walkways, person, way, share * walkways.ways[way].length)
            placed = True
            for j in range(i):
                dx, dy = person.x - people[j].x, person.y - people[j].y
                if people[j].being != Being.NOBODY and dx * dx + dy * dy < APART_M * APART_M:
                    placed = False
                    break
            if placed:
                break
        if not placed:
            person.being = Being.NOBODY
            continue
        choose_next(walkways, person, seed, world)


@kernel
def draw_worlds(walkways, people, table, chances, reach, seed, begin, end):
    """Draw the people of worlds `begin` .. `end`; arrays as in `draw_people`, people (W, P)."""
    for w in range(begin, end):
        draw_people(walkways, people[w], table, chances, reach, seed, w)
