"""Gaps in the traffic: whether somebody on foot must let vehicles pass before stepping out."""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel

FARTHEST_M = 250.0  # vehicles further away are not heeded
SLOWEST_MPS = 0.3  # slower ones stand
HARDEST_MPS2 = 4.0  # nobody relies on a driver who would have to brake harder
BESIDE_M = 0.3  # kept from the side of a vehicle that passes
DRIFT = 0.1  # metres a metre: how far vehicles stray from the straight line ahead of them


@kernel
def must_wait(vehicles, drivers, kx, ky, ux, uy, length, half_width, over, pace, margin, marked):  # type: ignore[no-untyped-def]
    """1 if a vehicle would be in the way of somebody who walks over a street now, else 0.

    Vehicles are taken to go straight on. One is in the way if it gets to where the paths cross before the person has
    left that strip, with `margin` seconds to spare, and has not left it before the person comes. Drivers who brake
    enough to stop are not, nor, at a `marked` crossing, those who still can gently and have slowed down already.

    Args:
        vehicles: (A,) rows with control, x, y, yaw, speed, acceleration.
        drivers: (A,) rows with front, rear, half_width.
        kx, ky: m, kerb that the person comes from.
        ux, uy: unit vector over the street.
        length: m, from kerb to kerb.
        half_width: m, of the way over the street.
        over: m, how far beyond the kerb the person is.
        pace: m/s that it will walk.
        margin: s.
        marked: 1 if drivers have to give way.
    """
    for j in range(vehicles.shape[0]):
        if vehicles[j].control == 0:
            continue
        dx, dy = vehicles[j].x - kx, vehicles[j].y - ky
        if dx * dx + dy * dy > (FARTHEST_M + 20.0) * (FARTHEST_M + 20.0):
            continue
        c, s = np.cos(vehicles[j].yaw), np.sin(vehicles[j].yaw)
        middle, half_length = 0.5 * (drivers[j].front - drivers[j].rear), 0.5 * (drivers[j].front + drivers[j].rear)
        dx, dy = dx + middle * c, dy + middle * s
        hu, hn = c * ux + s * uy, s * ux - c * uy  # its heading along and across the way of the person
        along, across = dx * ux + dy * uy, dy * ux - dx * uy
        wide = half_length * abs(hu) + drivers[j].half_width * abs(hn) + BESIDE_M
        deep = half_length * abs(hn) + drivers[j].half_width * abs(hu)
        room = abs(across) - deep - half_width
        speed = vehicles[j].speed
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
        brakes = -vehicles[j].acceleration if speed > 0.0 else 0.0
        needed = toward * toward / (2.0 * room)
        if brakes > 0.3 and needed < min(1.1 * brakes, HARDEST_MPS2):
            continue
        if marked and speed < 3.0 and needed < 0.5 * HARDEST_MPS2 and brakes > -0.2:
            continue
        comes = room / toward
        gone = comes + 2.0 * (deep + half_width) / toward
        enters = (there - wide - drift - over) / pace
        leaves = (min(there + wide + drift, length) - over) / pace
        if comes < leaves + margin and enters < gone + 0.3 * margin:
            return 1
    return 0
