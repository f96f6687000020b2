"""The road from straight above, as people like to see it: markings, shadows, lamps, what the agent sees and wants.

The ground is drawn once, in square tiles that are kept; what moves is drawn over it, at twice the size of the picture,
which then shrinks: that smooths all edges.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import generator
from simulator.roads.plan_view import COLORS, Layer, Look, plan_view
from simulator.scene.material import Switch
from simulator.traffic.lane_map import NONE
from simulator.traffic.person import Being, Mode
from simulator.traffic.signals import Colour
from simulator.traffic.state import Control

if TYPE_CHECKING:
    from simulator.envs.core import Core
    from simulator.envs.tasks.base import Weather

Picture = NDArray[np.uint8]
Array = NDArray[np.float64]

FAST_MPS = 20.0  # limit of roads from which on more is shown
PX_PER_M, FAST_PX_PER_M, BAY_PX_PER_M = 8.0, 5.0, 12.0
FINER = 2  # times the size at which all is drawn
TILE_PX = 512  # of the finer picture
_SHIFT = 4  # bits of a pixel's fraction in what OpenCV draws
_WAY_M, _WAY_STEP_M = 60.0, 2.0  # of the agent's way that is shown
_MOST_TILES = 256
_HAZE = np.log(20.0)  # extinction is that over the optical range (Koschmieder)

# RGB
_GROUND: dict[int, tuple[int, int, int]] = {
    Look.LANE: (70, 73, 79),
    Look.ASPHALT: (74, 77, 82),
    Look.SHOULDER: (86, 88, 92),
    Look.GUTTER: (120, 120, 118),
    Look.PARKING: (82, 84, 91),
    Look.CYCLE: (132, 76, 66),
    Look.PAVING: (164, 161, 154),
    Look.KERB: (196, 194, 188),
    Look.LAWN: (104, 140, 84),
    Look.GRAVEL: (150, 144, 130),
    Look.GRASS: (112, 146, 92),
    Look.BALLAST: (118, 108, 100),
    Look.CONCRETE: (140, 140, 138),
    Look.RAIL: (120, 120, 126),
}
LAND, _SNOW = (116, 148, 96), (232, 236, 242)
_PAINT = {"yellow": (236, 190, 60), "red": (190, 60, 52), "blue": (60, 110, 190), "green": (70, 150, 80)}
_WHITE = (232, 232, 228)
_CARS = ((206, 210, 216), (120, 128, 140), (52, 58, 68), (58, 92, 148), (148, 52, 48), (214, 196, 150), (86, 122, 110))
AGENT, _FELLOW, _WRECK, _THING = (64, 200, 96), (60, 150, 220), (120, 70, 62), (146, 104, 64)
_GLASS, _TYRE, _HEAD = (34, 40, 48), (30, 30, 32), (255, 250, 220)
_BRAKE, _TAIL, _BLINK, _BLUE = (255, 48, 36), (120, 26, 26), (255, 178, 40), (70, 130, 255)
_LIGHTS = {Colour.RED: (244, 54, 44), Colour.AMBER: (255, 190, 40), Colour.GREEN: (60, 214, 110)}
_CLOTHES = ((222, 120, 60), (80, 110, 170), (180, 60, 90), (230, 206, 110), (90, 140, 110), (70, 70, 84))
_SKIN, _DOG, _DEER = (232, 190, 160), (120, 84, 56), (150, 108, 72)


class BirdView:
    """Draws the worlds of a core, in pictures of a width and a height in px."""

    def __init__(self, core: Core, width: int, height: int) -> None:
        self._core, self._width, self._height = core, width, height
        fast = np.median(core.lanes.samples["limit"]) > FAST_MPS
        self._px_per_m = FAST_PX_PER_M if fast else BAY_PX_PER_M if core.task.parked else PX_PER_M
        self._tiles: dict[tuple[int, int, Weather], Picture] = {}

    def draw(self, agent: int) -> Picture:
        """(H, W, 3) RGB, x to the right and y up, with an agent in the middle."""
        core = self._core
        world, row = divmod(agent, core.actors.agents.shape[1])
        vehicles = core.actors.vehicles[world]
        scale = FINER * self._px_per_m
        size = np.array([FINER * self._width, FINER * self._height])
        # In whole pixels, so that the ground does not tremble.
        corner = np.round(np.array([vehicles["x"][row], -vehicles["y"][row]]) * scale - 0.5 * size).astype(np.int64)
        canvas = Canvas(self._ground(corner, size, core.weathers[world]), corner, scale)
        self._plan(canvas, world, row)
        self._lights(canvas, world)
        self._movers(canvas, world, row)
        self._air(canvas, world)
        picture = cv2.resize(canvas.picture, (self._width, self._height), interpolation=cv2.INTER_AREA)
        self._dials(picture, world, row)
        return np.asarray(picture, np.uint8)

    # ---- what stays

    @cached_property
    def _layers(self) -> list[tuple[Layer, Array, Array]]:
        layers = plan_view(self._core.network, self._core.map.origin)
        return [(layer, layer.corners.min(1), layer.corners.max(1)) for layer in layers]

    def _ground(self, corner: NDArray[np.int64], size: NDArray[np.int64], weather: Weather) -> Picture:
        """The part of the ground that begins at a corner, px."""
        picture = np.empty((size[1], size[0], 3), np.uint8)
        first, last = corner // TILE_PX, (corner + size - 1) // TILE_PX
        for j in range(first[1], last[1] + 1):
            for i in range(first[0], last[0] + 1):
                x, y = i * TILE_PX - corner[0], j * TILE_PX - corner[1]
                left, top = max(x, 0), max(y, 0)
                right, bottom = min(x + TILE_PX, size[0]), min(y + TILE_PX, size[1])
                picture[top:bottom, left:right] = self._tile(i, j, weather)[top - y : bottom - y, left - x : right - x]
        return picture

    def _tile(self, i: int, j: int, weather: Weather) -> Picture:
        if (i, j, weather) not in self._tiles:
            if len(self._tiles) >= _MOST_TILES:
                self._tiles.pop(next(iter(self._tiles)))
            self._tiles[i, j, weather] = self._drawn(i, j, weather)
        return self._tiles[i, j, weather]

    def _drawn(self, i: int, j: int, weather: Weather) -> Picture:
        rng = generator(0, "bird view", i, j)
        shade = cv2.GaussianBlur(rng.normal(0.0, 26.0, (TILE_PX, TILE_PX)).astype(np.float32), (0, 0), 2.2)
        land = np.clip(np.array(LAND, np.float32) + shade[:, :, None], 0.0, 255.0).astype(np.uint8)
        canvas = Canvas(land, np.array([i, j]) * TILE_PX, FINER * self._px_per_m)
        span = TILE_PX / canvas.scale
        low, high = np.array([i * span, -(j + 1) * span]) - 0.5, np.array([(i + 1) * span, -j * span]) + 0.5
        for layer, least, most in self._layers:
            near = np.flatnonzero(np.all(least < high, axis=1) & np.all(most > low, axis=1))
            for k in near.tolist():
                kind = int(layer.kind[k])
                color = _PAINT.get(COLORS[kind], _WHITE) if layer.paint else _GROUND[kind]
                canvas.convex(layer.corners[k], color)
        picture = canvas.picture
        if weather.surface == "snow":
            picture = cv2.addWeighted(picture, 0.3, np.full_like(picture, _SNOW), 0.7, 0.0)
        elif weather.surface == "ice":
            picture = cv2.addWeighted(picture, 0.7, np.full_like(picture, _SNOW), 0.3, 0.0)
        elif weather.water_mm() > 0.0:
            picture = cv2.convertScaleAbs(picture, alpha=0.82)
        return np.asarray(picture, np.uint8)

    # ---- what changes

    def _plan(self, canvas: Canvas, world: int, row: int) -> None:
        """The agent's way ahead, and its bay."""
        agent, vehicle = self._core.actors.agents[world, row], self._core.actors.vehicles[world, row]
        line = _way_ahead(self._core, vehicle)
        if len(line) > 1:
            canvas.blend(lambda: canvas.line(line, AGENT, 0.5), 0.35)
        if agent["has_goal"]:
            c, s = np.cos(agent["goal_yaw"]), np.sin(agent["goal_yaw"])
            bay = _corners(agent["goal_x"], agent["goal_y"], c, s, -2.4, 2.4, 1.15)
            canvas.blend(lambda: canvas.convex(bay, AGENT), 0.3)
            canvas.line(np.concatenate([bay, bay[:1]]), AGENT, 0.25)

    def _lights(self, canvas: Canvas, world: int) -> None:
        """Traffic lights as bars at the stop lines."""
        lanes, gates = self._core.lanes, self._core.traffic.ground.gates.gates
        for number in np.flatnonzero(gates["signal"] != NONE).tolist():
            stop = float(gates["stop"][number])
            lane = lanes.lanes[number]
            here = lanes.samples[lane["first"]]
            color = _LIGHTS[Colour(int(self._core.traffic.signals[world, gates["signal"][number]]))]
            c, s, half = here["cos"], here["sin"], 0.85 * here["half_width"]
            x, y = here["x"] + min(stop, 0.0) * c, here["y"] + min(stop, 0.0) * s
            if canvas.shows(x, y):
                canvas.line(np.array([[x - half * s, y + half * c], [x + half * s, y - half * c]]), color, 0.45)

    def _movers(self, canvas: Canvas, world: int, row: int) -> None:
        core = self._core
        vehicles, drivers = core.actors.vehicles[world], core.actors.drivers[world]
        there = (vehicles["control"] != Control.NOBODY) & (vehicles["control"] != Control.ARRIVED)
        shown = [k for k in np.flatnonzero(there)[::-1].tolist() if canvas.shows(vehicles["x"][k], vehicles["y"][k])]
        people = core.actors.people[world]
        walking = [p for p in people[people["being"] != Being.NOBODY] if canvas.shows(p["x"], p["y"])]

        def shadows() -> None:
            """Draw what everybody casts on the road."""
            for k in shown:
                canvas.convex(_rounded(vehicles[k], drivers[k]) + (0.35, -0.35), (12, 14, 18))
            for p in walking:
                canvas.disc(p["x"] + 0.2, p["y"] - 0.2, 0.3, (12, 14, 18))

        canvas.blend(shadows, 0.4)
        for k in shown:
            fellow = k < core.actors.agents.shape[1]
            color = (
                AGENT
                if k == row
                else _FELLOW
                if fellow
                else _CARS[(5 * k + 3 * int(vehicles["serial"][k])) % len(_CARS)]
            )
            _vehicle(canvas, vehicles[k], drivers[k], color)
        for number, p in enumerate(walking):
            _person(canvas, p, _CLOTHES[number % len(_CLOTHES)])

    def _air(self, canvas: Canvas, world: int) -> None:
        """What fog and night leave of it."""
        clock = self._core.weathers[world].clock_h
        if clock < 5.0 or clock > 21.5:
            canvas.picture[:] = (canvas.picture * np.array([0.42, 0.46, 0.58])).astype(np.uint8)
        sight = float(self._core.actors.weather[world]["sight"])
        if sight < 4.0 * self._width / self._px_per_m:
            height, width = canvas.picture.shape[:2]
            y, x = np.mgrid[:height, :width]
            away = np.hypot(x - 0.5 * width, y - 0.5 * height) / canvas.scale
            left = np.exp(-_HAZE * away / sight)[:, :, None]
            canvas.picture[:] = (left * canvas.picture + (1.0 - left) * 206.0).astype(np.uint8)

    def _dials(self, picture: Picture, world: int, row: int) -> None:
        """Speed, limit, and what went wrong."""
        core, i = self._core, world * self._core.actors.agents.shape[1] + row
        vehicle, info = core.actors.vehicles[world, row], core.info(i)
        bottom = self._height
        panel = picture[bottom - 46 : bottom - 10, 10:178]
        panel[:] = (0.35 * panel).astype(np.uint8)
        font = cv2.FONT_HERSHEY_DUPLEX
        text = f"{abs(vehicle['speed']) * 3.6:.0f} km/h"
        cv2.putText(picture, text, (20, bottom - 21), font, 0.6, (245, 245, 245), 1, cv2.LINE_AA)
        if vehicle["lane"] != NONE:
            first = core.lanes.lanes[vehicle["lane"]]["first"]
            limit = f"{core.lanes.samples['limit'][first] * 3.6:.0f}"
            middle = (150, bottom - 28)
            cv2.circle(picture, middle, 14, (248, 248, 248), -1, cv2.LINE_AA)
            cv2.circle(picture, middle, 13, (206, 40, 36), 3, cv2.LINE_AA)
            (width, _), _ = cv2.getTextSize(limit, font, 0.38, 1)
            cv2.putText(picture, limit, (150 - width // 2, bottom - 24), font, 0.38, (20, 20, 20), 1, cv2.LINE_AA)
        wrong = [name.replace("_", " ") for name in ("collision", "off_road", "red_light", "wrong_way") if info[name]]
        if info["arrived"] or wrong:
            color = (206, 52, 44) if wrong else (44, 150, 76)
            text = ", ".join(wrong) if wrong else "arrived"
            (width, _), _ = cv2.getTextSize(text, font, 0.55, 1)
            picture[bottom - 46 : bottom - 10, 190 : 210 + width] = color
            cv2.putText(picture, text, (200, bottom - 22), font, 0.55, (255, 255, 255), 1, cv2.LINE_AA)


class Canvas:
    """A picture to draw on in metres.

    Args:
        picture: (H, W, 3) uint8, drawn on.
        corner: (2,) px of its first pixel, x and minus y times `scale`.
        scale: px in a metre.
    """

    def __init__(self, picture: Picture, corner: NDArray[np.int64], scale: float) -> None:
        self.picture, self.scale, self._corner = picture, scale, corner

    def shows(self, x: float, y: float) -> bool:
        """Whether something there may be seen."""
        px, py = np.array([x, -y]) * self.scale - self._corner
        margin = 12.0 * self.scale
        return bool(-margin < px < self.picture.shape[1] + margin and -margin < py < self.picture.shape[0] + margin)

    def _pixels(self, points: Any) -> Any:
        px = np.asarray(points) * (self.scale, -self.scale) - self._corner - 0.5
        return np.round(px * (1 << _SHIFT)).astype(np.int32)

    def convex(self, points: Any, color: tuple[int, int, int]) -> None:
        """Fill a convex polygon (K, 2)."""
        cv2.fillConvexPoly(self.picture, self._pixels(points), color, cv2.LINE_8, _SHIFT)

    def line(self, points: Any, color: tuple[int, int, int], width_m: float) -> None:
        """Draw along points (K, 2)."""
        width = max(round(width_m * self.scale), 1)
        cv2.polylines(self.picture, [self._pixels(points)], False, color, width, cv2.LINE_AA, _SHIFT)

    def disc(self, x: float, y: float, radius_m: float, color: tuple[int, int, int]) -> None:
        """Fill a circle."""
        middle, radius = self._pixels([x, y]), round(radius_m * self.scale * (1 << _SHIFT))
        cv2.circle(self.picture, tuple(middle.tolist()), radius, color, -1, cv2.LINE_AA, _SHIFT)

    def blend(self, draw: Any, share: float) -> None:
        """Let what `draw` draws count for a share only."""
        before = self.picture.copy()
        draw()
        cv2.addWeighted(self.picture, share, before, 1.0 - share, 0.0, self.picture)


def _way_ahead(core: Core, vehicle: Any) -> Array:
    """(K, 2) middle of the lanes that a vehicle will take."""
    lanes, points = core.lanes, []
    lane, at, left = int(vehicle["lane"]), float(vehicle["s"]), _WAY_M
    for onward in (*vehicle["ways"].tolist(), NONE):
        if lane == NONE or left <= 0.0:
            break
        row = lanes.lanes[lane]
        own = lanes.samples[row["first"] : row["first"] + row["samples"]]
        s = row["step"] * np.arange(len(own))
        wanted = np.arange(at, min(float(row["length"]), at + left), _WAY_STEP_M)
        points.append(np.stack([np.interp(wanted, s, own["x"]), np.interp(wanted, s, own["y"])], axis=1))
        left -= max(float(row["length"]) - at, 0.0)
        lane, at = onward, 0.0
    return np.concatenate(points) if points else np.zeros((0, 2))


def _corners(x: float, y: float, c: float, s: float, begin: float, end: float, half: float) -> Array:
    """(4, 2) corners of a box, `begin` .. `end` m ahead of a place."""
    box = np.array([[begin, -half], [end, -half], [end, half], [begin, half]])
    return np.asarray(box @ np.array([[c, s], [-s, c]]) + (x, y))


def _part(vehicle: Any, begin: float, end: float, left: float, right: float) -> Array:
    """(4, 2) corners of a part of a vehicle, m ahead of its origin and to the left."""
    box = np.array([[begin, right], [end, right], [end, left], [begin, left]])
    c, s = np.cos(vehicle["yaw"]), np.sin(vehicle["yaw"])
    return np.asarray(box @ np.array([[c, s], [-s, c]]) + (vehicle["x"], vehicle["y"]))


def _spot(vehicle: Any, ahead: float, left: float) -> tuple[float, float]:
    """x, y of a place on a vehicle."""
    c, s = np.cos(vehicle["yaw"]), np.sin(vehicle["yaw"])
    return float(vehicle["x"] + ahead * c - left * s), float(vehicle["y"] + ahead * s + left * c)


def _rounded(vehicle: Any, driver: Any) -> Array:
    """(12, 2) outline of a body with round corners."""
    front, rear, half = float(driver["front"]), float(driver["rear"]), float(driver["half_width"])
    f, r = min(0.55, 0.5 * half), min(0.3, 0.4 * half)
    box = [[front, half - f], [front - 0.3 * f, half - 0.3 * f], [front - f, half]]
    box += [[r - rear, half], [0.3 * r - rear, half - 0.3 * r], [-rear, half - r]]
    box += [[x, -y] for x, y in box[::-1]]
    c, s = np.cos(vehicle["yaw"]), np.sin(vehicle["yaw"])
    return np.asarray(np.array(box) @ np.array([[c, s], [-s, c]]) + (vehicle["x"], vehicle["y"]))


def _shade(color: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    red, green, blue = (int(min(share * value, 255.0)) for value in color)
    return red, green, blue


def _vehicle(canvas: Canvas, v: Any, d: Any, color: tuple[int, int, int]) -> None:
    """A vehicle with its windows and lamps, a lost thing, or somebody on two wheels."""
    front, rear, half = float(d["front"]), float(d["rear"]), float(d["half_width"])
    wreck = v["control"] == Control.WRECK
    if wreck and d["wheelbase"] < 1.0:
        canvas.convex(_part(v, -rear, front, half, -half), _THING)
        canvas.convex(_part(v, -0.6 * rear, 0.6 * front, 0.6 * half, -0.6 * half), _shade(_THING, 1.25))
        return
    color = _WRECK if wreck else color
    lamps = int(v["lamps"])
    if half < 0.5:  # a rider
        canvas.convex(_part(v, -rear, front, 0.35 * half, -0.35 * half), _TYRE)
        canvas.convex(_part(v, 0.25 * front, 0.6 * front, 0.9 * half, -0.9 * half), color)
        canvas.disc(*_spot(v, 0.42 * front, 0.0), 0.16, _GLASS)
        return
    canvas.convex(_rounded(v, d), color)
    length = front + rear
    if length > 7.0:  # a cab and what is behind it
        canvas.convex(_part(v, -0.97 * rear, front - 0.24 * length, 0.94 * half, -0.94 * half), _shade(color, 1.18))
        canvas.convex(_part(v, front - 0.24 * length, front - 0.21 * length, half, -half), _shade(color, 0.4))
        canvas.convex(_part(v, front - 0.8, front - 0.25, 0.8 * half, -0.8 * half), _GLASS)
    else:
        canvas.convex(_part(v, front - 0.42 * length, front - 0.26 * length, 0.84 * half, -0.84 * half), _GLASS)
        canvas.convex(_part(v, -0.55 * rear, -0.15 * rear, 0.78 * half, -0.78 * half), _GLASS)
        roof = _part(v, -0.15 * rear, front - 0.42 * length, 0.8 * half, -0.8 * half)
        canvas.convex(roof, _shade(color, 1.14) if color != AGENT else AGENT)
    for side in (-1.0, 1.0):
        out, inner = side * 0.88 * half, side * 0.5 * half
        canvas.convex(_part(v, front - 0.28, front - 0.06, out, inner), _HEAD)
        braking = lamps & 1 << Switch.BRAKE or v["acceleration"] < -1.0
        canvas.convex(_part(v, -rear + 0.02, -rear + 0.24, out, inner), _BRAKE if braking and not wreck else _TAIL)
        if lamps & 1 << (Switch.INDICATOR_LEFT if side > 0.0 else Switch.INDICATOR_RIGHT):
            for at in (front - 0.3, -rear + 0.3):
                canvas.disc(*_spot(v, at, side * half), 0.28, _BLINK)
    if lamps & 1 << Switch.BEACON:
        canvas.disc(*_spot(v, 0.4 * front, 0.0), 0.35, _BLUE)


def _person(canvas: Canvas, p: Any, clothes: tuple[int, int, int]) -> None:
    """Somebody on foot: shoulders and a head; lying along where it was thrown; an animal."""
    c, s, r = np.cos(p["heading"]), np.sin(p["heading"]), float(p["radius"])
    if p["being"] in (Being.DOG, Being.ANIMAL):
        color, size = (_DOG, 0.35) if p["being"] == Being.DOG else (_DEER, 0.75)
        canvas.convex(_corners(p["x"], p["y"], c, s, -size, size, 0.3 * size), color)
        canvas.disc(p["x"] + size * c, p["y"] + size * s, 0.3 * size, _shade(color, 1.2))
        return
    if p["mode"] == Mode.FALLEN:
        canvas.convex(_corners(p["x"], p["y"], c, s, -0.85, 0.6, 0.25), clothes)
        canvas.disc(p["x"] + 0.72 * c, p["y"] + 0.72 * s, 0.16, _SKIN)
        return
    swing = 0.12 * np.sin(p["phase"])
    for side in (-1.0, 1.0):
        canvas.disc(p["x"] - side * 0.1 * s + side * swing * c, p["y"] + side * 0.1 * c + side * swing * s, 0.1, _TYRE)
    for across in (-0.55, 0.0, 0.55):
        canvas.disc(p["x"] - across * r * s, p["y"] + across * r * c, 0.75 * r, clothes)
    canvas.disc(p["x"] + 0.03 * c, p["y"] + 0.03 * s, 0.13, _SKIN)
