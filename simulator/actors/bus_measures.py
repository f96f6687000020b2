"""The measures of buses: their outlines, and where posts, doors and bellows are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulator.actors.cars import catalogue_draw
from simulator.scene import Mesh

BELLOWS_X = (-1.55, -2.75)  # m from the rear axle of the front part, their ends
BEND_X = (BELLOWS_X[0] + BELLOWS_X[1]) / 2  # where an articulated bus bends
DOORWAY_M = 1.36  # of two leaves, which leave 1.2 m when they are open, the least that UN R107 allows


@dataclass(frozen=True, slots=True)
class Measures:
    """A bus in metres; x forward from the rear axle, z up from the ground.

    Attributes:
        style: "city" or "coach". jointed: whether it has two parts.
        half: half its width. tyre: radius of the wheels.
        nose, tail: x of its ends.
        waist, band: z of the lower and upper edge of the windows. rake: by how much the windscreen leans back.
        third: x of the axle of the rear part.
    """

    style: str
    jointed: bool
    half: float
    height: float
    tyre: float
    wheelbase: float
    nose: float
    tail: float
    waist: float
    band: float
    rake: float
    third: float

    @property
    def wheels_x(self) -> tuple[float, ...]:
        """Of all axles, from the front."""
        return (self.wheelbase, 0.0, self.third) if self.jointed else (self.wheelbase, 0.0)

    @property
    def coach(self) -> bool:
        """Whether it is a coach, with a high floor over the luggage."""
        return self.style == "coach"

    @property
    def sill(self) -> float:
        """z of the lower edge of the windscreen."""
        return 1.12 if self.coach else self.waist - 0.04

    @property
    def floor(self) -> float:
        """z of the floor under the passengers."""
        return 1.32 if self.coach else 0.36

    @property
    def corner(self) -> float:
        """How far the corners in front reach back from the nose: those of coaches are rounder."""
        return 0.95 if self.coach else 0.55

    @property
    def posts(self) -> NDArray[np.float64]:
        """Of the windows, from the front."""
        if self.coach:  # the first window is the driver's, opposite the door
            return np.array([self.nose - self.corner, *np.linspace(self.doors[0], self.tail + 0.45, 7)])
        return np.linspace(self.nose - self.corner, self.tail + 0.45, 12 if self.jointed else 8)

    @property
    def doors(self) -> list[float]:
        """Of the rear edge of the front door, then of front and rear edges of the others."""
        doors = [self.nose - self.corner - (0.90 if self.coach else DOORWAY_M)]
        if self.style == "city":
            doors += [self.wheelbase / 2 + DOORWAY_M / 2, self.wheelbase / 2 - DOORWAY_M / 2]
        return [*doors, self.third + 0.87 + DOORWAY_M, self.third + 0.87] if self.jointed else doors

    @property
    def door_spans(self) -> list[tuple[float, float]]:
        """(rear, front) x of all doors, from the front."""
        doors = self.doors
        return [(doors[0], float(self.posts[0])), *((doors[k + 1], doors[k]) for k in range(1, len(doors) - 1, 2))]

    def at_door(self, mesh: Mesh) -> bool:
        """Whether a mesh is in the way of those who get in or out."""
        x, y, _ = mesh.vertices.mean(axis=0).tolist()
        return y < -0.15 and any(a - 0.12 < x < b + 0.12 for a, b in self.door_spans)

    def free(self, radius: float) -> list[tuple[float, float]]:
        """Spans of x on its sides, from the rear, without doors, bellows, and arches of a radius."""
        cut = [(x - radius - 0.03, x + radius + 0.03) for x in self.wheels_x]
        cut += self.door_spans[1:]
        cut += [BELLOWS_X[::-1]] if self.jointed else []
        ends = sorted([(-99.0, self.tail + 0.15), *cut, (self.doors[0], 99.0)])
        return [(a[1], b[0]) for a, b in pairwise(ends) if b[0] - a[1] > 0.3]


def measured(style: str, size: float, rng: np.random.Generator) -> Measures:
    """A bus of a style and size."""
    draw, near = catalogue_draw("buses", style, size, rng)
    length, width, height, tyre = draw("length"), draw("width"), draw("height"), round(draw("tyre_radius"), 2)
    jointed = style == "articulated"
    style = "city" if jointed else style
    front = near(2.70, 0.08)
    wheelbase = near(5.90, 0.05) if jointed else length - front - near(3.35, 0.1)
    tail = wheelbase + front - length
    waist = near(1.02, 0.05) if style == "city" else near(1.80, 0.05)
    band = near(2.42, 0.05) if style == "city" else height - 0.52
    rake = near(0.16 if style == "city" else 0.72, 0.05)
    third = tail + near(3.40, 0.05)
    nose = wheelbase + front
    return Measures(style, jointed, width / 2, height, tyre, wheelbase, nose, tail, waist, band, rake, third)
