"""Light that lens and windscreen scatter: a share of it spreads over the picture, which very bright parts show."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.jit import kernel
from simulator.numerics.memory import hold, load_triples, pointer, store_triples
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import generator
from simulator.numerics.simd import LANES, splat
from simulator.sensors.shading.vector import HALF, ONE, ZERO

if TYPE_CHECKING:
    from simulator.sensors.optics import CameraModel

F32 = NDArray[np.float32]

# Spread in pixels at 1000 px focal length, and share of the light, of Gaussians. Their sum falls with about the square
# of the angle, like the veiling glare of the eye, 10 E / theta^2 (CIE 146:2002), of which lens and windscreen make
# about a quarter.
GLARE = ((2.0, 0.020), (8.0, 0.010), (32.0, 0.006), (130.0, 0.005))
EYE_GLARE, EYE_SHARE = 10.0, 0.25  # cd/m2 deg2 per lux at the eye, and what of it lens and windscreen make
VEIL_PX, VEIL_LEAST_DEG = 32, 1.0  # squares of pixels with one veil; the law holds from so many degrees on
# Wipers leave fine scratches on windscreens, along arcs about their pivot. What is bright is drawn out across them, to
# lines that lead to the pivot: spread along and across them, pixels at 1000 px focal length, and share of the light,
# its median over drives and how far its logarithm deviates.
STREAKS, STREAK_ACROSS, STREAK_SHARE, STREAK_DEVIATES = (40.0, 160.0), 1.2, 0.0006, 0.7
STREAK_LEAN_RAD = 0.35  # at most, off the vertical, by where the pivot is
STREAKS_FROM = 50.0  # parts of saturation: what is darker has none that is seen
STREAK_SHRINK = (2, 8)  # of columns and rows


@kernel
def shrink(start, stop, radiance, side, base):
    """Rows `start:stop` of `base` (ceil(H / side), ceil(W / side), 3): means of squares of radiance (H, W, 3)."""
    last_row, last_column = radiance.shape[0] - 1, radiance.shape[1] - 1
    share = ONE / np.float32(side * side)
    for v in range(start, stop):
        for u in range(base.shape[1]):
            red, green, blue = ZERO, ZERO, ZERO
            for y in range(side * v, side * (v + 1)):
                for x in range(side * u, side * (u + 1)):
                    row, column = min(y, last_row), min(x, last_column)
                    red, green = red + radiance[row, column, 0], green + radiance[row, column, 1]
                    blue += radiance[row, column, 2]
            base[v, u, 0], base[v, u, 1], base[v, u, 2] = share * red, share * green, share * blue


@kernel(inline=True)
def enlarge(base, v, by, wide):
    """Write row v of `base`, (columns, 3), to `wide`, (3 * W,), W columns that are narrower by the factor `by`.

    Linear between the middles of the columns.
    """
    last = base.shape[1] - 1
    for x in range(len(wide) // 3):
        across = max((np.float32(x) + HALF) * by - HALF, ZERO)
        u0 = np.int32(across)
        u1, s = min(u0 + 1, last), across - np.float32(u0)
        for k in range(3):
            wide[3 * x + k] = base[v, u0, k] + s * (base[v, u1, k] - base[v, u0, k])


@kernel
def spread_over(start, stop, radiance, side, kept, base, out):
    """Rows `start:stop` of `out`: the `kept` share of radiance (H, W, 3) and `base` of `shrink`, enlarged; W >= 8."""
    rows, width, by = base.shape[0], radiance.shape[1], ONE / np.float32(side)
    wide, held = np.empty((2, 3 * width), np.float32), np.full(2, -1)
    light, lines, result, share = pointer(radiance), pointer(wide), pointer(out), splat(kept)
    for y in range(start, stop):
        down = max((np.float32(y) + HALF) * by - HALF, ZERO)
        v0 = min(np.int32(down), rows - 1)
        v1, t = min(v0 + 1, rows - 1), down - np.float32(v0)
        for v in (v0, v1):
            if held[v & 1] != v:
                held[v & 1] = v
                enlarge(base, v, by, wide[v & 1])
        upper, lower = (v0 & 1) * 3 * width, (v1 & 1) * 3 * width
        for column in range(0, width, LANES):
            x = min(column, width - LANES)  # the last eight may do some pixels once more
            red, green, blue = load_triples(light, 3 * (y * width + x))
            r0, g0, b0 = load_triples(lines, upper + 3 * x)
            r1, g1, b1 = load_triples(lines, lower + 3 * x)
            red, green = share * red + (r0 + t * (r1 - r0)), share * green + (g0 + t * (g1 - g0))
            store_triples(result, 3 * (y * width + x), red, green, share * blue + (b0 + t * (b1 - b0)))
    hold(wide)


def veil_beside(camera: CameraModel, toward: NDArray[np.float64], lux: F32) -> F32 | None:
    """(rows, columns, 3) light, cd/m2, that a sun beside the picture spreads over it; None: it spreads none.

    Args:
        camera: that looks. toward: (3,) unit vector to the sun, optical frame.
        lux: (3,) its illuminance, by channel, on a plane that faces it.
    """
    x, y = camera.project(toward[None])[0]
    inside = -0.5 <= x < camera.width - 0.5 and -0.5 <= y < camera.height - 0.5
    if toward[2] <= 0.0 or inside or lux.max() <= 0.0:
        return None
    counts = ((pixels, -(-pixels // VEIL_PX)) for pixels in (camera.height, camera.width))
    middles = [((np.arange(count) + 0.5) * pixels / count).astype(int) for pixels, count in counts]
    rays = camera.rays()[np.ix_(*middles)].astype(np.float64)
    cosine = rays @ toward / np.linalg.norm(rays, axis=-1)
    away = np.maximum(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))), VEIL_LEAST_DEG)
    veil = (EYE_SHARE * EYE_GLARE / away**2)[..., None] * (float(toward[2]) * lux)
    return np.asarray(veil, np.float32)


def add_glare(
    radiance: F32, focal_px: float, threads: int | None = None, side: int = 2, veil: F32 | None = None
) -> F32:
    """(H, W, 3) radiance with the light that lens and windscreen scatter.

    Args:
        radiance: (H, W, 3), cd/m2. focal_px: of the lens. threads: to use.
        side: of the squares of pixels whose means are spread; half a side is the finest spread.
        veil: light from beside the picture, of `veil_beside`.
    """
    import cv2

    height, width = radiance.shape[:2]
    base = np.empty((-(-height // side), -(-width // side), 3), np.float32)
    whole = base.shape[1], base.shape[0]
    rows = partial(parallel_for, chunk=16, threads=threads)
    rows(lambda start, stop: shrink(start, stop, radiance, side, base), len(base))
    spread = np.zeros_like(base)
    for pixels, share in GLARE:
        sigma = pixels * focal_px / (1000 * side)
        smaller = max(int(sigma), 1)
        size = max(whole[0] // smaller, 1), max(whole[1] // smaller, 1)
        small = base if smaller == 1 else cv2.resize(base, size, interpolation=cv2.INTER_AREA)
        small = cv2.GaussianBlur(small, (0, 0), max(sigma / smaller, 0.5), borderType=cv2.BORDER_REPLICATE)
        large = small if smaller == 1 else cv2.resize(small, whole, interpolation=cv2.INTER_LINEAR)
        spread = cv2.scaleAdd(large, share, spread)
    if veil is not None:
        spread += cv2.resize(veil, whole, interpolation=cv2.INTER_LINEAR)
    kept = np.float32(1 - sum(share for _, share in GLARE))
    out = np.empty_like(radiance)
    rows(lambda start, stop: spread_over(start, stop, radiance, side, kept, spread, out), height)
    return out


def add_streaks(light: F32, white_cd_m2: float, focal_px: float, drive_seed: int) -> F32:
    """(H, W, 3) light with what scratches of the windscreen make of the bright parts of `light`; no copy without any.

    Args:
        light: (H, W, 3). white_cd_m2: saturates the picture. focal_px: of the lens.
        drive_seed: tells how worn the windscreen is, and where the wiper has its pivot.
    """
    import cv2

    above = np.float32(STREAKS_FROM * white_cd_m2)
    if light.max() <= above:
        return light
    rng = generator(drive_seed, "scratches")
    share = STREAK_SHARE * math.exp(STREAK_DEVIATES * rng.normal())
    lean = math.tan(STREAK_LEAN_RAD * rng.uniform(-1, 1))
    height, width = light.shape[:2]
    across, down = STREAK_SHRINK
    narrow = cv2.resize(light, (-(-width // across), height), interpolation=cv2.INTER_AREA)
    _, narrow = cv2.threshold(narrow, float(above) / across, 0.0, cv2.THRESH_TOZERO)
    # Leaning lines are put upright, with room for them on both sides.
    margin = math.ceil(abs(lean) * height / 2 / across) + 2
    upright = np.array([[1, lean / across, margin - lean * height / 2 / across], [0, 1, 0]])
    columns = narrow.shape[1] + 2 * margin
    lines = cv2.warpAffine(narrow, upright, (columns, height))
    lines = cv2.resize(lines, (columns, -(-height // down)), interpolation=cv2.INTER_AREA)
    wide, spread = max(STREAK_ACROSS * focal_px / 1000 / across, 0.5), np.zeros_like(lines)
    for along in STREAKS:
        long = along * focal_px / 1000 / down
        blurred = cv2.GaussianBlur(lines, (0, 0), wide, sigmaY=long, borderType=cv2.BORDER_CONSTANT)
        spread = cv2.scaleAdd(blurred, share / len(STREAKS), spread)
    back = np.array([
        [1 / across, lean / across, 0.5 / across - 0.5 + margin - lean * height / 2 / across],
        [0, 1 / down, 0.5 / down - 0.5],
    ])  # fmt: skip
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(spread, back, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.add(light, drawn), np.float32)
