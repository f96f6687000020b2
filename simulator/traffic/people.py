"""People on foot, and animals: they follow ways, avoid each other, wait at kerbs, cross, and stray over the street.

One kernel moves the people of one world. A person is pulled along its way and pushed by others, by edges and by
vehicles (social force); then all move one after the other, and nobody moves into somebody, off the ways or onto the
carriageway without having decided to cross. So neither overlaps nor the count of threads depend on anything but the
rows themselves.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import borrowed, kernel
from simulator.numerics.rng import hash4, uniform
from simulator.traffic.gaps import must_wait
from simulator.traffic.person import (
    ANTICIPATION_S,
    BORDER,
    BORDER_RANGE_M,
    FASTEST,
    RELAXATION_S,
    REPULSION,
    REPULSION_RANGE_M,
    SIGHT_COS,
    TIME_GAP_S,
    UNSEEN,
    Being,
    Mode,
)
from simulator.traffic.walkways import NONE, Walkways

LOOK_S = 0.2  # between two looks at the traffic
AHEAD_M = 2.0  # along the way to where a person heads
WIDEST_M = 2.0  # from the middle of a way to where people walk on wide ones
TURN_M = 1.0  # from a dead end to where people turn round
REACH_M = 3.0  # people further away are not heeded
SPARE_M = 0.15  # from the edge of a way, beyond the body
KERB_M = 0.1  # kept from the kerb while waiting, beyond the body
NEAR_KERB_M = 3.0  # from here on drivers are told that somebody comes
HESITATION_S = 0.5  # of margin to vehicles that still come when one is on the way
PATIENCE_S = 40.0  # at a kerb without lights
CALM_S = 5.0  # after which a person may stray again, at least
STUCK_S = 2.0
HURRY = 2.2  # pace of who runs over the street without looking
STRONGEST_MPS2 = 6.0  # push of one person
MEETING_S = 1.5  # people make way for each other as long before they meet
ASIDE_M = 0.5  # to the lanes beside one's own that are looked at
SWERVE_SIN = np.sin(np.radians(35.0))
EDGE_M = 1.0  # borders further away do not push
VEHICLE_REACH_M = 2.0
LONGEST_M = 25.0  # from the origin of a vehicle to where people heed it
SWIFTEST_MPS = 7.0  # nobody on foot is faster
_ROUTE, _STRAY, _WANDER, _SIDE, _TURN = 1, 2, 3, 4, 5  # purposes of random draws


@kernel(inline=True)
def _draw(person, key, seed, world, purpose):  # type: ignore[no-untyped-def]
    """The next random number in [0, 1) of a person; `key` names whose it is."""
    bits, _, _, _ = hash4(seed, world * 65537 + key, person.draws, purpose)
    person.draws += 1
    return uniform(bits)


@kernel(inline=True)
def choose_next(walkways, person, seed, world):  # type: ignore[no-untyped-def]
    """Decide which way follows: any at the node ahead, back only at a dead end."""
    way = walkways.ways[person.way]
    node = walkways.nodes[way.end if person.forward > 0 else way.start]
    arrival = 2 * person.way + (1 if person.forward > 0 else 0)
    chosen = arrival
    if node.ends > 1:
        bits, _, _, _ = hash4(seed, world * 65537 + person.group, person.draws, _ROUTE)
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
def _project(walkways, way, hint, x, y):  # type: ignore[no-untyped-def]
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
def _margin(walkways, way, hint, x, y):  # type: ignore[no-untyped-def]
    """How far within a way (x, y) lies, m; its ends are round."""
    _, s, d, half = _project(walkways, way, hint, x, y)
    beyond = max(-s, s - walkways.ways[way].length, 0.0)
    return half - np.sqrt(d * d + beyond * beyond)


@kernel(inline=True)
def _place_on(walkways, way, forward, s, side, radius, widest):  # type: ignore[no-untyped-def]
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
def _ahead(walkways, person):  # type: ignore[no-untyped-def]
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


@kernel(inline=True)
def _kerb(walkways, crossing, forward):  # type: ignore[no-untyped-def]
    """Kerb that is reached first, unit vector over the street, and length of a crossing, for who goes `forward`."""
    row = walkways.crossings[crossing]
    dx, dy = row.x1 - row.x0, row.y1 - row.y0
    length = max(np.sqrt(dx * dx + dy * dy), 1e-6)
    if forward > 0:
        return row.x0, row.y0, dx / length, dy / length, length
    return row.x1, row.y1, -dx / length, -dy / length, length


@kernel(inline=True)
def _crossing_ahead(walkways, person):  # type: ignore[no-untyped-def]
    """Crossing that a person is on or comes to next, and whether it goes from its first kerb (1) or from its second."""
    here = walkways.ways[person.way].crossing
    if here >= 0:
        return here, person.forward
    left = walkways.ways[person.way].length - person.s if person.forward > 0 else person.s
    if left < NEAR_KERB_M and person.next_way >= 0:
        return walkways.ways[person.next_way].crossing, person.next_forward
    return NONE, 1


@kernel(inline=True)
def _at_crossing(walkways, person, vehicles, drivers, go, looks, dt, seed, world):  # type: ignore[no-untyped-def]
    """Wait, set out, hesitate, arrive; returns the speed allowed to a person, as a share of its pace.

    Who waits for `PATIENCE_S` where no light will change turns round.
    """
    crossing, forward = _crossing_ahead(walkways, person)
    if crossing < 0:
        person.crossing = NONE
        if person.mode <= Mode.CROSSING:
            person.mode = Mode.WALKING
        return 1.0
    kx, ky, ux, uy, length = _kerb(walkways, crossing, forward)
    over = (person.x - kx) * ux + (person.y - ky) * uy  # m beyond the first kerb
    if over > length:
        person.crossing, person.mode, person.waited, person.hold = NONE, Mode.WALKING, 0.0, 0
        return 1.0
    row = walkways.crossings[crossing]
    pace = person.pace
    if person.mode == Mode.CROSSING:
        if looks and person.heedless == 0:
            person.hold = must_wait(
                vehicles, drivers, kx, ky, ux, uy, length, 0.5 * row.width, over, pace, 0.5, row.marked
            )
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
                vehicles, drivers, kx, ky, ux, uy, length, 0.5 * row.width, min(over, 0.0), pace, margin, row.marked
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
def _turn_back(walkways, person, seed, world):  # type: ignore[no-untyped-def]
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
def _may_stray(walkways, person, looks_s, seed, world):  # type: ignore[no-untyped-def]
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
    if over < 0 or _draw(person, person.group, seed, world, _STRAY) > person.strays * looks_s:
        return
    person.over, person.from_x, person.from_y = over, person.x, person.y
    person.mode = Mode.STRAYING if person.heedless else Mode.LOOKING
    person.haste = HURRY if person.heedless else 1.0
    person.waited = 0.0


@kernel(inline=True)
def _straying(walkways, person, vehicles, drivers, looks, dt, seed, world):  # type: ignore[no-untyped-def]
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
                vehicles,
                drivers,
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
    k, s, d, half = _project(walkways, to.way, person.over, person.x, person.y)
    beyond = max(-s, s - walkways.ways[to.way].length, 0.0)
    if half - np.sqrt(d * d + beyond * beyond) > person.radius + 0.05:
        person.way, person.point, person.s, person.d, person.room = to.way, k, s, d, half - abs(d)
        person.forward = 1 if _draw(person, person.group, seed, world, _TURN) < 0.5 else -1
        choose_next(walkways, person, seed, world)
        person.mode, person.over, person.haste, person.waited, person.hold = Mode.WALKING, NONE, 1.0, 4.0 * CALM_S, 0
        return to.x, to.y, 1.0
    if looks and person.heedless == 0:
        run = max(away - to.half_width, 0.5)
        person.hold = must_wait(
            vehicles, drivers, person.x, person.y, ux, uy, run, 0.5, 0.0, person.pace * person.haste, HESITATION_S, 0
        )
    return to.x, to.y, (0.0 if person.hold else 1.0)


@kernel(inline=True)
def _wander(person, looks_s, seed, world):  # type: ignore[no-untyped-def]
    """Animals change their mind about every three seconds: where across the way they go, and how fast."""
    if _draw(person, person.group, seed, world, _WANDER) < looks_s / 3.0:
        person.side = 2.0 * _draw(person, person.group, seed, world, _SIDE) - 1.0
        u = _draw(person, person.group, seed, world, _SIDE)
        if person.mode == Mode.WALKING:
            person.haste = 0.05 if u < 0.2 else 0.6 + u


@kernel(inline=True)
def _push_of(person, other, ex, ey):  # type: ignore[no-untyped-def]
    """Acceleration of a person by another one (elliptical potential), and how far ahead and to the left that one is.

    Helbing and Molnar 1995, eq. 3 and 4: the potential falls with the semi-minor axis b of the ellipse through the
    person whose foci are where the other is and where its step will take it. The last value is 1 if it comes towards
    the person. Of who stands or goes the same way one only steps aside: how close one follows is a matter of speed.
    """
    rx, ry = person.x - other.x, person.y - other.y
    r2 = rx * rx + ry * ry
    if r2 > REACH_M * REACH_M or r2 < 1e-12:
        return 0.0, 0.0, -np.inf, 0.0, 0
    r = np.sqrt(r2)
    person.nearest = min(person.nearest, r - person.radius - other.radius)
    yx, yy = ANTICIPATION_S * other.vx, ANTICIPATION_S * other.vy
    qx, qy = rx - yx, ry - yy
    q = max(np.sqrt(qx * qx + qy * qy), 1e-6)
    b = max(0.5 * np.sqrt(max((r + q) * (r + q) - yx * yx - yy * yy, 0.0)), 0.15)
    strength = REPULSION / REPULSION_RANGE_M * np.exp(-b / REPULSION_RANGE_M) * (r + q) / (4.0 * b)
    along, left = -(rx * ex + ry * ey), rx * ey - ry * ex
    strength = (1.0 if along >= SIGHT_COS * r else UNSEEN) * min(strength, STRONGEST_MPS2)
    px, py = strength * (rx / r + qx / q), strength * (ry / r + qy / q)
    if other.vx * ex + other.vy * ey < -0.1:
        return px, py, along, left, 1
    push = px * ex + py * ey
    return px - push * ex, py - push * ey, along, left, 0


@kernel(inline=True)
def _open(gap, speed, touch, along, left):  # type: ignore[no-untyped-def]
    """Speed that a lane leaves open when somebody is `along` ahead and `left` of its middle."""
    if along > -touch and abs(left) < touch:
        return min(speed, max(along - touch, 0.0) / gap)
    return speed


@kernel(inline=True)
def _edges(walkways, person):  # type: ignore[no-untyped-def]
    """Acceleration (ax, ay) of a person by the edges of its way."""
    if person.room > EDGE_M:
        return 0.0, 0.0
    far = np.exp(-EDGE_M / BORDER_RANGE_M)
    push = far - np.exp(-max(person.room, 0.0) / BORDER_RANGE_M)
    other = person.room + 2.0 * abs(person.d)
    if other < EDGE_M:
        push += np.exp(-other / BORDER_RANGE_M) - far
    push *= BORDER / BORDER_RANGE_M * (1.0 if person.d >= 0.0 else -1.0)
    a = walkways.points[person.point]
    return -push * a.uy, push * a.ux


@kernel(inline=True)
def _beside_vehicle(vehicle, driver, x, y):  # type: ignore[no-untyped-def]
    """Distance of (x, y) from the box of a vehicle (negative inside), and the direction away from it."""
    c, s = np.cos(vehicle.yaw), np.sin(vehicle.yaw)
    px, py = x - vehicle.x, y - vehicle.y
    u = px * c + py * s - 0.5 * (driver.front - driver.rear)
    v = py * c - px * s
    ou, ov = abs(u) - 0.5 * (driver.front + driver.rear), abs(v) - driver.half_width
    su, sv = np.copysign(1.0, u), np.copysign(1.0, v)
    if ou > 0.0 and ov > 0.0:
        distance = np.sqrt(ou * ou + ov * ov)
        nu, nv = su * ou / distance, sv * ov / distance
    elif ou > ov:
        distance, nu, nv = ou, su, 0.0
    else:
        distance, nu, nv = ov, 0.0, sv
    return distance, nu * c - nv * s, nu * s + nv * c


@kernel(inline=True)
def _vehicle_comes(person, vehicles, drivers):  # type: ignore[no-untyped-def]
    """1 if a vehicle is close to a person, or may be before the next look."""
    for j in range(vehicles.shape[0]):
        dx, dy = person.x - vehicles[j].x, person.y - vehicles[j].y
        if vehicles[j].control != 0 and dx * dx + dy * dy < LONGEST_M * LONGEST_M:
            distance, _, _ = _beside_vehicle(vehicles[j], drivers[j], person.x, person.y)
            if distance < VEHICLE_REACH_M + 2.0 * LOOK_S * (abs(vehicles[j].speed) + person.pace):
                return 1
    return 0


@kernel(inline=True)
def _vehicles_push(person, vehicles, drivers):  # type: ignore[no-untyped-def]
    """Acceleration (ax, ay) of a person by vehicles: as by other people, from the nearest place of their boxes."""
    ax = ay = 0.0
    for j in range(vehicles.shape[0]):
        dx, dy = person.x - vehicles[j].x, person.y - vehicles[j].y
        if vehicles[j].control == 0 or dx * dx + dy * dy > LONGEST_M * LONGEST_M:
            continue
        distance, nx, ny = _beside_vehicle(vehicles[j], drivers[j], person.x, person.y)
        if distance < VEHICLE_REACH_M:
            push = REPULSION / REPULSION_RANGE_M * np.exp(-max(distance - person.radius, 0.0) / REPULSION_RANGE_M)
            ax += push * nx
            ay += push * ny
    return ax, ay


@kernel(inline=True)
def _bucket(side, cx, cy):  # type: ignore[no-untyped-def]
    """Cell of a torus of `side` x `side` cells."""
    return (cy & (side - 1)) * side + (cx & (side - 1))


@kernel(inline=True)
def _sort_into_cells(people, head, link, side):  # type: ignore[no-untyped-def]
    """Chain people by the cell they are in; the cells repeat every `side` cells, and who is far is told by distance."""
    for k in range(side * side):
        head[k] = NONE
    for i in range(people.shape[0] - 1, -1, -1):
        if people[i].being != Being.NOBODY:
            k = _bucket(side, int(np.floor(people[i].x / REACH_M)), int(np.floor(people[i].y / REACH_M)))
            link[i] = head[k]
            head[k] = i


@kernel(inline=True)
def _swerve(person, ex, ey, middle, allowed, to_left, to_right):  # type: ignore[no-untyped-def]
    """Direction and speed of who is held up: past whoever is in front, where there is more room beside."""
    half, d = person.room + abs(person.d), person.forward * person.d
    if half - d < person.radius + 0.5 * ASIDE_M:
        to_left = 0.0
    if half + d < person.radius + 0.5 * ASIDE_M:
        to_right = 0.0
    best = max(to_left, to_right)
    if best < middle + 0.1 * person.pace:
        return ex, ey, allowed
    s = SWERVE_SIN if to_left > to_right or (to_left == to_right and d < 0.0) else -SWERVE_SIN
    c = np.sqrt(1.0 - SWERVE_SIN * SWERVE_SIN)
    return c * ex - s * ey, s * ex + c * ey, max(allowed, min(best, 0.5 * (allowed + best)))


@kernel(inline=True)
def _wish(walkways, people, i, vehicles, drivers, go, head, link, side, looks, looks_s, seed, world, dt, decay):  # type: ignore[no-untyped-def]
    """Velocity that its way, others, edges and vehicles give a person, into `wish_x` and `wish_y`."""
    person = people[i]
    ax, ay = _edges(walkways, person)
    person.nearest = REACH_M
    if looks:
        person.beside = _vehicle_comes(person, vehicles, drivers)
        if person.being >= Being.DOG:
            _wander(person, looks_s, seed, world)
        if person.mode == Mode.WALKING:
            _may_stray(walkways, person, looks_s, seed, world)
    if person.mode >= Mode.LOOKING:
        tx, ty, share = _straying(walkways, person, vehicles, drivers, looks, dt, seed, world)
    else:
        share = _at_crossing(walkways, person, vehicles, drivers, go, looks, dt, seed, world)
        tx, ty = _ahead(walkways, person)
    if person.mode >= Mode.LOOKING:
        ax = ay = 0.0
    ex, ey = tx - person.x, ty - person.y
    size = np.sqrt(ex * ex + ey * ey)
    if size > 1e-6:
        ex, ey = ex / size, ey / size
    wanted = person.pace * person.haste * share
    allowed = middle = to_left = to_right = wanted
    cx, cy = int(np.floor(person.x / REACH_M)), int(np.floor(person.y / REACH_M))
    for row in range(cy - 1, cy + 2):
        for column in range(cx - 1, cx + 2):
            j = head[_bucket(side, column, row)]
            while j >= 0:
                if j != i:
                    px, py, along, left, comes = _push_of(person, people[j], ex, ey)
                    ax += px
                    ay += py
                    touch = person.radius + people[j].radius
                    if along > -touch:
                        gap = MEETING_S if comes else TIME_GAP_S
                        if along > 0.0:
                            middle = _open(gap, middle, touch, along, left)
                            if not comes:
                                allowed = _open(gap, allowed, touch, along, left)
                        to_left = _open(gap, to_left, touch, along, left - ASIDE_M)
                        to_right = _open(gap, to_right, touch, along, left + ASIDE_M)
                j = link[j]
    if middle < 0.9 * wanted and person.mode <= Mode.CROSSING:
        ex, ey, allowed = _swerve(person, ex, ey, middle, allowed, to_left, to_right)
    if person.beside:
        px, py = _vehicles_push(person, vehicles, drivers)
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
        u = _draw(person, i, seed, world, _SIDE)
        person.side = 0.0 if u < 0.5 else 4.0 * u - 3.0


@kernel(inline=True)
def _is_free(walkways, people, i, x, y, vehicles, drivers, head, link, side, dt):  # type: ignore[no-untyped-def]
    """Whether a person may be at (x, y): on its ways, before the kerb unless it crosses, in nobody and no vehicle."""
    person = people[i]
    if person.mode <= Mode.WAITING and person.crossing >= 0:
        forward = person.forward if walkways.ways[person.way].crossing >= 0 else person.next_forward
        kx, ky, ux, uy, _ = _kerb(walkways, person.crossing, forward)
        over = (x - kx) * ux + (y - ky) * uy
        if over > -person.radius and over > (person.x - kx) * ux + (person.y - ky) * uy:
            return False
    step = abs(x - person.x) + abs(y - person.y)
    if person.mode != Mode.STRAYING:
        length = walkways.ways[person.way].length
        if person.room - step < person.radius or person.s < step or person.s > length - step:
            inside = _margin(walkways, person.way, person.point, x, y)
            if inside < person.radius:
                row = walkways.ways[person.next_way]
                hint = row.first if person.next_forward > 0 else row.first + row.points - 2
                inside = max(inside, _margin(walkways, person.next_way, hint, x, y))
                if inside < person.radius and inside < _margin(walkways, person.way, person.point, person.x, person.y):
                    return False
    if person.nearest < step + SWIFTEST_MPS * dt and _hits_somebody(people, i, x, y, head, link, side):
        return False
    if person.beside:
        for j in range(vehicles.shape[0]):
            dx, dy = x - vehicles[j].x, y - vehicles[j].y
            if vehicles[j].control != 0 and dx * dx + dy * dy < LONGEST_M * LONGEST_M:
                distance, nx, ny = _beside_vehicle(vehicles[j], drivers[j], x, y)
                if distance < person.radius and nx * (x - person.x) + ny * (y - person.y) < 0.0:
                    return False
    return True


@kernel(inline=True)
def _hits_somebody(people, i, x, y, head, link, side):  # type: ignore[no-untyped-def]
    """Whether a person that moves to (x, y) would touch another one and comes nearer to it."""
    person = people[i]
    cx, cy = int(np.floor(x / REACH_M)), int(np.floor(y / REACH_M))
    for row in range(cy - 1, cy + 2):
        for column in range(cx - 1, cx + 2):
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
def _follow(walkways, person, seed, world):  # type: ignore[no-untyped-def]
    """Find the place on the way again after a move, and go on to the next way past its end."""
    k, s, d, half = _project(walkways, person.way, person.point, person.x, person.y)
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
    k, s, d, half = _project(walkways, person.next_way, hint, person.x, person.y)
    along = s if person.next_forward > 0 else row.length - s
    if left <= 0.0 or (along > 0.0 and along > min(left, AHEAD_M - left - 0.4) and abs(d) < half):
        person.way, person.forward = person.next_way, person.next_forward
        person.point, person.s, person.d, person.room = k, s, d, half - abs(d)
        choose_next(walkways, person, seed, world)


@kernel(inline=True)
def _move(walkways, people, i, vehicles, drivers, head, link, side, seed, world, dt):  # type: ignore[no-untyped-def]
    """Move a person as far as it is free to, a little to one side where it is not straight on."""
    person = people[i]
    dx, dy = person.wish_x * dt, person.wish_y * dt
    x, y = person.x, person.y
    if _is_free(walkways, people, i, x + dx, y + dy, vehicles, drivers, head, link, side, dt):
        person.x, person.y = x + dx, y + dy
    else:
        swerve = 1.0 if (person.group + person.draws) % 2 else -1.0
        for trial in range(4):
            turn = swerve * (0.7 if trial < 2 else 1.4) * (1.0 if trial % 2 == 0 else -1.0)
            size = 0.8 if trial < 2 else 0.4
            c, s = size * np.cos(turn), size * np.sin(turn)
            tx, ty = x + c * dx - s * dy, y + s * dx + c * dy
            if _is_free(walkways, people, i, tx, ty, vehicles, drivers, head, link, side, dt):
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
def _tell(walkways, people, go, use, time, dt, before):  # type: ignore[no-untyped-def]
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


@kernel
def step_people(walkways, people, vehicles, drivers, go, use, head, link, seed, world, step, dt):  # type: ignore[no-untyped-def]
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
    side = int(np.sqrt(head.shape[0]) + 0.5)
    every = max(int(LOOK_S / dt + 0.5), 1)
    decay = np.exp(-dt / RELAXATION_S)
    _sort_into_cells(people, head, link, side)
    _tell(walkways, people, go, use, step * dt, dt, True)
    for i in range(people.shape[0]):
        if people[i].being != Being.NOBODY:
            looks = (step + i) % every == 0
            _wish(
                walkways, people, i, vehicles, drivers, go, head, link, side, looks, every * dt, seed, world, dt, decay
            )
    for i in range(people.shape[0]):
        if people[i].being != Being.NOBODY:
            _move(walkways, people, i, vehicles, drivers, head, link, side, seed, world, dt)
            a = walkways.points[people[i].point]
            people[i].z = a.z + (people[i].s - a.s) * a.rises
    _tell(walkways, people, go, use, step * dt, dt, False)


@kernel
def step_worlds(walkways, people, vehicles, drivers, go, use, seed, step, dt, begin, end):  # type: ignore[no-untyped-def]
    """Move the people of worlds `begin` .. `end`; arrays as in `step_people`, with a leading axis of worlds."""
    count = people.shape[1]
    side = 4
    while side * side < 4 * count:
        side *= 2
    head, link = np.empty(side * side, np.int64), np.empty(count, np.int64)
    for w in range(begin, end):
        step_people(walkways, people[w], vehicles[w], drivers[w], go[w], use[w], head, link, seed, w, step, dt)
