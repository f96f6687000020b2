"""What people see of an environment: the road from above, drawn by OpenCV, in a window or as an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simulator.traffic.state import Control

if TYPE_CHECKING:
    from simulator.envs.core import Core

FPS = 10  # where a task does not say otherwise
WIDTH_PX, HEIGHT_PX, PX_PER_M = 800, 400, 5.0
_FINE = 4  # bits of a pixel's fraction in what OpenCV draws
# RGB
_GRASS, _ASPHALT, _LINE = (96, 112, 88), (72, 74, 78), (190, 190, 190)
_AGENT, _FELLOW, _OTHER, _WRECK, _PERSON = (64, 200, 96), (40, 140, 200), (200, 200, 208), (214, 72, 60), (245, 196, 66)
_GLASS = (30, 34, 40)


class Screen:
    """The top view of a core's worlds.

    Args:
        core: what to show.
        mode: None, "human" (a window, drawn by `show`) or "rgb_array".
        fps: of the window.

    Raises:
        ValueError: another mode.
    """

    def __init__(self, core: Core, mode: str | None, fps: float) -> None:
        if mode not in (None, "human", "rgb_array"):
            raise ValueError(f'render_mode={mode!r}: None, "human" and "rgb_array" are accepted')
        self._core, self._mode, self._fps = core, mode, fps
        self._window: Any = None
        self._clock: Any = None

    def picture(self, agent: int) -> NDArray[np.uint8] | None:
        """(H, W, 3) uint8 RGB of an agent and what is about it; None unless the mode is "rgb_array"."""
        return draw(self._core, agent) if self._mode == "rgb_array" else None

    def show(self) -> None:
        """Bring the window up to date where there is one, at the pace of real time."""
        if self._mode != "human":
            return
        try:
            import pygame
        except ImportError as error:
            from gymnasium.error import DependencyNotInstalled

            raise DependencyNotInstalled("a window needs pygame: run `pip install pygame-ce`") from error
        if self._window is None:
            pygame.display.init()
            pygame.display.set_caption("OddRoad")
            self._window, self._clock = pygame.display.set_mode((WIDTH_PX, HEIGHT_PX)), pygame.time.Clock()
        self._window.blit(pygame.surfarray.make_surface(draw(self._core, 0).swapaxes(0, 1)), (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Close the window; again: nothing happens."""
        if self._window is not None:
            import pygame

            pygame.display.quit()
            self._window = None


def draw(core: Core, agent: int) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB from above, x to the right and y up, with an agent in the middle."""
    import cv2

    world, row = divmod(agent, core.actors.agents.shape[1])
    vehicles, drivers, people = core.actors.vehicles[world], core.actors.drivers[world], core.actors.people[world]
    middle = np.array([vehicles["x"][row], vehicles["y"][row]])
    picture = np.empty((HEIGHT_PX, WIDTH_PX, 3), np.uint8)
    picture[:] = _GRASS

    def pixels(points: NDArray[np.float64]) -> Any:
        px = (points - middle) * (PX_PER_M, -PX_PER_M) + (0.5 * WIDTH_PX, 0.5 * HEIGHT_PX)
        return np.round(px * (1 << _FINE)).astype(np.int32)

    half = np.array([WIDTH_PX, HEIGHT_PX]) / (2.0 * PX_PER_M)
    shown = [
        (key, edge)
        for key, edge, low, high in core.outlines
        if np.all(low < middle + half) and np.all(high > middle - half)
    ]
    for _, (left, right) in shown:
        cv2.fillPoly(picture, [pixels(np.concatenate([left, right[::-1]]))], _ASPHALT, cv2.LINE_AA, _FINE)
    for key, edge in shown:
        if not core.network.roads[key.road].junction:
            for line in edge:
                cv2.polylines(picture, [pixels(line)], False, _LINE, 1, cv2.LINE_AA, _FINE)
    for k in np.flatnonzero(vehicles["control"] != Control.NOBODY)[::-1].tolist():
        v, d = vehicles[k], drivers[k]
        color = _AGENT if k == row else _FELLOW if k < core.actors.agents.shape[1] else _OTHER
        color = _WRECK if v["control"] == Control.WRECK else color
        cv2.fillPoly(picture, [pixels(_box(v, -d["rear"], d["front"], d["half_width"]))], color, cv2.LINE_AA, _FINE)
        glass = _box(v, 0.45 * d["front"], 0.62 * d["front"], 0.8 * d["half_width"])
        cv2.fillPoly(picture, [pixels(glass)], _GLASS, cv2.LINE_AA, _FINE)
    for person in people[people["being"] != 0]:
        place = pixels(np.array([person["x"], person["y"]]))
        cv2.circle(
            picture, tuple(place.tolist()), round(0.4 * PX_PER_M * (1 << _FINE)), _PERSON, -1, cv2.LINE_AA, _FINE
        )
    return picture


def _box(vehicle: Any, begin: float, end: float, half_width: float) -> Any:
    """(4, 2) corners of a part of a vehicle."""
    c, s = np.cos(vehicle["yaw"]), np.sin(vehicle["yaw"])
    corners = np.array([[begin, -half_width], [end, -half_width], [end, half_width], [begin, half_width]])
    return corners @ np.array([[c, s], [-s, c]]) + (vehicle["x"], vehicle["y"])
