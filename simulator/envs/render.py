"""What people see of an environment: the road from above, or the world from behind a car; in a window or as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simulator.envs.core import Core

FPS = 10  # where a task does not say otherwise
WIDTH_PX, HEIGHT_PX = 800, 400
FINER = 2  # times the size at which the chase view is taken
# Ahead of the rear axle, above the ground, m; rad down; degrees of view.
CHASE_M, CHASE_PITCH, CHASE_DEG = (-7.5, 0.0, 3.4), np.radians(11.0), 75.0


class Screen:
    """The view of a core's worlds.

    Args:
        core: what to show, as its task's `render_view` says.
        mode: None, "human" (a window, drawn by `show`) or "rgb_array".
        fps: of the window.

    Raises:
        OddRoadError: another mode.
    """

    def __init__(self, core: Core, mode: str | None, fps: float) -> None:
        if mode not in (None, "human", "rgb_array"):
            from simulator.errors import OddRoadError, did_you_mean

            hint = did_you_mean(str(mode), ["human", "rgb_array"])
            raise OddRoadError(f'render_mode={mode!r}: None, "human" and "rgb_array" are accepted.{hint}')
        self._core, self._mode, self._fps = core, mode, fps
        self._window: Any = None
        self._clock: Any = None
        self._view: Any = None

    def picture(self, agent: int) -> NDArray[np.uint8] | None:
        """(H, W, 3) uint8 RGB of an agent and what is about it; None unless the mode is "rgb_array"."""
        return self._draw(agent) if self._mode == "rgb_array" else None

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
        self._window.blit(pygame.surfarray.make_surface(self._draw(0).swapaxes(0, 1)), (0, 0))
        pygame.event.pump()
        pygame.display.flip()
        self._clock.tick(self._fps)

    def close(self) -> None:
        """Close the window; again: nothing happens."""
        if self._window is not None:
            import pygame

            pygame.display.quit()
            self._window = None

    def _draw(self, agent: int) -> NDArray[np.uint8]:
        if self._view is None:
            if self._core.task.render_view == "chase":
                self._view = ChaseView(self._core)
            else:
                from simulator.envs.bird_view import BirdView

                self._view = BirdView(self._core, WIDTH_PX, HEIGHT_PX)
        picture: NDArray[np.uint8] = self._view.draw(agent)
        return picture


class ChaseView:
    """The world as the ray caster sees it from behind and above an agent's car."""

    def __init__(self, core: Core) -> None:
        from simulator.envs.observations.camera import Eye

        self._eye = Eye(core, 1, FINER * WIDTH_PX, FINER * HEIGHT_PX, CHASE_DEG, CHASE_M, CHASE_PITCH)

    def draw(self, agent: int) -> NDArray[np.uint8]:
        """(H, W, 3) RGB."""
        import cv2

        fine = self._eye.look(agent, agent + 1, slice(0, 1), own=True).rgb[0]
        return np.asarray(cv2.resize(fine, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8)
