"""Arrive together (ASAM OpenSCENARIO XML 1.3, 7.4.1.4 "SynchronizeAction")."""

from __future__ import annotations

from enum import Enum
from math import hypot, inf, sqrt

from simulator.storyboard import model
from simulator.storyboard.actions.base import LONGITUDINAL, PrivateActionElement, for_private
from simulator.storyboard.entities import Entity
from simulator.storyboard.paths import road_difference
from simulator.storyboard.positions import resolve_position
from simulator.storyboard.road_position import TINY, RoadPosition
from simulator.storyboard.rotation import difference, is_forward, sign

_HARDEST_BRAKING = -8.0
_NEVER_S = 1e10  # time to the target of a master that stands; finite, so that a last stretch can be taken off
_ON_LINE_MPS = 0.1  # closer to the speed of the last line than this is on it


class Phase(Enum):
    """What the entity does to arrive in time."""

    START = "start"
    BENT = "two lines of constant acceleration"
    LINE = "constant acceleration to the final speed"
    STOPPED = "waiting at a standstill for the time to go on"
    BRAKING = "braking hard, there is more time than way"
    WAITING = "the master stands"
    STEADY = "final speed"


@for_private(model.SynchronizeAction)
class SynchronizeAction(PrivateActionElement):
    """Arrive at a place at the moment when the master arrives at its own, with a final speed if one is given.

    The time is what the master needs at its present speed. With a final speed the way there is a speed that changes
    with constant acceleration up to an apex and with the opposite one from there; where that would go below zero
    the entity stops in between.
    """

    domains = frozenset({LONGITUDINAL})
    record: model.SynchronizeAction

    def begin(self) -> None:
        """Find both places and the last stretch."""
        record = self.record
        self.master = self.world.entity(record.master_entity_ref, record.line)
        self.master_target = resolve_position(self.world, record.target_position_master)[0].copy()
        self.target = resolve_position(self.world, record.target_position)[0].copy()
        self.phase, self.speeds_up = Phase.START, False
        self._last = self._last_master = inf
        self.steady = 0.0
        final = record.final_speed
        if final is not None and final.steady_state is not None:
            state = final.steady_state
            self.steady = (
                state.distance
                if isinstance(state, model.TargetDistanceSteadyState)
                else state.time * self._final_speed()
            )
        self.has_steady = final is not None and final.steady_state is not None

    def _final_speed(self) -> float:
        final = self.record.final_speed
        if isinstance(final, model.AbsoluteSpeed):
            return final.value
        assert final is not None
        if final.speed_target_value_type == "delta":
            return self.master.speed + final.value
        return self.master.speed * final.value

    def _way(self, entity: Entity, target: RoadPosition) -> tuple[float, int]:
        """Distance to a target, and 1 where it lies ahead, -1 where behind."""
        position = entity.position
        if position.trajectory is not None:
            trajectory = position.trajectory
            if target.trajectory is not None and target.trajectory.name == trajectory.name:
                way = target.trajectory.point.s - trajectory.point.s
            else:
                way = trajectory.nearest(target.x, target.y) - trajectory.point.s
            forward = is_forward(difference(trajectory.point.tangent, position.h))
            return abs(way), sign(way) * (1 if forward else -1)
        found = road_difference(position, target, both_ways=False)
        if found is not None:
            return abs(found.ds), sign(found.ds)
        ahead, left = position.distance_to(target.x, target.y)
        return hypot(ahead, left), 1 if ahead >= 0.0 else -1

    def go_on(self, dt: float) -> None:
        """Adapt the speed to what is left of way and time."""
        if self.entity.is_driven(LONGITUDINAL):
            return
        record, entity, master = self.record, self.entity, self.master
        tolerance, master_tolerance = record.target_tolerance or 0.0, record.target_tolerance_master or 0.0
        master_way, direction = self._way(master, self.master_target)
        way, _ = self._way(entity, self.target)
        done = (
            way < tolerance + TINY
            or master_way < master_tolerance + TINY
            or way > self._last
            or master_way > self._last_master
        )
        self._last, self._last_master = way, master_way
        way, master_way = max(way - tolerance, TINY), max(master_way - master_tolerance, TINY)
        master_speed = sign(master.speed) * direction * abs(master.speed_along_road)
        time = _NEVER_S
        if master_speed > TINY:
            time = master_way / master_speed
            done = done or time < dt
        elif self.phase is not Phase.WAITING:
            self.phase = Phase.WAITING
            entity.set_speed(0.0)
        if done:
            if record.final_speed is not None:
                entity.set_speed(self._final_speed())
            self.end()
        elif record.final_speed is not None:
            self._towards_final_speed(way, time, dt)
        elif master_speed > TINY:
            entity.set_speed(entity.speed + 2.0 * (way / time - entity.speed) / time * dt)

    def _towards_final_speed(self, way: float, time: float, dt: float) -> None:
        entity, final = self.entity, self._final_speed()
        if self.has_steady and self.phase is not Phase.STEADY:
            steady_time = self.steady / final if final else inf
            if way - self.steady < TINY or time - steady_time < TINY:
                self.phase = Phase.STEADY
            else:
                way, time = way - self.steady, time - steady_time
        if self.phase is Phase.STEADY:
            entity.speed = final
            return
        if self.phase is Phase.WAITING:
            if time >= _NEVER_S:
                return
            self.phase = Phase.START
        if self.phase is Phase.BRAKING:
            entity.speed += _HARDEST_BRAKING * dt
            if entity.speed < 0.0:
                entity.set_speed(0.0)
                self.phase = Phase.WAITING
            return
        if self.phase is Phase.STOPPED:
            if final <= 0.0 or time >= 2.0 * way / final:
                entity.set_speed(0.0)
                return
            self.phase = Phase.LINE
        if self.phase is Phase.LINE:
            on_line = 2.0 * way / time - max(final, 0.0) if time > 1e-3 and way > 1e-3 else 0.0
            entity.set_speed(0.0 if time > _NEVER_S - 1.0 else max(on_line, 0.0))
            return
        off_line = abs(entity.speed - (2.0 * way / time - final))
        if self.phase is Phase.BENT and time < _NEVER_S and off_line < _ON_LINE_MPS:
            self.phase = Phase.LINE  # past the apex
            return
        if self.phase is Phase.START:
            self.phase = Phase.BENT
            self.speeds_up = 0.5 * (final + entity.speed) < way / time
        self._bend(way, time, final, dt)

    def _bend(self, way: float, time: float, final: float, dt: float) -> None:
        """Towards the apex of the speed."""
        entity = self.entity
        speed = sign(entity.speed) * abs(entity.speed_along_road)
        acceleration, apex = _to_apex(way, time, speed, final)
        if acceleration and (acceleration < 0.0) == self.speeds_up:
            self.phase, acceleration = Phase.LINE, 0.0
        if self.phase is Phase.BENT and apex < 0.0:
            stop_time = 2.0 * speed * way / max(speed**2 + final**2, TINY)
            acceleration = -speed / stop_time if abs(stop_time) > TINY else 0.0
            if stop_time * speed > way:
                acceleration, self.phase = _HARDEST_BRAKING, Phase.BRAKING
            if speed + acceleration * dt < 0.0:
                entity.set_speed(0.0)
                self.phase = Phase.STOPPED
                return
        entity.set_speed(entity.speed + acceleration * dt)


def _to_apex(way: float, time: float, speed: float, final: float) -> tuple[float, float]:
    """Acceleration and speed at the apex of two lines of opposite acceleration that cover a way in a time."""
    if abs(final - speed) < TINY:
        apex = 2.0 * way / time - speed
        return (apex - speed) / (0.5 * time), apex
    root = sqrt(max(2.0 * (2.0 * way**2 - 2.0 * (final + speed) * time * way + (final**2 + speed**2) * time**2), 0.0))
    for signed in (root, -root):
        until = -(signed + 2.0 * way - 2.0 * final * time) / (2.0 * (final - speed))
        if 0.0 < until < time:
            apex = (2.0 * way - signed) / (2.0 * time)
            return (apex - speed) / until, apex
    return 0.0, 0.0
