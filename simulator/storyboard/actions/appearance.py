"""Lights, animation, visibility: what an entity looks like (ASAM OpenSCENARIO XML 1.3, 7.4.1.8, 7.4.1.9)."""

from __future__ import annotations

from simulator.storyboard import model
from simulator.storyboard.actions.base import (
    ANIMATION,
    LIGHTING,
    InstantPrivateAction,
    PrivateActionElement,
    for_private,
)
from simulator.storyboard.road_position import TINY

_TURNING = {"warningLights", "indicatorLeft", "indicatorRight"}


@for_private(model.VisibilityAction)
class VisibilityAction(InstantPrivateAction):
    """Whether the entity can be seen, with its trailers."""

    record: model.VisibilityAction

    def begin(self) -> None:
        """Show or hide it."""
        for entity in self.entity.train():
            entity.signals["visibility"] = self.record


@for_private(model.LightStateAction)
class LightStateAction(PrivateActionElement):
    """Switch a lamp within a time. A flashing lamp goes on until something else is done with it."""

    domains = frozenset({LIGHTING})
    record: model.LightStateAction

    @property
    def light(self) -> str:
        """Name of the lamp."""
        kind = self.record.light_type
        return kind.vehicle_light_type if isinstance(kind, model.VehicleLight) else kind.user_defined_light_type

    def conflicts_with(self, other: PrivateActionElement) -> bool:
        """Whether both switch the same lamp, or lamps that exclude each other."""
        if not isinstance(other, LightStateAction):
            return False
        mine, theirs = self.light, other.light
        fog = "fogLights" in (mine, theirs) and mine.startswith("fogLights") and theirs.startswith("fogLights")
        return mine == theirs or {mine, theirs} <= _TURNING or fog

    def begin(self) -> None:
        """Start the transition."""
        self._elapsed = 0.0
        self._is_switched = False

    def go_on(self, dt: float) -> None:
        """Switch the lamp once the transition is over."""
        time = self.record.transition_time
        if not self._is_switched and (time < TINY or self._elapsed > time - TINY):
            self._is_switched = True
            self.entity.signals[f"light {self.light}"] = self.record.light_state
            if self.record.light_state.mode != "flashing":
                self.end()
        self._elapsed += dt


@for_private(model.AnimationAction)
class AnimationAction(PrivateActionElement):
    """Animate the entity or a part of it: kept for who draws it.

    It ends once its duration is over, at once where it has none. One in a loop goes on until something ends it, and so
    does what a person does without a duration (annex A, "Action tables").
    """

    domains = frozenset({ANIMATION})
    record: model.AnimationAction

    def conflicts_with(self, other: PrivateActionElement) -> bool:
        """Whether both animate the same part, or the whole entity."""
        if not isinstance(other, AnimationAction):
            return False
        mine, theirs = self.record.animation_type, other.record.animation_type
        parts = isinstance(mine, model.ComponentAnimation), isinstance(theirs, model.ComponentAnimation)
        return mine == theirs if all(parts) else not any(parts)

    def begin(self) -> None:
        """Note the animation."""
        self._elapsed = 0.0
        self.entity.signals[f"animation {self.record.animation_type}"] = self.record

    def go_on(self, dt: float) -> None:
        """End when the time is over."""
        duration, kind = self.record.animation_duration, self.record.animation_type
        is_held = self.record.loop or (duration is None and isinstance(kind, model.PedestrianAnimation))
        if not is_held and self._elapsed > (duration or 0.0) - TINY:
            self.end()
        self._elapsed += dt
