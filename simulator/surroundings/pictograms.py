"""Pictograms of traffic signs, drawn with a few strokes into a unit square."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulator.surroundings.canvas import Canvas, Color
from simulator.surroundings.shapes import F64

Place = tuple[float, float]


class Pen:
    """Draws in a pictogram's own square (-1..1) mapped to a place and scale (of its height) on a canvas."""

    def __init__(self, canvas: Canvas, color: Color, scale: float, center: Place) -> None:
        self.canvas, self.color, self.scale, self.center = canvas, color, scale, center

    def _map(self, points: list[Place] | F64) -> F64:
        return np.asarray(points, np.float64) * self.scale / [self.canvas.aspect, 1.0] + self.center

    def line(self, points: list[Place], width: float, color: Color | None = None) -> None:
        """Stroke."""
        self.canvas.line(self._map(points), width * self.scale, color or self.color)

    def fill(self, points: list[Place] | F64, color: Color | None = None) -> None:
        """Filled polygon."""
        self.canvas.polygon(self._map(points), color or self.color)

    def disc(self, center: Place, radius: float, color: Color | None = None) -> None:
        """Filled circle."""
        x, y = self._map([center])[0]
        self.canvas.disc((float(x), float(y)), radius * self.scale, color or self.color)

    def arrow(self, start: Place, end: Place, width: float, head: float) -> None:
        """Straight arrow."""
        a, b = np.array(start), np.array(end)
        way = (b - a) / np.linalg.norm(b - a)
        side = np.array([-way[1], way[0]])
        neck = b - head * way
        self.line([start, (float(neck[0] + 0.1 * way[0]), float(neck[1] + 0.1 * way[1]))], width)
        self.fill(np.stack([b, neck + 0.75 * head * side, neck - 0.75 * head * side]))


def _walker(p: Pen) -> None:
    p.disc((0.05, 0.80), 0.17)
    p.line([(0.02, 0.58), (0.0, 0.0)], 0.30)
    p.line([(0.0, 0.02), (0.28, -0.42), (0.36, -0.95)], 0.17)
    p.line([(0.0, 0.02), (-0.16, -0.45), (-0.46, -0.88)], 0.17)
    p.line([(0.05, 0.52), (0.36, 0.22), (0.52, 0.02)], 0.12)
    p.line([(0.0, 0.52), (-0.32, 0.26), (-0.38, -0.06)], 0.12)


def _children(p: Pen) -> None:
    for dx, size in ((-0.42, 1.0), (0.42, 0.78)):
        q = Pen(
            p.canvas,
            p.color,
            p.scale * 0.82 * size,
            (p.center[0] + dx * p.scale, p.center[1] - (1 - size) * 0.7 * p.scale),
        )
        q.disc((0.08, 0.78), 0.20)
        q.fill([(-0.20, 0.58), (0.22, 0.58), (0.34, -0.18), (-0.30, -0.18)])
        q.line([(-0.06, -0.1), (-0.42, -0.50), (-0.62, -0.90)], 0.18)
        q.line([(0.12, -0.1), (0.42, -0.42), (0.36, -0.95)], 0.18)
        q.line([(0.16, 0.48), (0.62, 0.24)], 0.13)
        q.line([(-0.16, 0.48), (-0.56, 0.16)], 0.13)


def _deer(p: Pen) -> None:
    body = [
        (-0.64, -0.06), (-0.70, 0.16), (-0.52, 0.32), (-0.10, 0.34), (0.14, 0.44), (0.28, 0.66), (0.32, 0.82),
        (0.46, 0.90), (0.74, 0.70), (0.70, 0.58), (0.54, 0.58), (0.52, 0.38), (0.48, 0.12), (0.32, -0.04),
        (0.0, -0.06), (-0.28, -0.08), (-0.44, -0.36), (-0.64, -0.30),
    ]  # fmt: skip
    p.fill(body)
    p.line([(0.38, 0.10), (0.76, 0.06), (0.86, -0.22)], 0.15)
    p.line([(0.30, 0.04), (0.62, -0.16), (0.56, -0.42)], 0.14)
    p.line([(-0.56, -0.22), (-0.86, -0.48), (-0.96, -0.82)], 0.15)
    p.line([(-0.40, -0.10), (-0.36, -0.42), (-0.62, -0.62), (-0.66, -0.92)], 0.14)
    p.line([(-0.64, 0.20), (-0.80, 0.08)], 0.11)
    p.line([(0.34, 0.80), (0.18, 0.98), (0.22, 1.20)], 0.08)
    p.line([(0.19, 0.98), (0.04, 1.06)], 0.07)
    p.line([(0.42, 0.84), (0.46, 1.06), (0.38, 1.24)], 0.08)
    p.line([(0.46, 1.04), (0.60, 1.16)], 0.07)


def _car(p: Pen) -> None:
    p.fill(
        [
            (-0.78, -0.45),
            (-0.78, 0.02),
            (-0.50, 0.12),
            (-0.36, 0.52),
            (0.36, 0.52),
            (0.50, 0.12),
            (0.78, 0.02),
            (0.78, -0.45),
        ]
    )
    p.fill([(-0.66, -0.45), (-0.66, -0.72), (-0.44, -0.72), (-0.44, -0.45)])
    p.fill([(0.66, -0.45), (0.66, -0.72), (0.44, -0.72), (0.44, -0.45)])
    p.fill([(-0.36, 0.14), (-0.27, 0.42), (0.27, 0.42), (0.36, 0.14)], "white")
    p.disc((-0.55, -0.16), 0.11, "white")
    p.disc((0.55, -0.16), 0.11, "white")


def _truck(p: Pen) -> None:
    p.fill([(-0.95, -0.30), (-0.95, 0.45), (0.30, 0.45), (0.30, -0.30)])
    p.fill([(0.36, -0.30), (0.36, 0.25), (0.68, 0.25), (0.95, -0.05), (0.95, -0.30)])
    for x in (-0.6, 0.62):
        p.disc((x, -0.34), 0.2)


def _bicycle(p: Pen) -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 33)
    for x in (-0.58, 0.58):
        p.line(list(zip((x + 0.37 * np.cos(turn)).tolist(), (0.37 * np.sin(turn) - 0.38).tolist())), 0.10)
    p.line([(-0.58, -0.38), (-0.26, 0.30), (0.40, 0.30), (0.58, -0.38)], 0.10)
    p.line([(-0.26, 0.30), (-0.02, -0.38), (0.42, 0.30)], 0.10)
    p.line([(-0.02, -0.38), (-0.58, -0.38)], 0.10)
    p.line([(-0.46, 0.44), (-0.10, 0.44)], 0.12)
    p.line([(0.40, 0.30), (0.34, 0.62), (0.60, 0.64)], 0.09)


def _works(p: Pen) -> None:
    p.disc((-0.02, 0.72), 0.18)
    p.line([(-0.06, 0.50), (-0.30, -0.02)], 0.28)
    p.line([(-0.30, 0.0), (-0.02, -0.38), (-0.12, -0.90)], 0.17)
    p.line([(-0.32, 0.0), (-0.52, -0.45), (-0.80, -0.88)], 0.17)
    p.line([(0.0, 0.44), (0.26, 0.10), (0.10, -0.06)], 0.12)
    p.line([(-0.30, 0.36), (0.62, -0.56)], 0.09)
    p.fill([(0.30, -0.90), (0.95, -0.90), (0.72, -0.52), (0.52, -0.52)])


def _curve(sign: float) -> Callable[[Pen], None]:
    def draw(p: Pen) -> None:
        """A bend to one side."""
        bend = [(-0.18, -0.9), (-0.18, -0.35), (-0.02, 0.0), (0.25, 0.30)]
        p.line([(sign * x, y) for x, y in bend], 0.26)
        p.fill([(sign * x, y) for x, y in ((0.62, 0.72), (0.04, 0.50), (0.46, 0.06))])

    return draw


def _double_curve(p: Pen) -> None:
    p.line([(-0.30, -0.9), (-0.30, -0.5), (0.28, -0.02), (0.28, 0.2), (0.0, 0.48)], 0.22)
    p.fill([(-0.26, 0.86), (-0.22, 0.32), (0.24, 0.66)])


def _slippery(p: Pen) -> None:
    _car(Pen(p.canvas, p.color, p.scale * 0.52, (p.center[0], p.center[1] + 0.42 * p.scale)))
    for x in (-0.28, 0.28):
        p.line([(x, -0.05), (x + 0.18, -0.32), (x - 0.12, -0.60), (x + 0.06, -0.92)], 0.11)


def _lights(p: Pen) -> None:
    p.fill([(-0.3, -0.95), (0.3, -0.95), (0.3, 0.95), (-0.3, 0.95)])
    for y, color in ((0.6, "red"), (0.0, "yellow"), (-0.6, "green")):
        p.disc((0.0, y), 0.23, color)


def _zebra(p: Pen) -> None:
    p.fill([(-0.95, -0.82), (0.95, -0.82), (0.0, 0.98)], "white")
    q = Pen(p.canvas, "black", p.scale * 0.56, (p.center[0], p.center[1] - 0.12 * p.scale))
    _walker(q)
    for x in (-0.6, -0.2, 0.2, 0.6):
        p.fill([(x - 0.1, -0.80), (x + 0.1, -0.80), (x * 0.92 + 0.07, -0.64), (x * 0.92 - 0.07, -0.64)], "black")


def _motorway(p: Pen) -> None:
    for side in (-1.0, 1.0):
        p.fill([(side * 0.08, -0.85), (side * 0.62, -0.85), (side * 0.26, 0.85), (side * 0.05, 0.85)])
    p.fill([(-0.7, 0.22), (0.7, 0.22), (0.7, 0.36), (-0.7, 0.36)])


def _roundabout(p: Pen) -> None:
    for k in range(3):
        start = np.pi / 2 + k * 2 * np.pi / 3
        angle = np.linspace(start, start + 1.35, 8)
        p.line([(0.62 * float(np.cos(a)), 0.62 * float(np.sin(a))) for a in angle], 0.22)
        tip, side = angle[-1] + 0.42, angle[-1] - 0.02
        p.fill([(r * float(np.cos(a)), r * float(np.sin(a))) for r, a in ((0.62, tip), (0.90, side), (0.34, side))])


def _arrow(dx: float, dy: float) -> Callable[[Pen], None]:
    return lambda p: p.arrow((-0.82 * dx, -0.82 * dy), (0.85 * dx, 0.85 * dy), 0.34, 0.62)


def _play(p: Pen) -> None:
    _walker(Pen(p.canvas, p.color, p.scale * 0.7, (p.center[0] - 0.4 * p.scale, p.center[1])))
    _walker(Pen(p.canvas, p.color, p.scale * 0.45, (p.center[0] + 0.02 * p.scale, p.center[1] - 0.25 * p.scale)))
    p.fill([(0.28, -0.7), (0.28, 0.1), (0.5, 0.5), (0.72, 0.1), (0.72, -0.7)])


def _up_down(p: Pen) -> None:
    p.arrow((-0.36, -0.8), (-0.36, 0.8), 0.22, 0.5)
    p.arrow((0.36, 0.8), (0.36, -0.8), 0.22, 0.5)


def _dead_end(p: Pen) -> None:
    p.line([(0.0, -0.9), (0.0, 0.4)], 0.34)
    p.line([(-0.55, 0.5), (0.55, 0.5)], 0.34, "red")


def _danger(p: Pen) -> None:
    p.fill([(-0.15, 0.9), (0.15, 0.9), (0.10, -0.35), (-0.10, -0.35)])
    p.disc((0.0, -0.72), 0.17)


def _cross(p: Pen) -> None:
    p.line([(-0.62, -0.62), (0.62, 0.62)], 0.24)
    p.line([(-0.62, 0.62), (0.62, -0.62)], 0.24)


def _priority(p: Pen) -> None:
    p.arrow((0.0, -0.95), (0.0, 0.95), 0.34, 0.5)
    p.line([(-0.62, -0.1), (0.62, -0.1)], 0.16)


def _bumps(p: Pen) -> None:
    angle = np.linspace(0, np.pi, 12)
    for x in (-0.42, 0.42):
        p.fill([(x + 0.4 * float(np.cos(a)), -0.35 + 0.5 * float(np.sin(a))) for a in angle])
    p.line([(-0.9, -0.42), (0.9, -0.42)], 0.16)


def _narrow(p: Pen) -> None:
    for side in (-1, 1):
        p.line([(side * 0.55, -0.9), (side * 0.55, -0.3), (side * 0.22, 0.1), (side * 0.22, 0.8)], 0.16)


def _steep(p: Pen) -> None:
    p.fill([(-0.9, -0.6), (0.9, -0.6), (0.9, 0.4)])
    p.canvas.text(
        "10%", (p.center[0] - 0.25 * p.scale, p.center[1] + 0.3 * p.scale), 0.3 * p.scale, p.color, 0.8 * p.scale
    )


PICTOGRAMS: dict[str, Callable[[Pen], None]] = {
    "walker": _walker, "children": _children, "deer": _deer, "car": _car, "truck": _truck, "bicycle": _bicycle,
    "works": _works, "curve_left": _curve(-1.0), "curve_right": _curve(1.0), "double_curve": _double_curve,
    "slippery": _slippery, "lights": _lights, "zebra": _zebra, "motorway": _motorway, "roundabout": _roundabout,
    "arrow_right": _arrow(1.0, 0.0), "arrow_left": _arrow(-1.0, 0.0), "arrow_up": _arrow(0.0, 1.0),
    "arrow_down_right": _arrow(0.71, -0.71), "arrow_down_left": _arrow(-0.71, -0.71), "play": _play,
    "up_down": _up_down, "dead_end": _dead_end, "danger": _danger, "cross": _cross, "priority": _priority,
    "bumps": _bumps, "narrow": _narrow, "steep": _steep,
}  # fmt: skip


def pictogram(canvas: Canvas, name: str, color: Color, scale: float, center: Place = (0.0, 0.0)) -> None:
    """Draw a pictogram of PICTOGRAMS; `scale` is half its height in unit coordinates."""
    PICTOGRAMS[name](Pen(canvas, color, scale, center))
