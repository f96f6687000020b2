"""Ghosts, an extension of esmini that its scenarios use: a copy of an entity runs ahead in time, the entity follows.

The ghost does what the scenario tells the entity to do, some seconds before: it moves alone until it has its head
start, and conditions of time that start its actions are shifted by as much. Where an event waits for something that
the ghost cannot know ahead, it is sent back to the entity when the event starts, and moves alone again until it is
ahead.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from math import hypot
from typing import Any, Literal, NamedTuple, TypeVar

from simulator.errors import InputError
from simulator.storyboard import model
from simulator.storyboard.entities import Entity
from simulator.storyboard.road_links import Roads
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import difference, wrap

SOLO_STEP_S = 0.05  # while it moves alone
_SAMPLE_S = 0.2  # of the trail
_DEFAULT_HEAD_START_S, _LONGEST_HEAD_START_S = 3.0, 600.0
# What the ghost does in the entity's place; everything else stays with the entity.
DONE_BY_GHOST = (
    model.SpeedAction,
    model.SpeedProfileAction,
    model.LaneChangeAction,
    model.LaneOffsetAction,
    model.SynchronizeAction,
    model.FollowTrajectoryAction,
    model.AssignRouteAction,
    model.TeleportAction,
    model.AcquirePositionAction,
)
# Conditions that look at the ghost in the entity's place, so that they come true ahead.
_FORESEEN = (
    model.CollisionCondition,
    model.ReachPositionCondition,
    model.TraveledDistanceCondition,
    model.SpeedCondition,
    model.AccelerationCondition,
    model.EndOfRoadCondition,
    model.OffroadCondition,
    model.StandStillCondition,
)
R = TypeVar("R")


class TrailPoint(NamedTuple):
    """Where the ghost was: seconds, metres along the trail, place and heading in the world, speed."""

    time: float
    s: float
    x: float
    y: float
    h: float
    speed: float


class Trail:
    """The way of a ghost, sampled."""

    def __init__(self) -> None:
        self.points: list[TrailPoint] = []

    def add(self, time: float, entity: Entity) -> None:
        """Sample the ghost, unless it has just been or does nothing but stand."""
        points, p, speed = self.points, entity.position, entity.speed
        if points:
            since = time - points[-1].time
            if since <= _SAMPLE_S - TINY or (abs(points[-1].speed) <= TINY and abs(speed) <= TINY):
                return
            if since > 2.0 * _SAMPLE_S - TINY:  # it has stood until a moment ago
                points.append(points[-1]._replace(time=time - _SAMPLE_S))
        s = points[-1].s + hypot(p.x - points[-1].x, p.y - points[-1].y) if points else 0.0
        points.append(TrailPoint(time, s, p.x, p.y, p.h, speed))

    def at(self, s: float) -> TrailPoint:
        """The point after a distance along the trail, at most its end."""
        points = self.points
        if s > points[-1].s - TINY:
            return points[-1]
        k = max(bisect_right([point.s for point in points], s) - 1, 0)
        a, b = points[k], points[k + 1]
        u = min(max((s - a.s) / max(b.s - a.s, TINY), 0.0), 1.0)
        time, _, x, y, _, speed = (v + u * (w - v) for v, w in zip(a, b))
        return TrailPoint(time, s, x, y, wrap(a.h + u * difference(b.h, a.h)), speed)

    def at_time(self, time: float) -> TrailPoint:
        """The point at a time, at most its ends."""
        points = self.points
        if time <= points[0].time + TINY:
            return points[0]
        if time >= points[-1].time - TINY:
            return points[-1]
        k = max(bisect_right([point.time for point in points], time + TINY) - 1, 0)
        a, b = points[k], points[k + 1]
        return self.at(a.s + (time - a.time) / max(b.time - a.time, TINY) * (b.s - a.s))

    def nearest(self, x: float, y: float, around: int) -> tuple[float, int]:
        """Distance along the trail of the point next to a place, and its stretch, looked for around a stretch."""

        def look(k: int) -> tuple[float, float]:
            """Distance to stretch k, and distance along the trail of the point next to the place."""
            a, b = self.points[k], self.points[k + 1]
            dx, dy = b.x - a.x, b.y - a.y
            square = dx * dx + dy * dy
            u = min(max(((x - a.x) * dx + (y - a.y) * dy) / square, 0.0), 1.0) if square > 0.0 else 0.0
            return hypot(x - a.x - u * dx, y - a.y - u * dy), a.s + u * (b.s - a.s)

        stretches = len(self.points) - 1
        if stretches < 1:
            return 0.0, 0
        around = around if around < stretches else 0
        best, at = look(around), around
        for step in (1, -1):
            k = around + step
            while 0 <= k < stretches and (found := look(k))[0] < best[0] + TINY:
                best, at, k = found, k, k + step
        return best[1], at


@dataclass(eq=False)
class Ghost:
    """A ghost and the entity that follows it.

    Attributes:
        head_start: seconds that the ghost is ahead.
        phase: "ahead"; "sent back" in the step in which it goes back to the entity; "alone" until it is ahead again.
        now: time that all but the ghost have come to.
    """

    entity: Entity
    host: Entity
    head_start: float
    phase: Literal["ahead", "sent back", "alone"] = "sent back"
    now: float = 0.0
    trail: Trail = field(default_factory=Trail)

    def turn_back_time(self, time: float) -> float:
        """Between steps: the time from which to go on."""
        if self.phase == "sent back":
            self.phase = "alone"
            return time - self.head_start
        if self.phase == "alone" and time > self.now - TINY:
            self.phase = "ahead"
        return time

    def send_back(self) -> None:
        """Back to the entity, to run ahead again from there."""
        self.phase = "sent back"
        self.trail = Trail()
        self.entity.speed = self.host.speed
        self.entity.position.take_place_of(self.host.position)


def ghost_of(scenario: model.OpenScenario, entities: dict[str, Entity], roads: Roads) -> Ghost | None:
    """The ghost of a scenario: that of the first entity whose controller needs one; None: there is none.

    Raises:
        InputError: it is to be ahead by a time that makes no sense.
    """
    for each in scenario.entities:
        for given in each.controllers if isinstance(each.object, model.Vehicle) else ():
            head_start = _head_start(scenario, given.controller)
            if head_start is not None:
                name = f"{each.name}_ghost"
                entity = Entity.of(replace(each, name=name, controllers=()), roads)
                entity.is_ghost = True
                return Ghost(entity, entities[each.name], head_start, "sent back" if head_start > 0.0 else "ahead")
    return None


def _head_start(scenario: model.OpenScenario, controller: model.Controller) -> float | None:
    """Of the ghost that a controller needs, in s; None: it needs none."""
    settings = controller.properties.properties
    kind = settings.get("esminiController") or controller.name
    if kind == "FollowReferenceController":
        return None if settings.get("referenceEntity") else 0.0
    external = kind == "ExternalController" and settings.get("useGhost", "").lower() == "true"
    if kind != "FollowGhostController" and not external:
        return None
    try:
        head_start = float(settings.get("headstartTime", _DEFAULT_HEAD_START_S))
    except ValueError:
        head_start = _DEFAULT_HEAD_START_S
    if not 0.0 <= head_start <= _LONGEST_HEAD_START_S:
        message = f'headstartTime="{head_start:g}" of a ghost must be 0 to {_LONGEST_HEAD_START_S:g} s'
        raise InputError(message, source=str(scenario.source or ""), line=controller.line)
    return head_start


def handed_over(record: R, ghost: Ghost) -> R:
    """A record with the ghost in place of the entity wherever it is referred to."""
    renamed: R = _renamed(record, ghost.host.name, ghost.entity.name)
    return renamed


def _renamed(record: Any, old: str, new: str) -> Any:
    if isinstance(record, tuple):
        return tuple(_renamed(item, old, new) for item in record)
    if not dataclasses.is_dataclass(record) or isinstance(record, type):
        return record
    changes = {}
    for item in dataclasses.fields(record):
        value = getattr(record, item.name)
        changed = new if item.name == "entity_ref" and value == old else _renamed(value, old, new)
        if changed is not value:
            changes[item.name] = changed
    return replace(record, **changes) if changes else record


def foreseen(trigger: model.Trigger | None, ghost: Ghost) -> tuple[model.Trigger | None, int]:
    """A trigger as the ghost needs it, and how many of its conditions the ghost cannot know ahead."""
    if trigger is None:
        return None, 0
    unknown = 0
    groups = []
    for group in trigger.condition_groups:
        conditions = []
        for condition in group.conditions:
            inner = condition.condition
            if isinstance(inner, model.ByEntityCondition):
                if isinstance(inner.condition, _FORESEEN):
                    names = inner.triggering_entities
                    unknown += sum(name != ghost.host.name for name in names)
                    own = tuple(ghost.entity.name if name == ghost.host.name else name for name in names)
                    inner = replace(inner, triggering_entities=own)
                else:
                    unknown += 1
            elif isinstance(inner, model.SimulationTimeCondition):
                inner = replace(inner, value=inner.value - ghost.head_start)
            elif not isinstance(inner, model.StoryboardElementStateCondition):
                unknown += 1
            conditions.append(replace(condition, condition=inner))
        groups.append(replace(group, conditions=tuple(conditions)))
    return replace(trigger, condition_groups=tuple(groups)), unknown
