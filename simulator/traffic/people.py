"""People on foot, and animals: they follow ways, avoid each other, wait at kerbs, cross, and stray over the street.

One kernel moves the people of one world. A person is pulled along its way and pushed by others, by edges and by
vehicles (social force); then all move one after the other, and nobody moves into somebody, off the ways or onto the
carriageway without having decided to cross. What becomes of a world depends on its own rows alone.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import borrowed, kernel
from simulator.traffic.along_ways import AHEAD_M, choose_next, draw, heads_for, margin_of, project
from simulator.traffic.forces import (
    ASIDE_M,
    LOOK_S,
    REACH_M,
    beside_vehicle,
    edges_push,
    left_open,
    push_of,
    swerve,
    vehicle_comes,
    vehicles_push,
)
from simulator.traffic.gaps import SEEN_DTYPE, see
from simulator.traffic.over_streets import at_crossing, kerb_of, may_stray, straying
from simulator.traffic.person import (
    FASTEST,
    FOR_SIDE,
    FOR_WANDER,
    RELAXATION_S,
    TIME_GAP_S,
    Being,
    Mode,
)
from simulator.traffic.walkways import NONE, Walkways

TURN_M = 1.0  # from a dead end to where people turn round
CELL_M = 2.0 * REACH_M
STUCK_S = 2.0
MEETING_S = 1.5  # people make way for each other as long before they meet
SWIFTEST_MPS = 7.0  # nobody on foot is faster


@kernel(inline=True)
def _wander(person, looks_s, seed, world):
    """Animals change their mind about every three seconds: where across the way they go, and how fast."""
    if draw(person, person.group, seed, world, FOR_WANDER) < looks_s / 3.0:
        person.side = 2.0 * draw(person, person.group, seed, world, FOR_SIDE) - 1.0
        u = draw(person, person.group, seed, world, FOR_SIDE)
        if person.mode == Mode.WALKING:
            person.haste = 0.05 if u < 0.2 else 0.6 + u


@kernel(inline=True)
def _bucket(side, cx, cy):
    """Cell of a torus of `side` x `side` cells."""
    return (cy & (side - 1)) * side + (cx & (side - 1))


@kernel(inline=True)
def _cells_near(x, y):
    """Column and row of the first of 2 x 2 cells in which everybody within `REACH_M` is."""
    return int(np.floor(x / CELL_M - 0.5)), int(np.floor(y / CELL_M - 0.5))


@kernel(inline=True)
def _sort_into_cells(people, head, link, side):
    """Chain people by the cell they are in; the cells repeat every `side` cells, and who is far is told by distance."""
    for k in range(side * side):
        head[k] = NONE
    for i in range(people.shape[0] - 1, -1, -1):
        if people[i].being != Being.NOBODY:
            k = _bucket(side, int(np.floor(people[i].x / CELL_M)), int(np.floor(people[i].y / CELL_M)))
            link[i] = head[k]
            head[k] = i


@kernel(inline=True)
def _wish(walkways, people, i, seen, go, head, link, side, looks, looks_s, seed, world, dt, decay):
    """Velocity that its way, others, edges and vehicles give a person, into `wish_x` and `wish_y`."""
    person = people[i]
    ax, ay = edges_push(walkways, person)
    person.nearest = REACH_M
    if looks:
        person.beside = vehicle_comes(person, seen)
        if person.being >= Being.DOG:
            _wander(person, looks_s, seed, world)
        if person.mode == Mode.WALKING:
            may_stray(walkways, person, looks_s, seed, world)
    if person.mode >= Mode.LOOKING:
        tx, ty, share = straying(walkways, person, seen, looks, dt, seed, world)
    else:
        share = at_crossing(walkways, person, seen, go, looks, dt, seed, world)
        tx, ty = heads_for(walkways, person)
    if person.mode >= Mode.LOOKING:
        ax = ay = 0.0
    ex, ey = tx - person.x, ty - person.y
    size = np.sqrt(ex * ex + ey * ey)
    if size > 1e-6:
        ex, ey = ex / size, ey / size
    wanted = person.pace * person.haste * share
    allowed = middle = to_left = to_right = wanted
    cx, cy = _cells_near(person.x, person.y)
    for row in range(cy, cy + 2):
        for column in range(cx, cx + 2):
            j = head[_bucket(side, column, row)]
            while j >= 0:
                if j != i:
                    px, py, along, left, comes = push_of(person, people[j], ex, ey)
                    ax += px
                    ay += py
                    touch = person.radius + people[j].radius
                    if along > -touch:
                        gap = MEETING_S if comes else TIME_GAP_S
                        if along > 0.0:
                            middle = left_open(gap, middle, touch, along, left)
                            if not comes:
                                allowed = left_open(gap, allowed, touch, along, left)
                        to_left = left_open(gap, to_left, touch, along, left - ASIDE_M)
                        to_right = left_open(gap, to_right, touch, along, left + ASIDE_M)
                j = link[j]
    if middle < 0.9 * wanted and person.mode <= Mode.CROSSING:
        ex, ey, allowed = swerve(person, ex, ey, middle, allowed, to_left, to_right)
    if person.beside:
        px, py = vehicles_push(person, seen)
        ax += px
        ay += py
    if share <= 0.0:  # who stands does not let itself be pushed about
        ax, ay = 0.3 * ax, 0.3 * ay
    gx, gy = allowed * ex + RELAXATION_S * ax, allowed * ey + RELAXATION_S * ay
    vx, vy = gx + (person.vx - gx) * decay, gy + (person.vy - gy) * decay
    fastest = FASTEST * person.pace * max(person.haste, 0.3)
    speed2 = vx * vx + vy * vy
    if speed2 > fastest * fastest:
        scale = fastest / np.sqrt(speed2)
        vx, vy = vx * scale, vy * scale
    person.wish_x, person.wish_y = vx, vy
    # Who does not get on heads for the middle of the way, which is always open, or for another side.
    person.progress += dt / STUCK_S * (person.vx * ex + person.vy * ey - person.progress)
    if share < 0.3 or person.haste < 0.3:
        person.progress = person.pace
    elif person.progress < 0.15 * person.pace:
        person.progress = person.pace
        u = draw(person, i, seed, world, FOR_SIDE)
        person.side = 0.0 if u < 0.5 else 4.0 * u - 3.0


@kernel(inline=True)
def _is_free(walkways, people, i, x, y, seen, head, link, side, dt):
    """Whether a person may be at (x, y): on its ways, before the kerb unless it crosses, in nobody and no vehicle."""
    person = people[i]
    if person.mode <= Mode.WAITING and person.crossing >= 0:
        forward = person.forward if walkways.ways[person.way].crossing >= 0 else person.next_forward
        kx, ky, ux, uy, _ = kerb_of(walkways, person.crossing, forward)
        over = (x - kx) * ux + (y - ky) * uy
        if over > -person.radius and over > (person.x - kx) * ux + (person.y - ky) * uy:
            return False
    step = abs(x - person.x) + abs(y - person.y)
    if person.mode != Mode.STRAYING:
        length = walkways.ways[person.way].length
        if person.room - step < person.radius or person.s < step or person.s > length - step:
            inside = margin_of(walkways, person.way, person.point, x, y)
            if inside < person.radius:
                row = walkways.ways[person.next_way]
                hint = row.first if person.next_forward > 0 else row.first + row.points - 2
                inside = max(inside, margin_of(walkways, person.next_way, hint, x, y))
                if inside < person.radius and inside < margin_of(
                    walkways, person.way, person.point, person.x, person.y
                ):
                    return False
    if person.nearest < step + SWIFTEST_MPS * dt and _hits_somebody(people, i, x, y, head, link, side):
        return False
    if person.beside:
        for j in range(len(seen)):
            it = seen[j]
            dx, dy, far = x - it.x, y - it.y, it.half_length + it.half_width + person.radius
            if dx * dx + dy * dy < far * far:
                distance, nx, ny = beside_vehicle(it, x, y)
                if distance < person.radius and nx * (x - person.x) + ny * (y - person.y) < 0.0:
                    return False
    return True


@kernel(inline=True)
def _hits_somebody(people, i, x, y, head, link, side):
    """Whether a person that moves to (x, y) would touch another one and comes nearer to it."""
    person = people[i]
    cx, cy = _cells_near(x, y)
    for row in range(cy, cy + 2):
        for column in range(cx, cx + 2):
            j = head[_bucket(side, column, row)]
            while j >= 0:
                if j != i:
                    dx, dy = x - people[j].x, y - people[j].y
                    touch = person.radius + people[j].radius
                    if dx * dx + dy * dy < touch * touch:
                        ox, oy = person.x - people[j].x, person.y - people[j].y
                        if dx * dx + dy * dy < ox * ox + oy * oy:
                            return True
                j = link[j]
    return False


@kernel(inline=True)
def _follow(walkways, person, seed, world):
    """Find the place on the way again after a move, and go on to the next way past its end."""
    k, s, d, half = project(walkways, person.way, person.point, person.x, person.y)
    person.point, person.s, person.d, person.room = k, s, d, half - abs(d)
    length = walkways.ways[person.way].length
    left = length - s if person.forward > 0 else s
    if left > AHEAD_M or person.mode >= Mode.LOOKING:
        return
    if (
        person.next_way == person.way
        and left < TURN_M
        and walkways.ways[person.way].start != walkways.ways[person.way].end
    ):
        person.forward = -person.forward
        choose_next(walkways, person, seed, world)
        return
    row = walkways.ways[person.next_way]
    hint = row.first if person.next_forward > 0 else row.first + row.points - 2
    k, s, d, half = project(walkways, person.next_way, hint, person.x, person.y)
    along = s if person.next_forward > 0 else row.length - s
    if left <= 0.0 or (along > 0.0 and along > min(left, AHEAD_M - left - 0.4) and abs(d) < half):
        person.way, person.forward = person.next_way, person.next_forward
        person.point, person.s, person.d, person.room = k, s, d, half - abs(d)
        choose_next(walkways, person, seed, world)


@kernel(inline=True)
def _move(walkways, people, i, seen, head, link, side, seed, world, dt):
    """Move a person as far as it is free to, a little to one side where it is not straight on."""
    person = people[i]
    dx, dy = person.wish_x * dt, person.wish_y * dt
    x, y = person.x, person.y
    if _is_free(walkways, people, i, x + dx, y + dy, seen, head, link, side, dt):
        person.x, person.y = x + dx, y + dy
    else:
        swerve = 1.0 if (person.group + person.draws) % 2 else -1.0
        for trial in range(4):
            turn = swerve * (0.7 if trial < 2 else 1.4) * (1.0 if trial % 2 == 0 else -1.0)
            size = 0.8 if trial < 2 else 0.4
            c, s = size * np.cos(turn), size * np.sin(turn)
            tx, ty = x + c * dx - s * dy, y + s * dx + c * dy
            if _is_free(walkways, people, i, tx, ty, seen, head, link, side, dt):
                person.x, person.y = tx, ty
                break
    person.vx, person.vy = (person.x - x) / dt, (person.y - y) / dt
    speed2 = person.vx * person.vx + person.vy * person.vy
    if speed2 > 0.01:
        person.heading = np.arctan2(person.vy, person.vx)
        person.phase += 2.0 * np.pi * dt * np.sqrt(speed2) / person.stride
        if person.phase > 2.0 * np.pi:
            person.phase -= 2.0 * np.pi
    _follow(walkways, person, seed, world)


@kernel(inline=True)
def _tell(walkways, people, go, use, time, dt, before):
    """Count who is on crossings and who is about to be, for drivers; `before`: only forget what was."""
    for i in range(people.shape[0]):
        crossing = people[i].crossing
        if people[i].being == Being.NOBODY or crossing < 0:
            continue
        if before:
            use[crossing].on = use[crossing].about = 0
            continue
        if people[i].mode == Mode.CROSSING:
            use[crossing].on += 1
            use[crossing].left = time
        elif walkways.crossings[crossing].signals == 0 or go[crossing] > 0.0:
            use[crossing].about += 1
        if use[crossing].on + use[crossing].about > 0:
            if use[crossing].seen < time - 1.5 * dt:
                use[crossing].since = time
            use[crossing].seen = time


@kernel(inner=True)
def step_people(walkways, people, vehicles, drivers, go, use, head, link, seen, seed, world, step, dt):
    """Move the people of one world by `dt`.

    Args:
        walkways: `Walkways`.
        people: (P,) PERSON_DTYPE, modified.
        vehicles: (A,) rows with control (0: none), x, y, yaw, speed, acceleration: VEHICLE_DTYPE.
        drivers: (A,) rows with front, rear, half_width: DRIVER_DTYPE.
        go: (C,) seconds for which people may still set out on each crossing; only read where lights are.
        use: (C,) USE_DTYPE, modified.
        head: (side * side,) int64 to work in, `side` a power of two, at least 4; best four times as many as people.
        link: (P,) int64 to work in.
        seen: (A,) SEEN_DTYPE to work in.
        seed, world: key of the random draws.
        step: number of this step, from 0.
        dt: s.
    """
    walkways = Walkways(
        borrowed(walkways.ways),
        borrowed(walkways.points),
        borrowed(walkways.nodes),
        borrowed(walkways.ends),
        borrowed(walkways.crossings),
    )
    people, vehicles, drivers = borrowed(people), borrowed(vehicles), borrowed(drivers)
    go, use, head, link = borrowed(go), borrowed(use), borrowed(head), borrowed(link)
    seen = see(vehicles, drivers, borrowed(seen))
    side = int(np.sqrt(head.shape[0]) + 0.5)
    every = max(int(LOOK_S / dt + 0.5), 1)
    decay = np.exp(-dt / RELAXATION_S)
    _sort_into_cells(people, head, link, side)
    _tell(walkways, people, go, use, step * dt, dt, True)
    for i in range(people.shape[0]):
        if people[i].being != Being.NOBODY and people[i].mode != Mode.FALLEN:
            looks = (step + i) % every == 0
            _wish(walkways, people, i, seen, go, head, link, side, looks, every * dt, seed, world, dt, decay)
    for i in range(people.shape[0]):
        if people[i].being != Being.NOBODY and people[i].mode != Mode.FALLEN:
            _move(walkways, people, i, seen, head, link, side, seed, world, dt)
            a = walkways.points[people[i].point]
            people[i].z = a.z + (people[i].s - a.s) * a.rises
    _tell(walkways, people, go, use, step * dt, dt, False)


@kernel
def step_worlds(walkways, people, vehicles, drivers, go, use, seed, step, dt, begin, end):
    """Move the people of worlds `begin` .. `end`; arrays as in `step_people`, with a leading axis of worlds."""
    count = people.shape[1]
    side = 4
    while side * side < 4 * count:
        side *= 2
    head, link = np.empty(side * side, np.int64), np.empty(count, np.int64)
    seen = np.empty(vehicles.shape[1], SEEN_DTYPE)
    for w in range(begin, end):
        step_people(walkways, people[w], vehicles[w], drivers[w], go[w], use[w], head, link, seen, seed, w, step, dt)
