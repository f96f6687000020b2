"""What failing drivers do wrong by themselves (the family BEH of the taxonomy).

Time is cut into spells of `SPELL_S`; chance decides for each what a driver does in it. Red lights and right of way are
`right_of_way`'s.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.counter_rng import uniform
from simulator.numerics.jit import kernel
from simulator.traffic.lane_change import draw_at
from simulator.traffic.lane_map import half_width_at
from simulator.traffic.state import Failing

# Texting drivers look away for 4.6 s of 6 s (R. L. Olson et al., "Driver distraction in commercial vehicle operations",
# FMCSA-RRR-09-042, 2009).
SPELL_S, AWAY_S = 6.0, 4.6
BRAKING_S, BRAKING_MPS2 = 1.5, 6.0
OFTEN = 0.5  # of the spells in which something happens
SLOWEST, SLOW = 0.3, 0.6  # of the speed wanted, by those who crawl
TAILGATING_S, TAILGATING_M = 0.5, 1.0  # headway and gap (Euro NCAP and police count below 0.9 s as dangerous)
SPEEDING = 1.4
SPELL_DRAW = 20  # purpose of random draws
DISTRACTED, TAILGATER = int(Failing.DISTRACTED), int(Failing.TAILGATER)
SUDDEN, ERRATIC = int(Failing.SUDDEN_BRAKING), int(Failing.ERRATIC_SLOW)
SWERVING, SPEEDER = int(Failing.SWERVING), int(Failing.SPEEDING)


@kernel(inner=True)
def spoil(driver):
    """Give a driver the temper of his failing."""
    if driver.failing & TAILGATER:
        driver.headway, driver.gap = min(driver.headway, TAILGATING_S), TAILGATING_M
    if driver.failing & SPEEDER:
        driver.pace = max(driver.pace, SPEEDING)


@kernel(inner=True)
def fail(lanes, vehicle, driver, seed, row, dt):
    """Let a failing driver spoil what it has chosen: `wish_acceleration` and `wish_d`.

    Args:
        lanes: Lanes.
        vehicle, driver: its rows.
        seed, row: key of its random draws.
        dt: s of the steps that it counts.
    """
    age = vehicle.steps * dt
    spell = np.int64(age / SPELL_S)
    within = age - spell * SPELL_S
    bits = draw_at(seed, row, vehicle.serial, spell, SPELL_DRAW)
    chance, amount = np.float64(uniform(bits[0])), np.float64(uniform(bits[1]))
    happens = chance < OFTEN
    if driver.failing & DISTRACTED and happens and within < AWAY_S:
        vehicle.wish_acceleration = vehicle.acceleration if vehicle.speed > 0.0 and vehicle.acceleration > 0.0 else 0.0
    if driver.failing & SUDDEN and happens and within < BRAKING_S:
        vehicle.wish_acceleration = min(vehicle.wish_acceleration, -BRAKING_MPS2)
    if driver.failing & ERRATIC:
        wish = driver.pace * lanes.samples[lanes.lanes[vehicle.lane].first].limit
        wish *= SLOWEST + (SLOW - SLOWEST) * amount
        vehicle.wish_acceleration = min(vehicle.wish_acceleration, max(wish - vehicle.speed, -driver.decel))
    if driver.failing & SWERVING:
        room = max(half_width_at(lanes, vehicle.lane, vehicle.s) - 0.5 * driver.half_width, 0.0)
        vehicle.wish_d = (2.0 * amount - 1.0) * room
