"""What people see of vehicles, and gaps between these: whether somebody must let them pass before stepping out."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel
from simulator.numerics.trig import sine_cosine

FARTHEST_M = 250.0  # vehicles further away are not heeded
SLOWEST_MPS = 0.3  # slower ones stand
HARDEST_MPS2 = 4.0  # nobody relies on a driver who would have to brake harder
BESIDE_M = 0.3  # kept from the side of a vehicle that passes
DRIFT = 0.1  # metres a metre: how far vehicles stray from the straight line ahead of them


SEEN_DTYPE = np.dtype(
    [
        ("x", np.float64),  # m, of the middle of its box
        ("y", np.float64),
        ("cos", np.float64),  # of its yaw
        ("sin", np.float64),
        ("half_length", np.float64),  # m
        ("half_width", np.float64),
        ("speed", np.float64),  # m/s forwards
        ("brakes", np.float64),  # m/s2 by which it slows down as it drives forwards
    ]
)


@kernel
def see(vehicles, drivers, seen):
    """The (V,) first rows of `seen`, filled with the vehicles that there are.

    Args:
        vehicles: (A,) rows with control (0: none), x, y, yaw, speed, acceleration.
        drivers: (A,) rows with front, rear, half_width.
        seen: (A,) SEEN_DTYPE to work in.
    """
    count = 0
    for j in range(len(vehicles)):
        vehicle, driver = vehicles[j], drivers[j]
        if vehicle.control == 0:
            continue
        row, middle = seen[count], 0.5 * (driver.front - driver.rear)
        count += 1
        row.sin, row.cos = sine_cosine(vehicle.yaw)
        row.x, row.y = vehicle.x + middle * row.cos, vehicle.y + middle * row.sin
        row.half_length, row.half_width = 0.5 * (driver.front + driver.rear), driver.half_width
        row.speed, row.brakes = vehicle.speed, -vehicle.acceleration if vehicle.speed > 0.0 else 0.0
    return seen[:count]


@kernel
def must_wait(seen, kx, ky, ux, uy, length, half_width, over, pace, margin, marked):
    """1 if a vehicle would be in the way of somebody who walks over a street now, else 0.

    Vehicles are taken to go straight on. One is in the way if it gets to where the paths cross before the person has
    left that strip, with `margin` seconds to spare, and has not left it before the person comes. Drivers who brake
    enough to stop are not, nor, at a `marked` crossing, those who still can gently and have slowed down already.

    Args:
        seen: (V,) SEEN_DTYPE.
        kx, ky: m, kerb that the person comes from.
        ux, uy: unit vector over the street.
        length: m, from kerb to kerb.
        half_width: m, of the way over the street.
        over: m, how far beyond the kerb the person is.
        pace: m/s that it will walk.
        margin: s.
        marked: 1 if drivers have to give way.
    """
    for j in range(len(seen)):
        it = seen[j]
        dx, dy, c, s = it.x - kx, it.y - ky, it.cos, it.sin
        if dx * dx + dy * dy > (FARTHEST_M + 20.0) * (FARTHEST_M + 20.0):
            continue
        hu, hn = c * ux + s * uy, s * ux - c * uy  # its heading along and across the way of the person
        along, across = dx * ux + dy * uy, dy * ux - dx * uy
        wide = it.half_length * abs(hu) + it.half_width * abs(hn) + BESIDE_M
        deep = it.half_length * abs(hn) + it.half_width * abs(hu)
        room = abs(across) - deep - half_width
        speed = it.speed
        if room <= 0.0:  # it is on the crossing
            beside = along + wide < max(over, 0.0) or along - wide > length
            # Round one that stands there people walk, once they are on their way: it may be waiting for them. Into
            # a queue nobody sets out where drivers need not give way.
            if not beside and (abs(speed) > SLOWEST_MPS or (over <= 0.0 and (along - wide < 1.0 or not marked))):
                return 1
            continue
        if abs(speed) < SLOWEST_MPS or across * speed * hn >= 0.0 or abs(hn) < 0.2 or room > FARTHEST_M:
            continue
        there = along + hu / hn * -across
        drift = 0.5 + DRIFT * room
        if there + wide + drift < max(over, 0.0) or there - wide - drift > length:
            continue
        toward = abs(speed * hn)
        needed = toward * toward / (2.0 * room)
        if it.brakes > 0.3 and needed < min(1.1 * it.brakes, HARDEST_MPS2):
            continue
        if marked and speed < 3.0 and needed < 0.5 * HARDEST_MPS2 and it.brakes > -0.2:
            continue
        comes = room / toward
        gone = comes + 2.0 * (deep + half_width) / toward
        enters = (there - wide - drift - over) / pace
        leaves = (min(there + wide + drift, length) - over) / pace
        if comes < leaves + margin and enters < gone + 0.3 * margin:
            return 1
    return 0
