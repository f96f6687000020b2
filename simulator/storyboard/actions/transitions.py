"""How a value gets to its target (ASAM OpenSCENARIO XML 1.3, 7.4.1.2 "TransitionDynamics")."""

from __future__ import annotations

from math import cos, pi, sin, sqrt

from simulator.storyboard import model
from simulator.storyboard.road_position import TINY
from simulator.storyboard.rotation import sign

_HUGE = 1e10
# Greatest slope of each shape over its mean slope.
_PEAK = {"linear": 1.0, "sinusoidal": 0.5 * pi, "cubic": 1.5, "step": _HUGE}


class TransitionProgress:
    """A value on its way from `start` to `target` while a parameter runs from 0 to `span`.

    Shapes over u = parameter / span: linear u, sinusoidal (1 - cos(pi u)) / 2, cubic u^2 (3 - 2 u), step 1. With a
    rate as the dimension the span follows from the greatest slope.
    """

    def __init__(self, dynamics: model.TransitionDynamics) -> None:
        self.shape, self.dimension = dynamics.dynamics_shape, dynamics.dynamics_dimension
        self.start = self.target = self.parameter = 0.0
        self.rate, self.span = 0.0, 0.0
        if self.shape == "step":
            self.dimension = "time"
        elif self.dimension == "rate":
            self.rate = dynamics.value
        else:
            self.span = dynamics.value
        self.slowdown = 1.0

    def aim(self, start: float, target: float) -> None:
        """Set both ends."""
        self.start, self.target = start, target
        if self.dimension == "rate" and abs(self.rate) > TINY:
            self.rate = sign(self.change) * abs(self.rate)
            self.span = abs(_PEAK[self.shape] * self.change / self.rate) or TINY

    @property
    def change(self) -> float:
        """Target less start."""
        return self.target - self.start

    @property
    def is_instant(self) -> bool:
        """Whether the target is there at once."""
        return self.shape == "step" or (self.dimension != "rate" and self.span < TINY)

    @property
    def is_over(self) -> bool:
        """Whether the parameter has run through."""
        return self.parameter > self.span - TINY

    def span_for_acceleration(self, acceleration: float) -> float:
        """Span with which the second derivative is at most `acceleration`."""
        if self.shape == "step":
            return 0.0
        factor = 0.5 * pi**2 if self.shape == "sinusoidal" else 6.0
        return sqrt(factor * abs(self.change) / acceleration)

    def limit_rate(self, rate: float) -> None:
        """Slow down so that the slope is at most `rate`."""
        if self.dimension == "rate":
            peak = abs(self.rate)
        elif self.is_instant:
            peak = _HUGE
        else:
            peak = abs(_PEAK[self.shape] * self.change / self.span)
        self.slowdown = peak / max(abs(rate), TINY) if peak > abs(rate) else 1.0

    def advance(self, step: float) -> None:
        """Let the parameter run on."""
        self.parameter = min(max(self.parameter + step / self.slowdown, 0.0), self.span)

    @property
    def value(self) -> float:
        """The value now."""
        return self.value_as(self.shape)

    def value_as(self, shape: model.DynamicsShape) -> float:
        """The value now, with another shape."""
        if self.is_instant:
            return self.target
        u = self.parameter / max(self.span, TINY)
        if shape == "sinusoidal":
            u = 0.5 * (1.0 - cos(pi * u))
        elif shape == "cubic":
            u = u * u * (3.0 - 2.0 * u)
        return self.start + u * self.change

    @property
    def slope(self) -> float:
        """Derivative of the value by the parameter, as slowed down."""
        if self.is_instant:
            return _HUGE * sign(self.change) / self.slowdown
        span = max(self.span, TINY)
        mean, u = self.change / span, self.parameter / span
        if self.shape == "sinusoidal":
            mean *= 0.5 * pi * sin(pi * u)
        elif self.shape == "cubic":
            mean *= 6.0 * u * (1.0 - u)
        return mean / self.slowdown
