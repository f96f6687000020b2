"""Rows of people and animals: what changes as they walk, who they are, and what drivers need to know of crossings."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

# Social force: Helbing and Molnar, "Social force model for pedestrian dynamics", Phys. Rev. E 51, 1995, section IV.
PACE_MPS, PACE_SPREAD_MPS = 1.34, 0.26
FASTEST = 1.3  # times the pace
RELAXATION_S = 0.5
REPULSION, REPULSION_RANGE_M = 2.1, 0.3  # m2/s2, of other people
BORDER, BORDER_RANGE_M = 10.0, 0.2  # m2/s2
ANTICIPATION_S = 2.0  # of the steps of others
SIGHT_COS, UNSEEN = np.cos(np.radians(100.0)), 0.5  # people behind weigh half
# Nobody walks faster than the gap to whoever is ahead allows within this time (as in Tordeux, Chraibi, Seyfried,
# "Collision-free speed model for pedestrian dynamics", 2016); fitted so that speed falls with density as measured:
# Weidmann, "Transporttechnik der Fussgaenger", 1993.
TIME_GAP_S = 0.3
# Gap acceptance: HCM (2010), chapter 19: own time over the street and 3 s for setting out and clearing the far kerb;
# MUTCD 4E.06 reckons with 3.5 ft/s.
CAUTION_S = 3.0
CLEARANCE_MPS = 1.07
# Purposes of random draws.
FOR_ROUTE, FOR_STRAY, FOR_WANDER, FOR_SIDE, FOR_TURN = 1, 2, 3, 4, 5


class Being(IntEnum):
    """Who a row is."""

    NOBODY = 0  # the row is empty
    ADULT = 1
    CHILD = 2
    ELDERLY = 3
    DOG = 4
    ANIMAL = 5  # a wild one


class Mode(IntEnum):
    """What a person is doing."""

    WALKING = 0
    WAITING = 1  # at the kerb of a crossing
    CROSSING = 2  # from kerb to kerb, on a crossing
    LOOKING = 3  # at the kerb between crossings
    STRAYING = 4  # over the street between crossings
    FALLEN = 5  # struck by a vehicle: slides to a stand and stays (`wrecks`)


PERSON_DTYPE = np.dtype(
    [
        ("being", np.int64),  # Being
        ("x", np.float64),  # m from the origin of the map, on the ground
        ("y", np.float64),
        ("z", np.float64),
        ("vx", np.float64),  # m/s
        ("vy", np.float64),
        ("heading", np.float64),  # rad
        ("phase", np.float64),  # rad of the gait, 2 pi a stride
        ("mode", np.int64),  # Mode
        # Who it is.
        ("pace", np.float64),  # m/s, desired
        ("radius", np.float64),  # m, of the body
        ("stride", np.float64),  # m, two steps
        ("caution", np.float64),  # s of margin that it wants in a gap
        ("strays", np.float64),  # how often it sets out to cross between crossings, 1/s
        ("heedless", np.int64),  # 1: does not look before it steps out, and runs
        ("group", np.int64),  # who has the same number takes the same ways
        # Where it goes.
        ("way", np.int64),
        ("forward", np.int64),  # 1 with the points of the way, -1 against them
        ("point", np.int64),  # of the way, before it
        ("s", np.float64),  # m along the way
        ("d", np.float64),  # m to the left of its middle, seen along its points
        ("side", np.float64),  # -1 .. 1 where across the way it likes to walk, to the left as it goes
        ("next_way", np.int64),
        ("next_forward", np.int64),
        ("crossing", np.int64),  # that it uses or is about to use, or NONE
        ("over", np.int64),  # point on the other side of the street that it strays to, or NONE
        # For the kernel.
        ("from_x", np.float64),  # m, where it strays from
        ("from_y", np.float64),
        ("wish_x", np.float64),  # m/s, velocity that the forces would give
        ("wish_y", np.float64),
        ("room", np.float64),  # m to the edge of its way
        ("nearest", np.float64),  # m between its body and the nearest other one
        ("beside", np.int64),  # 1: a vehicle is or may soon be close
        ("hold", np.int64),  # 1: lets a vehicle pass
        ("waited", np.float64),  # s at the kerb
        ("progress", np.float64),  # m/s towards where it heads, lately
        ("haste", np.float64),  # times the pace, now
        ("draws", np.int64),  # random numbers so far
    ]
)
USE_DTYPE = np.dtype(
    [
        ("on", np.int64),  # people on the carriageway of a crossing
        ("about", np.int64),  # people at its kerbs who want to go
        ("since", np.float64),  # s, from when on there has always been somebody, if there is now
        ("seen", np.float64),  # s, when there last was somebody, on it or about to be; minus infinity: never
        ("left", np.float64),  # s, when there last was somebody on it
    ]
)
