"""Collisions against shapely, fine sampling of time, equations of impact solved otherwise, and laws of conservation."""

from __future__ import annotations

import itertools
import math
import textwrap

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import simulator.dynamics
from simulator.dynamics.bodies import (
    BODY_DTYPE,
    TOLERANCE_M,
    boxes,
    discs,
    gaps,
    impact_times,
    rear_axle,
    set_box,
    set_disc,
)
from simulator.dynamics.collisions import CONTACT_DTYPE, collide, find_contacts, sweeps, times_to_collision
from simulator.dynamics.crashes import METAL_FRICTION, advance_worlds, strike
from simulator.errors import OddRoadError
from simulator.numerics.jit import kernel

Bodies = NDArray[np.void]
Array = NDArray[np.float64]
G = 9.81


def outline(body: Bodies, t: Array | float = 0.0) -> NDArray[np.object_]:
    """Shapely polygons of one body at times `t`; discs as polygons of 256 corners, drawn about them."""
    t = np.atleast_1d(t)
    yaw = body["yaw"] + body["yaw_rate"] * t
    if body["radius"] > 0.0:
        around = np.linspace(0, 2 * np.pi, 257)
        corners = body["radius"] * np.stack([np.cos(around), np.sin(around)], -1) / np.cos(np.pi / 256)
    else:
        low, high = body["middle"] - body["half_length"], body["middle"] + body["half_length"]
        w = body["half_width"]
        corners = np.array([[low, -w], [high, -w], [high, w], [low, w], [low, -w]])
    c, s = np.cos(yaw)[:, None], np.sin(yaw)[:, None]
    x = body["x"] + (body["vx"] * t)[:, None] + c * corners[:, 0] - s * corners[:, 1]
    y = body["y"] + (body["vy"] * t)[:, None] + s * corners[:, 0] + c * corners[:, 1]
    return np.asarray(shapely.polygons(np.stack([x, y], -1)))


def random_bodies(rng: np.random.Generator, count: int, extent: float, speed: float = 0.0) -> Bodies:
    vehicle = boxes(
        *rng.uniform(-extent, extent, (2, count)),
        rng.uniform(-4, 4, count),
        *rng.uniform([[0.3], [0.3]], [[6.0], [2.0]], (2, count)),
        rng.uniform(0.1, 1.3, count),
        speed=rng.uniform(-speed, speed, count),
        sideways=rng.uniform(-0.2 * speed, 0.2 * speed, count),
        yaw_rate=rng.uniform(-0.1 * speed, 0.1 * speed, count),
        centre=rng.uniform(0.0, 1.0, count),
        mass=rng.uniform(500, 30_000, count),
    )
    people = discs(
        *rng.uniform(-extent, extent, (2, count)),
        rng.uniform(0.2, 0.5, count),
        vx=rng.uniform(-0.2 * speed, 0.2 * speed, count),
        vy=rng.uniform(-0.2 * speed, 0.2 * speed, count),
    )
    return np.where(rng.random(count) < 0.3, people, vehicle)


def car(x: float, y: float = 0.0, yaw: float = 0.0, speed: float = 0.0, **changes: float) -> Bodies:
    return boxes(x, y, yaw, 3.6, 1.0, 0.9, speed=speed, **changes)


# ---- overlap and gap -------------------------------------------------------------------------------------------------


def test_overlap_and_gap_as_shapely_says() -> None:
    rng = np.random.default_rng(1)
    a, b = random_bodies(rng, 4000, 4.0), random_bodies(rng, 4000, 4.0)
    gap = gaps(a, b)
    pairs = [(outline(p)[0], outline(q)[0]) for p, q in zip(a, b)]
    distance = shapely.distance(*np.array(pairs).T)
    clear = np.abs(gap) > 1e-4  # a polygon is not quite a disc
    assert np.array_equal((gap < 0)[clear], (distance == 0)[clear])
    apart = distance > 1e-3
    assert apart.sum() > 700 and (~apart).sum() > 700
    assert (gap <= distance + 1e-4)[apart].all()
    assert (gap >= distance / math.sqrt(2) - 1e-9)[apart].all()
    np.testing.assert_allclose(gap, gaps(b, a), atol=1e-12)


# ---- time of impact --------------------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1.0, 60.0))
def test_time_of_impact_beside_fine_sampling(seed: int, speed: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = random_bodies(rng, 2, 8.0, speed)
    t = np.linspace(0.0, 0.6, 601)
    distance = shapely.distance(outline(a, t), outline(b, t))
    if distance[0] < 2 * TOLERANCE_M:
        return
    time = float(impact_times(a, b, 0.6))
    assert (distance[t < time - 1e-9] > 0.0).all()
    if time < np.inf:
        at = shapely.distance(outline(a, time), outline(b, time))[0]
        assert 0.0 < at <= 1.5 * TOLERANCE_M
    else:
        assert distance.min() > 0.0


@pytest.mark.parametrize("offset", [0.0, 0.92, -0.92])
@pytest.mark.parametrize("yaw_rate", [0.0, 0.5, -3.0])
def test_a_thin_post_is_not_missed_at_70_m_per_s(offset: float, yaw_rate: float) -> None:
    post = boxes(20.0, offset, 0.3, 0.025, 0.025, 0.025, mass=np.inf)
    moving = car(0.0, speed=70.0, yaw_rate=0.0)
    assert impact_times(moving, post, 0.5) == pytest.approx((20 - 3.6) / 70, abs=6e-4) or offset
    moving["yaw_rate"] = yaw_rate
    time = float(impact_times(moving, post, 0.5))
    assert time < 0.3
    assert 0.0 < shapely.distance(outline(moving, time), outline(post, time))[0] <= 1.5 * TOLERANCE_M


def test_without_turning_the_time_is_exact() -> None:
    a, b = car(0.0, speed=20.0), car(30.0, 1.0, math.pi, speed=15.0)
    assert impact_times(a, b, 2.0) == pytest.approx((30.0 - 2 * 3.6 - 0.5 * TOLERANCE_M) / 35.0, abs=1e-12)
    person = discs(10.0, 1.1, 0.3)  # touched by the corner, 0.2 m beside its centre
    expected = (10.0 - 3.6 - math.sqrt(0.3**2 - 0.2**2)) / 20.0
    assert impact_times(a, person, 2.0) == pytest.approx(expected, abs=1e-4)


# ---- a world ---------------------------------------------------------------------------------------------------------


def crowd(seed: int, count: int = 60, extent: float = 30.0, speed: float = 20.0) -> Bodies:
    """Bodies that do not overlap at first; one in ten is not in use."""
    rng = np.random.default_rng(seed)
    kept: list[Bodies] = []
    for body in random_bodies(rng, 4 * count, extent, speed):
        if len(kept) < count and all(gaps(body, other) > 0.01 for other in kept):
            kept.append(body)
    out = np.array(kept, BODY_DTYPE)
    out["active"] = rng.random(len(out)) < 0.9
    return out


@pytest.mark.parametrize("seed", range(6))
def test_a_world_finds_what_all_pairs_find(seed: int) -> None:
    bodies = crowd(seed)
    dt = 0.3
    contacts = find_contacts(bodies, dt)
    assert len(contacts) > 3
    on = bodies["active"]
    used = on[:, None] & on & (bodies["radius"] == 0)[:, None] | on[:, None] & on & (bodies["radius"] == 0)
    alone = np.where(np.triu(used, 1), impact_times(bodies[:, None], bodies, dt), np.inf)
    first = contacts[0]
    assert (first["i"], first["j"]) == np.unravel_index(alone.argmin(), alone.shape)
    assert first["time"] == pytest.approx(alone.min(), abs=1e-12)
    assert (np.diff(contacts["time"]) >= 0).all() and (contacts["i"] < contacts["j"]).all()
    found = {(int(c["i"]), int(c["j"])) for c in contacts}
    for i, j in zip(*np.nonzero(alone < np.inf)):  # each is found, or one of the two was stopped before
        assert (i, j) in found or bodies["until"][[i, j]].min() < alone[i, j]
    moved = bodies.copy()
    for name, rate in (("x", "vx"), ("y", "vy"), ("yaw", "yaw_rate")):
        moved[name] += moved[rate] * moved["until"]
    assert gaps(moved[:, None], moved)[np.triu(used, 1)].min() > 0.0
    struck = np.zeros(len(bodies), np.bool_)
    struck[contacts["i"]] = struck[contacts["j"]] = True
    assert np.array_equal(struck & on, (bodies["until"] < dt) & on)


def test_the_order_left_by_another_step_changes_nothing() -> None:
    bodies = crowd(7)
    expected = find_contacts(bodies.copy(), 0.3, capacity=5)
    sweep = sweeps(len(bodies))
    sweep["body"] = np.random.default_rng(0).permutation(len(bodies))
    assert find_contacts(bodies.copy(), 0.3, sweep=sweep, capacity=5).tobytes() == expected.tobytes()


def test_who_stops_is_run_into_by_who_follows() -> None:
    """Three in a row at 20 m/s, 1 m apart, the first against a wall: they stop one behind the other."""
    bodies = np.array([*(car(-5.6 * k, speed=20.0) for k in range(3)), boxes(4.0, 0, 0, 1, 0, 3, mass=np.inf)])
    contacts = find_contacts(bodies, 0.3)
    assert [(c["i"], c["j"]) for c in contacts] == [(0, 3), (0, 1), (1, 2)]
    np.testing.assert_allclose(contacts["time"], [0.4 / 20, 1.4 / 20, 2.4 / 20], atol=2e-4)
    np.testing.assert_allclose(contacts["closing"], 20.0)
    assert (bodies["until"][:3] == contacts["time"]).all()


def test_groups_and_people_pass_each_other_and_standing_things_stand() -> None:
    tractor, trailer = car(0.0, speed=5.0), car(-4.5, speed=5.0)
    assert len(find_contacts(np.array([tractor, trailer]), 0.1)) == 1
    tractor["group"] = trailer["group"] = 3
    assert len(find_contacts(np.array([tractor, trailer]), 0.1)) == 0
    assert len(find_contacts(discs([0.0, 0.1], 0.0, 0.3, vx=1.0), 0.1)) == 0
    assert len(find_contacts(np.array([car(0.0), car(1.0)]), 0.1)) == 0


def test_what_touches_and_parts_goes_on() -> None:
    bodies = np.array([car(0.0, speed=-3.0), car(4.6)])
    (contact,) = find_contacts(bodies, 0.1)
    assert contact["time"] == 0.0 and contact["closing"] == -3.0
    assert (bodies["until"] == 0.1).all()


# ---- where they touch ------------------------------------------------------------------------------------------------


def test_contact_points_of_known_impacts() -> None:
    def touch(*bodies: Bodies) -> Bodies:
        (contact,) = find_contacts(np.array(bodies), 1.0)
        return contact

    rear_end = touch(car(0.0, speed=10.0), car(10.0, 0.6))  # squarely, overlapping from -0.3 to 0.9
    assert [rear_end["x"], rear_end["y"]] == pytest.approx([9.0, 0.3], abs=2e-3)
    assert [rear_end["nx"], rear_end["ny"]] == pytest.approx([1.0, 0.0])
    side = touch(car(0.0, speed=10.0), car(10.0, -2.0, 0.5 * math.pi))  # into a flank at x = 9.1
    assert [side["x"], side["y"]] == pytest.approx([9.1, 0.0], abs=2e-3)
    corner = touch(car(0.0, speed=10.0), car(12.0, 0.0, math.radians(45)))
    low = 12.0 - (1.0 - 0.9) / math.sqrt(2), -(1.0 + 0.9) / math.sqrt(2)  # its rear right corner misses by much
    left = 12.0 - (1.0 + 0.9) / math.sqrt(2), (0.9 - 1.0) / math.sqrt(2)  # the rear left one strikes
    assert low[1] < -0.9 < left[1]
    assert [corner["x"], corner["y"]] == pytest.approx(left, abs=0.1)
    person = touch(car(0.0, speed=10.0), discs(8.0, 0.5, 0.3))
    assert [person["x"], person["y"]] == pytest.approx([7.7, 0.5], abs=1e-6)
    mirrored = touch(car(0.0, speed=10.0), car(12.0, 0.0, math.radians(-45)))
    assert [mirrored["x"], -mirrored["y"]] == pytest.approx([corner["x"], corner["y"]], abs=1e-9)


# ---- impact ----------------------------------------------------------------------------------------------------------


def struck(bodies: Bodies, contact: Bodies, friction: float = METAL_FRICTION, bounce: float = -1.0) -> Bodies:
    after = bodies.copy()
    strike(after, np.array([contact], CONTACT_DTYPE)[0:1][0], friction, bounce)
    return after


def impact(*bodies: Bodies, **how: float) -> Bodies:
    """The two bodies after their impact, at its poses."""
    both = np.array(bodies)
    (contact,) = find_contacts(both, 30.0)
    for name, rate in (("x", "vx"), ("y", "vy"), ("yaw", "yaw_rate")):
        both[name] += both[rate] * both["until"]
    return struck(both, contact, **how)


def test_central_impacts() -> None:
    a, b = impact(car(0.0, speed=20.0, mass=1000.0), car(30.0, mass=3000.0), bounce=1.0)
    assert [a["vx"], b["vx"]] == pytest.approx([-10.0, 10.0])
    a, b = impact(car(0.0, speed=20.0, mass=1000.0), car(30.0, mass=3000.0), bounce=0.0)
    assert [a["vx"], b["vx"], a["yaw_rate"], b["yaw_rate"]] == pytest.approx([5.0, 5.0, 0.0, 0.0], abs=1e-12)
    a, _ = impact(car(0.0, speed=20.0), boxes(30, 0, 0, 1, 1, 4, mass=np.inf), bounce=0.3)
    assert a["vx"] == pytest.approx(-6.0)
    slow, fast = (impact(car(0.0, speed=v), boxes(30, 0, 0, 1, 1, 4, mass=np.inf))[0]["vx"] / -v for v in (2.5, 20.0))
    assert slow == pytest.approx(0.3) and fast == pytest.approx(0.1)


def test_an_eccentric_impact_turns_as_the_textbook_says() -> None:
    """A smooth push at 0.6 m beside the centre of mass: m_effective = 1 / (2 / m + d^2 / I)."""
    a, b = impact(car(0.0, speed=10.0), car(30.0, 1.2), bounce=0.0, friction=0.0)
    inertia = float(b["yaw_inertia"])
    push = 10.0 / (2 / 1500 + 2 * 0.6**2 / inertia)
    assert b["vx"] == pytest.approx(push / 1500, rel=1e-6)
    assert [a["yaw_rate"], b["yaw_rate"]] == pytest.approx([push * 0.6 / inertia] * 2, rel=1e-3)


def brach(a: Bodies, b: Bodies, contact: Bodies, friction: float, e: float) -> Array:
    """The six velocities after an impact, from momentum, angular momentum about the contact, and impact's two laws,
    solved as one linear system: sliding stops, or else friction is at its limit, in whichever direction is opposed."""
    n = np.array([contact["nx"], contact["ny"]])
    tangent = np.array([-n[1], n[0]])
    arms = [np.array([contact["x"] - v["x"], contact["y"] - v["y"]]) for v in (a, b)]
    mass, inertia = [float(v["mass"]) for v in (a, b)], [float(v["yaw_inertia"]) for v in (a, b)]
    before = np.array([q for v in (a, b) for q in (v["vx"], v["vy"], v["yaw_rate"])])
    velocity = [np.zeros((2, 6)), np.zeros((2, 6))]
    for k, arm in enumerate(arms):
        velocity[k][0, 3 * k], velocity[k][1, 3 * k + 1] = 1.0, 1.0
        velocity[k][:, 3 * k + 2] = [-arm[1], arm[0]]
    relative = velocity[1] - velocity[0]
    spin = [np.zeros(6), np.zeros(6)]  # angular momentum about the contact
    for k, arm in enumerate(arms):
        spin[k][3 * k : 3 * k + 3] = [arm[1] * mass[k], -arm[0] * mass[k], inertia[k]]
    total = np.zeros((2, 6))
    total[0, [0, 3]] = total[1, [1, 4]] = mass
    impulse = np.zeros((2, 6))
    impulse[0, 3] = impulse[1, 4] = mass[1]
    rows = [*total, *spin, n @ relative]
    right = [*(total @ before), *(s @ before for s in spin), -e * (n @ relative @ before)]
    stopped = np.linalg.solve(np.array([*rows, tangent @ relative]), [*right, 0.0])
    push = impulse @ (stopped - before)
    if abs(tangent @ push) <= friction * (n @ push):
        return np.asarray(stopped)
    for sign in (1.0, -1.0):
        law = tangent @ impulse - sign * friction * (n @ impulse)
        after = np.linalg.solve(np.array([*rows, law]), [*right, law @ before])
        if sign * (tangent @ relative @ after) <= 0.0 and n @ impulse @ (after - before) > 0.0:
            return np.asarray(after)
    raise AssertionError("no solution")


def energy(bodies: Bodies) -> float:
    finite = np.isfinite(bodies["yaw_inertia"])
    spin = np.where(finite, bodies["yaw_inertia"], 0.0) * bodies["yaw_rate"] ** 2
    return float((bodies["mass"] * (bodies["vx"] ** 2 + bodies["vy"] ** 2) + spin).sum() / 2)


def momentum(bodies: Bodies) -> Array:
    """Two components and the angular momentum about the origin."""
    p = bodies["mass"][:, None] * np.stack([bodies["vx"], bodies["vy"]], -1)
    turning = np.where(np.isfinite(bodies["yaw_inertia"]), bodies["yaw_inertia"], 0.0) * bodies["yaw_rate"]
    return np.append(p.sum(0), (bodies["x"] * p[:, 1] - bodies["y"] * p[:, 0] + turning).sum())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 1.5), st.sampled_from([-1.0, 0.0, 0.2, 0.5, 1.0]))
def test_impacts_conserve_what_they_must(seed: int, friction: float, bounce: float) -> None:
    rng = np.random.default_rng(seed)
    both = random_bodies(rng, 2, 6.0, 30.0)
    found = find_contacts(both, 1.0)
    if len(found) == 0 or found[0]["time"] == 0.0:
        return
    for name, rate in (("x", "vx"), ("y", "vy"), ("yaw", "yaw_rate")):
        both[name] += both[rate] * both["until"]
    contact = found[0]
    after = struck(both, contact, friction, bounce)
    scale = (both["mass"] * np.hypot(both["vx"], both["vy"])).sum() * 10.0
    np.testing.assert_allclose(momentum(after), momentum(both), atol=1e-9 * scale)
    assert energy(after) <= energy(both) * (1 + 1e-9)
    swapped = contact.copy()
    swapped["nx"], swapped["ny"] = -contact["nx"], -contact["ny"]
    other = struck(both[::-1].copy(), swapped, friction, bounce)[::-1]
    for name in ("vx", "vy", "yaw_rate"):
        np.testing.assert_allclose(other[name], after[name], atol=1e-7)
    if contact["closing"] > 0.0 and np.isfinite(both["yaw_inertia"]).all() and bounce == 0.0:
        expected = brach(*both, contact, friction, 0.0)
        got = [q for v in after for q in (v["vx"], v["vy"], v["yaw_rate"])]
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-6)


def test_the_example_of_the_package_runs() -> None:
    lines = (simulator.dynamics.__doc__ or "").split("\n\n")[4]
    names = {**vars(simulator.dynamics), "np": np}
    exec(textwrap.dedent(lines), names)
    contact = names["contacts"][0, 0]
    assert (contact["i"], contact["j"], contact["closing"]) == (0, 1, pytest.approx(20.0))
    assert 10.0 < contact["delta_v_j"] < 12.0


def test_severity_is_reported() -> None:
    bodies = np.array([[car(0.0, speed=50 / 3.6), car(4.7)]])
    contacts = np.zeros((1, 8), CONTACT_DTYPE)
    assert advance_worlds(bodies, sweeps((1, 2)), 0.05, contacts)[0] == 1
    contact = contacts[0, 0]
    assert contact["delta_v_i"] == pytest.approx(1.1 / 2 * 50 / 3.6) == contact["delta_v_j"]
    assert contact["impulse"] == pytest.approx(1500 * contact["delta_v_j"])


# ---- after it --------------------------------------------------------------------------------------------------------


def slide(bodies: Bodies, seconds: float, dt: float = 0.05) -> Bodies:
    """One world after so many seconds; what is struck slides from then on."""
    world, sweep, contacts = bodies[None].copy(), sweeps((1, len(bodies))), np.zeros((1, 32), CONTACT_DTYPE)
    for _ in range(round(seconds / dt)):
        count = advance_worlds(world, sweep, dt, contacts)[0]
        for contact in contacts[0, :count]:
            if contact["delta_v_i"] + contact["delta_v_j"] > 0.0:
                world["slides"][0, [contact["i"], contact["j"]]] = True
    return world[0]


def test_a_wreck_slides_v2_over_2_mu_g() -> None:
    for speed, friction in itertools.product((3.0, 17.3, 40.0), (0.2, 0.7)):
        body = car(0.0, speed=speed, friction=friction)
        body["slides"] = True
        after = slide(body[None], speed / (friction * G) + 0.2)
        assert after["vx"] == 0.0
        assert after["x"] - body["x"] == pytest.approx(speed**2 / (2 * friction * G), abs=3e-3)


def test_spin_dies_out_as_four_dragging_tyres_make_it() -> None:
    """In place: d(omega)/dt = -mu g r / k^2, r from the middle to a tyre; moving, a spin lengthens the way."""
    body = car(0.0, yaw_rate=6.0)
    body["slides"], body["vy"] = True, 0.0
    r, gyration2 = math.hypot(0.6 * 2.3, 0.85 * 0.9), float(body["yaw_inertia"] / body["mass"])
    seconds = 6.0 / (0.7 * G * r / gyration2)
    assert slide(body[None], 0.9 * seconds, 0.001)["yaw_rate"] == pytest.approx(0.6, abs=0.02)
    assert slide(body[None], seconds + 0.1)["yaw_rate"] == 0.0
    straight, turning = (car(0.0, speed=15.0, yaw_rate=w)[None] for w in (0.0, 6.0))
    for one in (straight, turning):
        one["slides"] = True
    assert slide(turning, 6.0)["x"] > slide(straight, 6.0)["x"] + 1.0


@pytest.mark.parametrize("km_h", [30, 50, 70])
def test_people_are_thrown_as_far_as_searle_found(km_h: int) -> None:
    """J. A. Searle, A. Searle, SAE 831622: v between sqrt(2 mu g S / (1 + mu^2)) and sqrt(2 mu g S), with mu 0.66."""
    speed = km_h / 3.6
    driver = car(0.0, speed=speed, friction=0.8)  # brakes from the impact on
    after = slide(np.array([driver, discs(5.0, 0.2, 0.25)]), 6.0)
    assert (np.hypot(after["vx"], after["vy"]) == 0.0).all()
    most = math.sqrt(2 * 0.66 * G * float(after["x"][1] - 5.0))
    projected = speed * 1500 / 1575
    assert most / math.sqrt(1 + 0.66**2) <= projected <= most * 1.01
    assert gaps(after[0], after[1]) > 0.0


def test_a_pile_up_comes_to_rest_without_overlaps() -> None:
    rng = np.random.default_rng(3)
    row = boxes(-15.0 * np.arange(8), rng.uniform(-0.6, 0.6, 8), 0.0, 3.6, 1.0, 0.9, speed=25.0)
    wall = boxes(20.0, 0.0, 0.4, 1.0, 1.0, 5.0, mass=np.inf)
    after = slide(np.append(row, wall), 12.0)
    assert (np.hypot(after["vx"], after["vy"]) == 0.0).all() and (after["yaw_rate"] == 0.0).all()
    between = gaps(after[:, None], after)[np.triu_indices(9, 1)]
    assert between.min() > -0.1  # less than a bumper gives way
    assert after["x"][0] < 20.0 + 3.0


def test_worlds_do_not_depend_on_threads_and_shapes_are_told() -> None:
    worlds = np.stack([crowd(seed, 24, 25.0) for seed in range(40)])
    worlds["slides"] = np.random.default_rng(0).random(worlds.shape) < 0.2
    results = []
    for threads in (1, 3):
        moved, contacts = worlds.copy(), np.zeros((40, 64), CONTACT_DTYPE)
        sweep = sweeps(worlds.shape)
        counts = sum(advance_worlds(moved, sweep, 0.05, contacts, threads=threads) for _ in range(20))
        results.append((moved.tobytes(), contacts.tobytes(), np.asarray(counts).tolist()))
    assert results[0] == results[1]
    assert sum(results[0][2]) > 200
    with pytest.raises(OddRoadError, match="sweep must be"):
        advance_worlds(worlds, sweeps(24), 0.05, contacts)
    with pytest.raises(OddRoadError, match="BODY_DTYPE"):
        gaps(np.zeros(3), worlds[0, :3])


# ---- time to collision -----------------------------------------------------------------------------------------------


def test_time_to_collision_of_known_encounters() -> None:
    follower, leader = car(0.0, speed=20.0), car(30.0, speed=10.0)
    beside, crossing = car(0.0, 4.0, speed=20.0), car(100.0, -30.0, 0.5 * math.pi, speed=3.0)
    walker = discs(60.0, 6.0, 0.3, vy=-1.0)
    times = times_to_collision(np.array([follower, leader, beside, crossing, walker]), 5.0)
    headway = (30.0 - 4.6) / 10.0
    assert times[[0, 1]] == pytest.approx([headway, headway], abs=1e-4)
    assert times[2] == pytest.approx(times[4], abs=1e-12) and 2.5 < times[2] < 3.0
    assert times[3] == np.inf


def test_time_to_collision_is_that_of_all_pairs() -> None:
    worlds = np.stack([crowd(seed, 40, 60.0, 15.0) for seed in range(4)])
    times = times_to_collision(worlds.copy(), 4.0)
    for world, got in zip(worlds, times):
        world["yaw_rate"] = 0.0
        on, box = world["active"], world["radius"] == 0
        pairs = on[:, None] & on & (box[:, None] | box) & ~np.eye(len(world), dtype=np.bool_)
        expected = np.where(pairs, impact_times(world[:, None], world, 4.0), np.inf).min(1)
        np.testing.assert_allclose(got, expected, atol=1e-9)
        assert np.isfinite(got).sum() > 4


@kernel
def drive_a_step(poses, bodies, sweep, dt, contacts, out):
    """What a kernel of traffic does: vehicles of (x, y, yaw, speed, sideways, yaw rate) through one step and back."""
    for k in range(poses.shape[0]):
        p = poses[k]
        set_box(bodies[k], p[0], p[1], p[2], p[3], p[4], p[5], 3.6, 1.0, 0.9, 1.2)
        bodies[k].active, bodies[k].mass, bodies[k].yaw_inertia = True, 1500.0, 2000.0
    set_disc(bodies[poses.shape[0]], 7.0, 0.0, 0.0, 0.0, 0.3)
    bodies[poses.shape[0]].active, bodies[poses.shape[0]].mass = True, 75.0
    bodies[poses.shape[0]].yaw_inertia = np.inf
    for k in range(poses.shape[0]):
        out[k, 0], out[k, 1], out[k, 3], out[k, 4] = rear_axle(bodies[k], 1.2)
        out[k, 2], out[k, 5] = bodies[k].yaw, bodies[k].yaw_rate
    return collide(bodies, sweep, dt, contacts)


def test_kernels_as_traffic_calls_them() -> None:
    poses = np.array([[0.0, 0.3, 0.01, 20.0, 0.1, 0.2], [-30.0, 5.0, -2.0, 7.0, -0.3, 0.5]])
    bodies, contacts, out = np.zeros(3, BODY_DTYPE), np.zeros(1, CONTACT_DTYPE), np.empty_like(poses)
    assert drive_a_step(poses, bodies, sweeps(3), 0.3, contacts, out) == 1
    np.testing.assert_allclose(out, poses, atol=1e-12)
    assert (contacts["i"][0], contacts["j"][0]) == (0, 2)
    expected = boxes(*poses[0, :3], 3.6, 1.0, 0.9, speed=20.0, sideways=0.1, yaw_rate=0.2, centre=1.2)
    for name in ("x", "y", "vx", "vy", "middle", "half_length"):
        assert bodies[name][0] == pytest.approx(float(expected[name]), abs=1e-12)
