"""What animations of a scenario look like: doors that swing, and what people do with their hands and how they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.scene import Model, Swing
from simulator.storyboard import model

# Which of our parts a VehicleComponentType is (the trunk of a lorry is its box), and what a gesture holds; people
# stand, sit or lie.
DOORS = {
    "doorFrontLeft": "front_left",
    "doorFrontRight": "front_right",
    "doorRearLeft": "rear_left",
    "doorRearRight": "rear_right",
    "trunk": "trunk",
}
DOORS_OF = {  # which of them open, by category
    "car": ("front_left", "front_right", "rear_left", "rear_right"),
    "van": ("front_left", "front_right", "rear_right", "trunk"),
    "bus": ("front_right", "rear_right"),
    "truck": ("front_left", "trunk"),
    "tram": ("front_left", "front_right", "rear_left", "rear_right"),
}
HELD = {
    "phoneCallRightHand": "phone",
    "phoneCallLeftHand": "phone",
    "phoneTextRightHand": "phone",
    "phoneTextLeftHand": "phone",
    "umbrellaRightHand": "umbrella",
    "umbrellaLeftHand": "umbrella",
}
POSES = ("standing", "sitting", "lying")
MOTIONS = (*POSES, "walking", "running")  # of who moves by themselves
Manner = tuple[str, str]  # pose of a person and the thing in its hands; "": any
LOOP_S = 3.0  # of a door whose animation has no duration of its own: an unhurried swing


@dataclass(frozen=True, slots=True)
class Opening:
    """From a time on, a part opens to a share of the way within some seconds, over and over if in a loop."""

    time_s: float
    part: str
    share: float
    within_s: float
    loop: bool


def opening_of(time_s: float, action: model.AnimationAction) -> Opening | None:
    """The door that an action moves, None: no door; an animation without a state opens wide."""
    kind = action.animation_type
    if not isinstance(kind, model.ComponentAnimation) or not isinstance(kind.component, model.VehicleComponent):
        return None
    part = DOORS.get(kind.component.vehicle_component_type)
    share = 1.0 if action.state is None else min(max(action.state, 0.0), 1.0)
    return None if part is None else Opening(time_s, part, share, action.animation_duration or 0.0, action.loop)


def manners_of(acts: Sequence[tuple[float, model.AnimationAction]], start_s: float) -> list[tuple[float, Manner]]:
    """What a person is like from times (s) on; the first is so from the start, as all says that begins until `start_s`.

    What an action does not tell, motion or gestures, goes on; who walks or runs has no pose but that of its gait.

    Args:
        acts: actions by the time at which they begin, in order.
    """
    found: list[tuple[float, Manner]] = [(0.0, ("", ""))]
    for time, act in acts:
        kind = act.animation_type
        if not isinstance(kind, model.PedestrianAnimation):
            continue
        pose, thing = found[-1][1]
        if kind.motion is not None:
            pose = kind.motion if kind.motion in POSES else ""
        if kind.gestures:
            thing = next((HELD[gesture] for gesture in kind.gestures if gesture in HELD), "")
        if time <= start_s:
            found = [(0.0, (pose, thing))]
        elif (pose, thing) != found[-1][1]:
            found.append((time, (pose, thing)))
    return found


def swings_of(vehicle: Model, row: int, openings: Sequence[Opening], end_s: float) -> list[Swing]:
    """How the doors of object `row` swing until `end_s`."""
    found = []
    for name, joint, wide in vehicle.openings:
        times, shares = [0.0], [0.0]
        mine = sorted((each for each in openings if each.part == name), key=lambda each: each.time_s)
        for each, until in zip(mine, [*(each.time_s for each in mine[1:]), end_s]):
            begin = float(np.interp(each.time_s, times, shares))
            kept = [k for k, time in enumerate(times) if time < each.time_s]  # what was under way is broken off
            times = [*(times[k] for k in kept), each.time_s]
            shares = [*(shares[k] for k in kept), begin]
            way = [(max(each.within_s, 1e-3), each.share)]
            if each.loop:
                span = max(each.within_s or LOOP_S, 0.1)
                rounds = max(int(np.ceil((until - each.time_s) / span)), 1)
                once = ((0.5, each.share), (1.0, begin))
                way = [((k + part) * span, share) for k in range(rounds) for part, share in once]
            times += [each.time_s + after for after, _ in way]
            shares += [share for _, share in way]
        if mine:
            when = np.rint(np.array(times) * 1e9).astype(np.int64)
            found.append(Swing(row, joint, when, wide * np.array(shares)))
    return found


def unseen_parts(kind: str, action: model.AnimationAction) -> list[str]:
    """What of an animation our models of a kind ("car", "pedestrian" ...) cannot do."""
    given = action.animation_type
    if isinstance(given, model.ComponentAnimation):
        part = given.component
        if isinstance(part, model.UserDefinedComponent):
            return [part.user_defined_component_type]
        name = part.vehicle_component_type
        return [] if DOORS.get(name) in DOORS_OF.get(kind, ()) else [name]
    if isinstance(given, model.PedestrianAnimation):
        own = given.user_defined_pedestrian_animation
        known = kind == "pedestrian"
        missing = [given.motion] if given.motion is not None and not (known and given.motion in MOTIONS) else []
        gestures = [gesture for gesture in given.gestures if not known or gesture not in HELD]
        return [*missing, *gestures, *([own] if own else [])]
    if isinstance(given, model.AnimationFile):
        return [f"the file {given.file}"]
    return [given.user_defined_animation_type]
