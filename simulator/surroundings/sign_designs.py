"""Faces of traffic signs, drawn into textures: Vienna convention (German and near relatives) and MUTCD."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simulator.scene.material import Texture
from simulator.surroundings.canvas import Canvas
from simulator.surroundings.pictograms import PICTOGRAMS, pictogram
from simulator.surroundings.shapes import F64

SIZE = 256
OCTAGON = np.stack(
    [np.cos(np.pi / 8 + np.arange(8) * np.pi / 4), np.sin(np.pi / 8 + np.arange(8) * np.pi / 4)], 1
) / np.cos(np.pi / 8)
# Triangles fill the unit square: the plate is as wide as it is high, so these are 0.866 as high as they look here.
TRIANGLE = np.array([[-1.0, -1.0], [1.0, -1.0], [0.0, 1.0]])


def _inset(triangle: F64, part: float) -> F64:
    center = triangle.mean(0)
    return np.asarray(center + (triangle - center) * (1 - part))


def stop(text: str, **_: Any) -> Texture:
    """Red octagon with white rim and the word."""
    c = Canvas(SIZE, SIZE, "red")
    c.polygon(OCTAGON, "white")
    c.polygon(OCTAGON * 0.94, "red")
    c.text(text or "STOP", (0.0, 0.0), 0.66, "white", 1.55)
    return c.texture("stop")


def give_way(**_: Any) -> Texture:
    """White triangle on its point with a red rim."""
    c = Canvas(SIZE, SIZE, "red", 1 / 0.866)
    c.polygon(_inset(-TRIANGLE, 0.36), "white")
    return c.texture("give way")


def yield_us(**_: Any) -> Texture:
    """US yield: red rim, white inside, red word."""
    c = Canvas(SIZE, SIZE, "red", 1 / 0.866)
    c.polygon(_inset(-TRIANGLE, 0.42), "white")
    c.text("YIELD", (0.0, 0.52), 0.2, "red", 0.8)
    return c.texture("yield")


def priority(end: bool = False, **_: Any) -> Texture:
    """Yellow diamond with a white rim."""
    diamond = np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    c = Canvas(SIZE, SIZE, "white")
    c.polygon(diamond, "black")
    c.polygon(diamond * 0.97, "white")
    c.polygon(diamond * 0.68, "black")
    c.polygon(diamond * 0.65, "yellow")
    if end:
        c.line([(-0.42, -0.62), (0.62, 0.42)], 0.14, "black")
    return c.texture(f"priority {end}")


def _ring(rim: str = "red", inside: str = "white", width: float = 0.2) -> Canvas:
    c = Canvas(SIZE, SIZE, rim)
    c.disc((0.0, 0.0), 1.0, "white")
    c.disc((0.0, 0.0), 0.98, rim)
    c.disc((0.0, 0.0), 0.98 - width, inside)
    return c


def limit(value: int, **_: Any) -> Texture:
    """Speed limit: black number in a red ring."""
    c = _ring()
    c.text(str(value), (0.0, 0.0), 0.78 if value < 100 else 0.62, "black", 1.2)
    return c.texture(f"limit {value}")


def limit_us(value: int, **_: Any) -> Texture:
    """US speed limit: black on white, upright rectangle."""
    c = Canvas(SIZE, SIZE, "white", 0.8)
    c.polygon([(-0.93, -0.94), (0.93, -0.94), (0.93, 0.94), (-0.93, 0.94)], "black")
    c.polygon([(-0.88, -0.90), (0.88, -0.90), (0.88, 0.90), (-0.88, 0.90)], "white")
    c.text("SPEED", (0.0, 0.66), 0.26, "black", 1.5)
    c.text("LIMIT", (0.0, 0.28), 0.26, "black", 1.3)
    c.text(str(value), (0.0, -0.42), 0.72, "black", 1.4)
    return c.texture(f"limit us {value}")


def zone(value: int, **_: Any) -> Texture:
    """Zone with a speed limit."""
    c = Canvas(SIZE, SIZE, "white")
    c.disc((0.0, 0.22), 0.66, "red")
    c.disc((0.0, 0.22), 0.52, "white")
    c.text(str(value), (0.0, 0.22), 0.5, "black", 0.85)
    c.text("ZONE", (0.0, -0.72), 0.32, "black", 1.5)
    return c.texture(f"zone {value}")


def minimum(value: int, **_: Any) -> Texture:
    """Minimum speed: white number on blue."""
    c = _ring("white", "blue", 0.06)
    c.text(str(value), (0.0, 0.0), 0.7, "white", 1.2)
    return c.texture(f"minimum {value}")


def _strokes(c: Canvas) -> None:
    for k in (-0.16, -0.08, 0.0, 0.08, 0.16):
        c.line([(-0.62 + k, -0.62 - k), (0.62 + k, 0.62 - k)], 0.045, "black")


def end_limit(value: int, **_: Any) -> Texture:
    """End of a speed limit."""
    c = _ring("black", "white", 0.03)
    c.text(str(value), (0.0, 0.0), 0.7, "grey", 1.2)
    _strokes(c)
    return c.texture(f"end limit {value}")


def end_all(**_: Any) -> Texture:
    """End of all limits."""
    c = _ring("black", "white", 0.03)
    _strokes(c)
    return c.texture("end of limits")


def no_entry(**_: Any) -> Texture:
    """Red disc with a white bar."""
    c = Canvas(SIZE, SIZE, "red")
    c.disc((0.0, 0.0), 1.0, "white")
    c.disc((0.0, 0.0), 0.97, "red")
    c.polygon([(-0.72, -0.16), (0.72, -0.16), (0.72, 0.16), (-0.72, 0.16)], "white")
    return c.texture("no entry")


def no_entry_us(**_: Any) -> Texture:
    """US do not enter."""
    c = Canvas(SIZE, SIZE, "white")
    c.disc((0.0, 0.0), 0.92, "red")
    c.polygon([(-0.7, -0.13), (0.7, -0.13), (0.7, 0.13), (-0.7, 0.13)], "white")
    c.text("DO NOT", (0.0, 0.45), 0.26, "white", 1.1)
    c.text("ENTER", (0.0, -0.45), 0.26, "white", 1.1)
    return c.texture("do not enter")


def forbidden(pictogram_name: str, **_: Any) -> Texture:
    """Red ring around a black pictogram."""
    c = _ring()
    if pictogram_name:
        pictogram(c, pictogram_name, "black", 0.5)
    return c.texture(f"forbidden {pictogram_name}")


def no_overtaking(end: bool = False, **_: Any) -> Texture:
    """Two cars side by side, the left one red."""
    c = _ring("black", "white", 0.03) if end else _ring()
    pictogram(c, "car", "grey" if end else "red", 0.36, (-0.36, 0.0))
    pictogram(c, "car", "grey" if end else "black", 0.36, (0.36, 0.0))
    if end:
        _strokes(c)
    return c.texture(f"no overtaking {end}")


def no_parking(cross: bool = False, **_: Any) -> Texture:
    """Blue with a red ring and one or two strokes."""
    c = _ring("red", "blue", 0.17)
    c.line([(-0.62, 0.62), (0.62, -0.62)], 0.16, "red")
    if cross:
        c.line([(-0.62, -0.62), (0.62, 0.62)], 0.16, "red")
    return c.texture(f"no parking {cross}")


def warning(pictogram_name: str, **_: Any) -> Texture:
    """Red-rimmed triangle with a black pictogram."""
    c = Canvas(SIZE, SIZE, "red", 1 / 0.866)
    c.polygon(_inset(TRIANGLE, 0.30), "white")
    pictogram(c, pictogram_name, "black", 0.50, (0.0, -0.36))
    return c.texture(f"warning {pictogram_name}")


def _words(c: Canvas, words: str, ink: str, *, middle: float, height: float, room: float) -> None:
    """Lines of capitals, divided by "/", one below the other about `middle`, together `height` high."""
    lines = [line.strip() for line in words.split("/")]
    step = height / len(lines)
    for k, line in enumerate(lines):
        c.text(line, (0.0, middle + step * (0.5 * (len(lines) - 1) - k)), 0.72 * step, ink, room)


def warning_us(pictogram_name: str = "", words: str = "", ground: str = "yellow", **_: Any) -> Texture:
    """Diamond with a black pictogram or words: yellow, orange at works, yellow-green at schools."""
    diamond = np.array([[0.0, -1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    c = Canvas(SIZE, SIZE, ground)
    c.polygon(diamond * 0.96, "black")
    c.polygon(diamond * 0.92, ground)
    if words:
        count = words.count("/") + 1
        _words(c, words, "black", middle=0.0, height=min(0.36 * count, 0.9), room=1.5 - 0.22 * count)
    else:
        pictogram(c, pictogram_name, "black", 0.54)
    return c.texture(f"warning us {pictogram_name} {words} {ground}")


def regulatory(
    words: str = "", pictogram_name: str = "", ink: str = "black", value: int = 0, aspect: float = 0.8, **_: Any
) -> Texture:
    """US regulatory plate: words, an arrow or a number on white."""
    c = Canvas(SIZE, SIZE, "white", aspect)
    c.polygon([(-0.93, -0.94), (0.93, -0.94), (0.93, 0.94), (-0.93, 0.94)], ink)
    c.polygon([(-0.88, -0.90), (0.88, -0.90), (0.88, 0.90), (-0.88, 0.90)], "white")
    if pictogram_name:
        pictogram(c, pictogram_name, ink, 0.5 if words else 0.62, (0.0, 0.25 if words else 0.0))
        _words(c, words, ink, middle=-0.6, height=0.45, room=1.4)
    elif value:
        _words(c, words, ink, middle=0.45, height=0.7, room=1.5)
        c.text(str(value), (0.0, -0.42), 0.7, ink, 1.4)
    else:
        _words(c, words, ink, middle=0.0, height=1.6, room=1.55)
    return c.texture(f"regulatory {words} {pictogram_name} {ink} {value}")


def prohibited_us(pictogram_name: str, **_: Any) -> Texture:
    """US prohibition: a red circle with a stroke over a black pictogram on a white square."""
    c = Canvas(SIZE, SIZE, "white")
    c.disc((0.0, 0.0), 0.9, "red")
    c.disc((0.0, 0.0), 0.74, "white")
    pictogram(c, pictogram_name, "black", 0.5)
    c.line([(-0.58, 0.58), (0.58, -0.58)], 0.15, "red")
    return c.texture(f"prohibited us {pictogram_name}")


def guide(
    text: str = "", words: str = "", pictogram_name: str = "", aspect: float = 3.0, arrow: bool = False, **_: Any
) -> Texture:
    """US guide sign: white on green with a white rim, an `arrow` at the right of places."""
    c = Canvas(512 if aspect > 1.5 else SIZE, SIZE, "freeway", aspect)
    c.polygon([(-0.985, -0.96), (0.985, -0.96), (0.985, 0.96), (-0.985, 0.96)], "white")
    c.polygon([(-0.965, -0.91), (0.965, -0.91), (0.965, 0.91), (-0.965, 0.91)], "freeway")
    if pictogram_name:
        pictogram(c, pictogram_name, "white", 0.7)
        return c.texture(f"guide {pictogram_name}")
    lines = words or text or "SPRINGFIELD"
    room, left = (1.35, -0.18) if arrow else (1.7, 0.0)
    rows = [line.strip() for line in lines.split("/")]
    for k, line in enumerate(rows):
        y = 0.0 if len(rows) == 1 else 0.42 - 0.84 * k / (len(rows) - 1)
        c.text(line, (left, y), 0.85 if len(rows) == 1 else 0.5, "white", room)
    if arrow:
        pictogram(c, "arrow_up", "white", 0.5, (0.76, 0.0))
    return c.texture(f"guide {lines} {arrow}")


def mandatory(pictogram_name: str, **_: Any) -> Texture:
    """White pictogram on a blue disc."""
    c = _ring("white", "blue", 0.05)
    pictogram(c, pictogram_name, "white", 0.62)
    return c.texture(f"mandatory {pictogram_name}")


def info(pictogram_name: str, aspect: float = 1.0, end: bool = False, **_: Any) -> Texture:
    """White pictogram on a blue plate."""
    c = Canvas(SIZE, SIZE, "white", aspect)
    c.polygon([(-0.96, -0.96), (0.96, -0.96), (0.96, 0.96), (-0.96, 0.96)], "blue")
    pictogram(c, pictogram_name, "white", 0.78)
    if end:
        c.line([(-0.8, -0.8), (0.8, 0.8)], 0.16, "red")
    return c.texture(f"info {pictogram_name} {end}")


def parking(**_: Any) -> Texture:
    """White P on blue."""
    c = Canvas(SIZE, SIZE, "white")
    c.polygon([(-0.96, -0.96), (0.96, -0.96), (0.96, 0.96), (-0.96, 0.96)], "blue")
    c.text("P", (0.0, 0.0), 1.2, "white", 1.5)
    return c.texture("parking")


def bus_stop(**_: Any) -> Texture:
    """Green H on yellow."""
    c = _ring("green", "yellow", 0.14)
    c.text("H", (0.0, 0.0), 0.9, "green", 1.2)
    return c.texture("bus stop")


def one_way(aspect: float = 3.0, us: bool = False, **_: Any) -> Texture:
    """White arrow on blue (Europe) or on black (US)."""
    c = Canvas(512, 128, "white", aspect)
    c.polygon([(-0.98, -0.92), (0.98, -0.92), (0.98, 0.92), (-0.98, 0.92)], "black" if us else "blue")
    c.polygon([(-0.9, -0.5), (0.5, -0.5), (0.5, -0.85), (0.94, 0.0), (0.5, 0.85), (0.5, 0.5), (-0.9, 0.5)], "white")
    if us:
        c.text("ONE WAY", (-0.18, 0.0), 0.55, "black", 1.2)
    return c.texture(f"one way {us}")


def place(text: str, aspect: float = 1.7, end: bool = False, **_: Any) -> Texture:
    """Yellow town sign with a black rim."""
    c = Canvas(SIZE, SIZE, "black", aspect)
    c.polygon([(-0.96, -0.93), (0.96, -0.93), (0.96, 0.93), (-0.96, 0.93)], "yellow")
    c.text(text or "NEUSTADT", (0.0, 0.12), 0.42, "black", 1.6)
    c.line([(-0.7, -0.4), (0.7, -0.4)], 0.05, "black")
    if end:
        c.line([(-0.9, -0.85), (0.9, 0.85)], 0.12, "red")
    return c.texture(f"place {text} {end}")


def direction(text: str, aspect: float = 3.3, motorway: bool = False, **_: Any) -> Texture:
    """Direction sign: black on yellow, or white on blue on motorways."""
    ink, ground = ("white", "blue") if motorway else ("black", "yellow")
    c = Canvas(512, 256 if motorway else 128, ink, aspect)
    c.polygon([(-0.985, -0.94), (0.985, -0.94), (0.985, 0.94), (-0.985, 0.94)], ground)
    if motorway:
        for row, line in enumerate((text or "NEUSTADT / SEEHEIM").split("/")[:3]):
            c.text(line.strip(), (0.12, 0.55 - 0.55 * row), 0.36, ink, 1.5)
        pictogram(c, "arrow_up", ink, 0.30, (-0.82, -0.35))
    else:
        c.text(text or "NEUSTADT", (-0.1, 0.0), 0.78, ink, 1.5)
        c.polygon([(0.72, 0.7), (0.94, 0.0), (0.72, -0.7), (0.72, -0.35), (0.80, 0.0), (0.72, 0.35)], ink)
    return c.texture(f"direction {text} {motorway}")


def board(text: str, aspect: float = 1.5, style: str = "plate", **_: Any) -> Texture:
    """Plain board with text: blue on motorways, otherwise white with a black rim."""
    ink, ground = ("white", "blue") if style == "motorway" else ("black", "white")
    c = Canvas(SIZE, 128, ink, aspect)
    c.polygon([(-0.97, -0.92), (0.97, -0.92), (0.97, 0.92), (-0.97, 0.92)], ground)
    if text:
        c.text(text, (0.0, 0.0), 0.75, ink, 1.7)
    return c.texture(f"board {text} {style}")


def supplementary(text: str, aspect: float = 2.0, **_: Any) -> Texture:
    """Plate below a sign, black on white: lines between "/", arrows < > ^ and [pictograms] among their words."""
    c = Canvas(SIZE, 128, "black", aspect)
    c.polygon([(-0.97, -0.94), (0.97, -0.94), (0.97, 0.94), (-0.97, 0.94)], "white")
    lines = [line.strip() for line in text.split("/") if line.strip()]
    high = (0.62, 0.42, 0.30)[min(len(lines), 3) - 1]
    for k, line in enumerate(lines):
        y = 0.0 if len(lines) == 1 else 0.42 - 0.84 * k / (len(lines) - 1)
        drawn = [word for word in line.split() if word in _ARROWS or word in _BRACKETED]
        words = " ".join(word for word in line.split() if word not in drawn)
        reach = 0.8 if words else 0.62  # arrows stand at the ends and leave the middle to the words
        shares = np.linspace(-reach, reach, len(drawn)) if len(drawn) > 1 else [0.0]
        if words:
            c.text(words, (0.0, y), high, "black", 1.75 - 0.28 * min(len(drawn), 2))
        for x, word in zip(shares, drawn):
            scale = 0.62 if len(lines) == 1 else 0.40
            pictogram(c, _ARROWS.get(word, word.strip("[]")), "black", scale, (float(x), y))
    return c.texture(f"supplementary {text}")


_BRACKETED = {f"[{name}]" for name in PICTOGRAMS}
_ARROWS = {"<": "arrow_left", ">": "arrow_right", "^": "arrow_up"}


def countdown(bars: int, **_: Any) -> Texture:
    """Marker before an exit: one to three slanting bars."""
    c = Canvas(128, SIZE, "white", 0.5)
    c.polygon([(-0.93, -0.97), (0.93, -0.97), (0.93, 0.97), (-0.93, 0.97)], "blue")
    for k in range(bars):
        y = -0.55 + 0.5 * k
        c.polygon([(-0.65, y - 0.1), (0.65, y + 0.12), (0.65, y + 0.34), (-0.65, y + 0.12)], "white")
    return c.texture(f"countdown {bars}")


def lane_plan(aspect: float = 1.33, **_: Any) -> Texture:
    """Lanes ahead: arrows on blue."""
    c = Canvas(SIZE, SIZE, "white", aspect)
    c.polygon([(-0.97, -0.96), (0.97, -0.96), (0.97, 0.96), (-0.97, 0.96)], "blue")
    for x in (-0.55, 0.0):
        pictogram(c, "arrow_up", "white", 0.62, (x, 0.0))
    c.line([(0.6, -0.6), (0.6, -0.1), (0.15, 0.35)], 0.2, "white")
    return c.texture("lane plan")


def chevron(left: bool = False, **_: Any) -> Texture:
    """Red arrow heads on white at sharp curves."""
    c = Canvas(SIZE, SIZE, "white")
    s = -1.0 if left else 1.0
    c.polygon(
        [(-0.75 * s, 0.85), (-0.05 * s, 0.85), (0.8 * s, 0.0), (-0.05 * s, -0.85), (-0.75 * s, -0.85), (0.1 * s, 0.0)],
        "red",
    )
    return c.texture(f"chevron {left}")


def beacon(**_: Any) -> Texture:
    """Upright plate with slanting red and white stripes."""
    c = Canvas(64, SIZE, "white", 0.25)
    for k in range(-2, 6):
        y = -1.0 + 0.44 * k
        c.polygon([(-1.0, y), (1.0, y + 0.5), (1.0, y + 0.72), (-1.0, y + 0.22)], "red")
    return c.texture("beacon")


DESIGNS: dict[str, Callable[..., Texture]] = {
    f.__name__: f
    for f in (
        stop, give_way, yield_us, priority, limit, limit_us, zone, minimum, end_limit, end_all, no_entry, no_entry_us,
        forbidden, no_overtaking, no_parking, warning, warning_us, regulatory,
        prohibited_us, guide, mandatory, info, parking, bus_stop, one_way, place,
        direction, board, supplementary, countdown, lane_plan, chevron, beacon,
    )
}  # fmt: skip
