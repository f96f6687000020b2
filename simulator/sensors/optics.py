"""Pinhole camera with Brown-Conrady lens distortion, in OpenCV's conventions (pixel centres at integers)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]
NEWTON_STEPS = 12  # converges quadratically; real lenses need 3 to 5


@dataclass(frozen=True, eq=False)
class CameraModel:
    """Geometry of one camera.

    Attributes:
        width, height: image size in pixels.
        K: (3, 3) camera matrix with fx, fy, cx, cy in pixels; pixel (0, 0) has its centre at (0, 0).
        distortion: (5,) k1, k2, p1, p2, k3 in OpenCV's order; zeros for an ideal pinhole.
    """

    width: int
    height: int
    K: F64
    distortion: F64

    @staticmethod
    def of(width: int, height: int, K: ArrayLike, distortion: ArrayLike = (0, 0, 0, 0, 0)) -> CameraModel:
        """Camera model from anything array-like."""
        return CameraModel(width, height, np.asarray(K, np.float64), np.asarray(distortion, np.float64))

    def rays(self) -> NDArray[np.float32]:
        """(H, W, 3) float32 directions through the pixel centres, camera optical frame, scaled to z = 1."""
        return self._rays

    @cached_property
    def _rays(self) -> NDArray[np.float32]:
        v, u = np.mgrid[: self.height, : self.width].astype(np.float64)
        out = np.ones((self.height, self.width, 3), np.float32)
        out[..., :2] = self.normalize(np.stack([u, v], -1).reshape(-1, 2)).reshape(self.height, self.width, 2)
        out.flags.writeable = False
        return out

    def project(self, points_cam: ArrayLike) -> F64:
        """(N, 2) pixel coordinates of (N, 3) points in the optical frame; z <= 0 gives infinity."""
        points = np.asarray(points_cam, np.float64)
        ahead = points[:, 2] > 0
        z = np.where(ahead, points[:, 2], 1.0)
        xy = self.distort(points[:, :2] / z[:, None])
        uv: F64 = xy * [self.K[0, 0], self.K[1, 1]] + self.K[:2, 2]
        uv[~ahead] = np.inf
        return uv

    def normalize(self, uv: ArrayLike) -> F64:
        """(N, 2) undistorted normalised coordinates x/z, y/z seen at (N, 2) pixel coordinates."""
        pixels = np.asarray(uv, np.float64)
        return self.undistort((pixels - self.K[:2, 2]) / [self.K[0, 0], self.K[1, 1]])

    def distort(self, xy: ArrayLike) -> F64:
        """(N, 2) distorted from (N, 2) ideal normalised coordinates (D. C. Brown, 1971)."""
        x, y = np.asarray(xy, np.float64).T
        k1, k2, p1, p2, k3 = self.distortion
        r2 = x * x + y * y
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        return np.stack(
            [
                x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
                y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
            ],
            1,
        )

    def undistort(self, xy: ArrayLike) -> F64:
        """Inverse of `distort` by Newton's method from the distorted point."""
        goal = np.asarray(xy, np.float64)
        if not self.distortion.any():
            return goal.copy()
        k1, k2, p1, p2, k3 = self.distortion
        guess = goal.copy()
        for _ in range(NEWTON_STEPS):
            x, y = guess.T
            r2 = x * x + y * y
            radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
            slope = 2 * (k1 + r2 * (2 * k2 + r2 * 3 * k3))  # d radial / d x = slope * x
            fxx = radial + slope * x * x + 2 * p1 * y + 6 * p2 * x
            fxy = slope * x * y + 2 * p1 * x + 2 * p2 * y
            fyy = radial + slope * y * y + 6 * p1 * y + 2 * p2 * x
            ex, ey = (self.distort(guess) - goal).T
            det = fxx * fyy - fxy * fxy
            det = np.where(np.abs(det) < 1e-6, 1e-6, det)  # beyond the lens' fold there is no inverse
            step = np.stack([fyy * ex - fxy * ey, fxx * ey - fxy * ex], 1) / det[:, None]
            guess -= np.clip(step, -0.5, 0.5)
            if np.max(np.abs(ex), initial=0.0) + np.max(np.abs(ey), initial=0.0) < 1e-14:
                break
        return guess
