"""Light transport in waves: cast a batch of rays, find surfaces, cast their shadow and mirror rays, sum the light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.parallel import parallel_for
from simulator.sensors.shading import ambient
from simulator.sensors.shading import paths as kernels
from simulator.sensors.shading.air import air_at
from simulator.sensors.shading.contact import NO_CONTACTS
from simulator.sensors.shading.lamps import DAYLIGHT_SHARE, PER_CELL, Lamps, add_lamp, gather_lamps, lamps_on_points
from simulator.sensors.shading.paths import new_points_and_paths
from simulator.sensors.shading.surface import GLASS, POINT_DTYPE, SOLID, ground_of, surfaces
from simulator.sensors.sky import HIGH_SKY, light_among_walls
from simulator.sensors.stage import EGO, OPAQUE, SEEN
from simulator.weather.daylight import daylight

if TYPE_CHECKING:
    from simulator.raycast import Hits
    from simulator.sensors.sky import Sky
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
Records = NDArray[np.void]

CHUNK, SHORTEST_CHUNK, PIECES = 8192, 512, 8  # items that one thread does in a row, and how many such pieces at least
BATCH = 1 << 18  # rays in flight: bounds the memory
LAMP_AHEAD_M, ROOF_M = 0.5, 12.0  # of a lamp, where its housing hides nothing; what is higher hides little sky
LAMP_BEHIND_M = 1.0  # of a lamp, where its vehicle ends
UP = np.array([0.0, 0.0, 1.0], np.float32)
FAN_REACH_M = 100.0  # what is farther off hides no sky, without bounces: half as far, facades saw half again too much
FAN_SHARE = 0.7  # of the directions of a fan go where the sky is bright, without bounces, and the others anywhere
FACES_DOWN, GROUND_BELOW_M = -0.3, 30.0  # what faces down sees ground, this far below at most
# Where less than a part of the sky is free light comes by bounces only. They are followed within regions that are so
# closed, as in tunnels but not below a car, from one share of the points about a point on and wholly from another.
CLOSED, REGION, REGION_POINTS = 0.08, (0.6, 0.95), 15
FAN_CELLS = 32, 64  # upward and around, of the sky by whose light a fan is spread
BOUNCE_SPREAD = 0.005  # footprint of a hemisphere ray, per metre; wider ones would find no lit panes
PREVIEW_SHARE = 0.05  # of the daylight: what lamps give less matters in no preview
FEW_LAMPS = 16  # lamps that light what secondary rays meet
# Angular radius at least, in highlights that hemisphere rays meet: the few rays of a point would find a narrow lobe
# seldom, and then far too bright.
DIFFUSE_BLUR = 0.25
DIFFUSE_GLOW = 120.0  # cd/m2, limit of emission met by secondary rays: what is brighter lights as a lamp
# Brighter than any lit window (`Walls.light_cd_m2`, times `SHOPS`) and darker than a tail lamp: lamps shine brighter.
LAMP_FROM = 400.0  # cd/m2


@dataclass(frozen=True, slots=True)
class Quality:
    """How much work a picture gets.

    Attributes:
        samples: rays a pixel; the first goes through its centre.
        layers: panes that a primary ray may pass.
        sky_rays: rays for each point of the coarse grid of sky light, over its hemisphere; or (no bounce) half as many
            for a point, over the sky.
        sky_stride: pixels between the points of that grid.
        bounce: sky-light rays bring the light of what they hit (else it counts as dim ground).
        mirrors: reflections are traced (else they show the sky).
        soft_sun: shadows have a penumbra.
        lamp_rays: lamps of a point that get shadow rays; with soft shadows the last goes to one of the others by
            chance, on behalf of all.
        quick: by daylight all but glass is lit in one pass (`quick`).
        bounces: paths are traced (`reference`), and end after so many; None: they are not.
    """

    samples: int
    layers: int
    sky_rays: int
    sky_stride: int
    bounce: bool
    mirrors: bool
    soft_sun: bool
    lamp_rays: int
    quick: bool
    bounces: int | None = None


QUALITIES = {
    "preview": Quality(1, 3, 12, 8, False, False, False, 2, True),
    "standard": Quality(4, 6, 8, 2, True, True, True, 4, False),
    "reference": Quality(256, 6, 8, 2, True, True, True, 4, False, 12),
}


class Transport:
    """Light transport in one stage at its current time, around one camera."""

    def __init__(self, stage: Stage, center: NDArray[np.float64], quality: Quality) -> None:
        self.stage, self.quality = stage, quality
        self.air = air_at(stage, stage.sky, center)
        self.sky: Sky = stage.sky._replace(extinction=self.air)
        self.ground = ground_of(stage.atmosphere)
        self.lamps: Lamps = gather_lamps(
            stage.lamps(),
            center,
            self._daylight_at,
            PREVIEW_SHARE if quality.quick else DAYLIGHT_SHARE,
            float(self.air[0]),
            stage.atmosphere.water_film_m > 0,
        )
        self.extinction = self.air[0]
        self.contacts = NO_CONTACTS

    # --- steps ------------------------------------------------------------------------------------------------------

    def first_points(
        self,
        origins: F32,
        directions: F32,
        spread: float,
        mask: int,
        layers: int,
        grid: tuple[int, int] | None = None,
        first: Hits | None = None,
    ) -> tuple[Records, Records]:
        """POINT_DTYPE surfaces at the ends of rays, behind glass, and PATH_DTYPE paths to them.

        `origins` (3,) or (N, 3); unit `directions` (N, 3); `grid` as for the ray caster; `first`: what they hit first,
        if that is known.
        """
        stage, count = self.stage, len(directions)
        points, paths = new_points_and_paths(count)
        points["distance"] = 0
        rows = np.arange(count, dtype=np.int32)
        starts, ways = np.ascontiguousarray(origins, np.float32).reshape(-1, 3), directions
        simple = not stage.has_glass
        for layer in range(layers + 1):
            shared = starts[0] if len(starts) == 1 else starts
            shape = grid if layer == 0 else None
            if layer > 0 or first is None:
                hits = stage.rays.closest_hit(shared, ways, mask=mask, threads=stage.threads, grid=shape)
            else:
                hits = first
            going = np.empty(len(rows), np.bool_)
            self.each(len(rows), surfaces, rows, starts, ways, hits, hits.part, stage.packed, stage.posed, self.ground,
                      np.float32(spread), points)  # fmt: skip
            final = simple or layer == layers
            self.each(len(rows), kernels.peel, rows, ways, points, paths, self.sky, layer == 0, final, going)
            rows = rows[going]
            if len(rows) == 0:
                break
            starts, ways = _rays(len(rows))
            self.each(len(rows), kernels.onward, rows, points, paths, starts, ways)
        return points, paths

    def points_at(self, origin: F32, directions: F32, hits: Hits, spread: float) -> Records:
        """POINT_DTYPE surfaces, solid all, where rays from `origin` (3,) along unit `directions` (N, 3) hit."""
        stage, count = self.stage, len(directions)
        points = np.zeros(count, POINT_DTYPE)
        self.each(count, surfaces, np.arange(count, dtype=np.int32), origin.reshape(1, 3), directions, hits, hits.part,
                  stage.packed, stage.posed, self.ground, np.float32(spread), points)  # fmt: skip
        points["state"][points["state"] == GLASS] = SOLID
        return points

    def light_up(
        self, points: Records, paths: Records, seed: int, first_bounce: bool, samples: int = 1, blur: float = 0.0
    ) -> None:
        """Find what the sun and the lamps give to the points and, at the first bounce, the mirror rays they want.

        `blur` is the angular radius at least of the lamps in highlights.
        """
        wanted = np.empty(len(points), np.bool_)
        self.each(len(points), kernels.prepare, points, paths, self.sky, np.uint32(seed), samples,
                  self.quality.soft_sun, first_bounce, self.quality.mirrors, wanted)  # fmt: skip
        rows = np.flatnonzero(wanted).astype(np.int32)
        if len(rows):
            starts, ways = _rays(len(rows))
            self.each(len(rows), kernels.sun_rays, rows, points, paths, starts, ways)
            paths["sun_seen"][rows] = ~self._shadowed(starts, ways, np.inf)
        if not self.lamps.dark:
            rays = self.quality.lamp_rays if first_bounce else 1
            most, chances = PER_CELL if first_bounce else FEW_LAMPS, samples if self.quality.soft_sun else 0
            self._lamp_light(points, paths, most, rays, blur, seed, chances)

    def arriving(
        self,
        origins: F32,
        directions: F32,
        spread: float,
        seed: int,
        glow_limit: float,
        blur: float = 0.0,
        per_point: int = 0,
        openness: F32 | None = None,
    ) -> Records:
        """(N,) finished PATH_DTYPE paths of rays `origins`, `directions` (N, 3), without further bounces.

        Emission counts up to `glow_limit` cd/m2, as what shines brighter is small and would turn up as bright dots.
        Highlights of sun and lamps are spread over a radius of `blur` at least. Where `per_point` rays in a row are
        the hemisphere of a point, what they meet is as dark as that is closed, lights itself, and does not shine if it
        is a lamp, whose light comes by another way; or (N,) `openness` says how much of the sky's light it gets, 1 in
        the open.
        """
        points, paths = self.first_points(origins, directions, spread, SEEN | EGO, 2)
        paths["er"] = 1.0 if openness is None else openness
        if per_point:
            self.each(len(directions) // per_point, ambient.how_open, points, paths, per_point)
        self.light_up(points, paths, seed, first_bounce=False, blur=blur)
        lamp_from = LAMP_FROM if per_point else np.inf
        sky = self.sky
        if per_point:
            sky = sky._replace(harmonics=sky.harmonics[HIGH_SKY:] * (kernels.HIGH_BOUNCE / kernels.SECOND_BOUNCE))
        self.each(len(directions), kernels.compose, points, paths, sky, False, np.float32(glow_limit),
                  np.float32(lamp_from), np.float32(blur))  # fmt: skip
        if per_point:
            self.each(len(directions) // per_point, ambient.bounce_among, points, paths, per_point)
        return paths

    def sky_light(self, points: Records, columns: int, seed: int) -> tuple[F32, F32]:
        """Irradiance (N, 3) by sky and surroundings of solid points on a grid of `columns`; zero for others.

        With the bounce also (N,) how close their surroundings are, see `mean_irradiance`; else zero.
        """
        around, closeness = np.zeros((len(points), 3), np.float32), np.zeros(len(points), np.float32)
        solid = np.flatnonzero(points["state"] == SOLID).astype(np.int32)
        if not self.quality.bounce:
            free = self._fan_light(points, solid, columns, around)
            solid, part = closed_regions(len(points), columns, solid, free)
            dim = around[solid]
        rays = self.quality.sky_rays
        per_batch = max(BATCH // rays, 1)
        for first in range(0, len(solid), per_batch):
            rows = solid[first : first + per_batch]
            starts, ways = _rays(len(rows) * rays)
            self.each(len(rows), ambient.hemisphere, rows, points, np.uint32(seed), rays, starts, ways)
            paths = self.arriving(starts, ways, BOUNCE_SPREAD, seed + 1 + first, DIFFUSE_GLOW, DIFFUSE_BLUR, rays)
            self.each(len(rows), ambient.mean_irradiance, rows, paths, rays, around, closeness)
        if not self.quality.bounce:
            around[solid] = dim + part[:, None] * (around[solid] - dim)
            closeness[:] = 0.0  # too few rays, too far from each other for contact shadows
        return around, closeness

    def _fan_light(self, points: Records, rows: I32, columns: int, around: F32) -> F32:
        """Write the irradiance of the points `rows` by what a few rays see of the sky, (R,) which part is returned."""
        fan, weights = fan_of(self.sky, 2 * self.quality.sky_rays)
        hidden, free = np.empty(len(fan) * len(rows), np.bool_), np.empty(len(rows), np.float32)
        seeing, phase = self._above_ground(points, rows), rows // columns % 2 * 2 + rows % columns % 2
        chosen = np.empty(len(hidden), np.int32)
        chosen = chosen[: ambient.list_fan(rows, seeing, phase, fan, chosen)]
        starts, ways = _rays(len(chosen))
        self.each(len(chosen), ambient.fan_rays, chosen, rows, seeing, fan, starts, ways)
        hidden[chosen] = self._shadowed(starts, ways, FAN_REACH_M)
        among = light_among_walls(self.sky, self.stage.atmosphere.snow_depth_m)
        self.each(len(rows), ambient.fan_light, rows, points, seeing, phase, hidden, fan, weights, self.sky, among,
                  around, free)  # fmt: skip
        return free

    def _above_ground(self, points: Records, rows: I32) -> Records:
        """The points; but in place of those of `rows` that face down the ground below, whose light they see."""
        low = rows[points["nz"][rows] < FACES_DOWN]
        starts, ways = np.stack([points[axis][low] for axis in "xyz"], 1), np.zeros((len(low), 3), np.float32)
        starts[:, 2] -= kernels.OFFSET_M
        ways[:, 2] = -1.0
        hits = self.stage.rays.closest_hit(starts, ways, t_max=GROUND_BELOW_M, mask=SEEN | EGO,
                                           threads=self.stage.threads)  # fmt: skip
        met = hits.part >= 0
        if not met.any():
            return points
        # As bytes: numpy copies records field by field, which takes several times as long.
        low, seeing = low[met], points.view(np.uint8).copy().view(points.dtype)
        seeing["z"][low] = starts[met, 2] - hits.t[met]
        for name, value in (("nx", 0.0), ("ny", 0.0), ("nz", 1.0), ("fx", 0.0), ("fy", 0.0), ("fz", 1.0)):
            seeing[name][low] = value
        return seeing

    def finish(self, points: Records, paths: Records, spread: float, seed: int) -> None:
        """Add mirror images and sum all light into the paths, which must hold their sky light."""
        if self.quality.mirrors:
            kind = paths["mirrors"]
            panes = kind == kernels.PANE  # which show lamps themselves: in them lamps make no highlights
            for some, glow_limit in (((kind > 0) & ~panes, DIFFUSE_GLOW), (panes, np.inf)):
                rows = np.flatnonzero(some).astype(np.int32)
                if len(rows):
                    starts, ways = _rays(len(rows))
                    self.each(len(rows), kernels.mirror_rays, rows, paths, starts, ways)
                    openness = np.empty(len(rows), np.float32)
                    self.each(len(rows), kernels.mirrored_openness, rows, points, paths, self.sky.harmonics, openness)
                    others = self.arriving(starts, ways, 4 * spread, seed + 2, glow_limit, openness=openness)
                    self.each(len(rows), kernels.add_mirrored, rows, paths, others)
        else:
            self.each(len(paths), kernels.mirror_sky, points, paths, self.sky)
            if self.sky.sun_lx[1] > 0:
                self._mirror_sun(paths)
        bright = np.float32(np.inf)
        self.each(len(paths), kernels.compose, points, paths, self.sky, True, bright, bright, np.float32(0))

    def _mirror_sun(self, paths: Records) -> None:
        """Add the sun to the paths that see it in a pane: a few, which have a ray each to tell whether it is hidden."""
        rows = np.flatnonzero(paths["mirrors"] == kernels.PANE).astype(np.int32)
        starts, ways = _rays(len(rows))
        self.each(len(rows), kernels.mirror_rays, rows, paths, starts, ways)
        toward = np.flatnonzero(ways @ self.sky.sun_direction > kernels.SUN_COSINE)
        if not len(toward):
            return
        seeing = rows[toward][~self._shadowed(starts[toward], ways[toward], np.inf)]
        for colour, weight, lux in zip(("red", "green", "blue"), ("wr", "wg", "wb"), self.sky.sun_lx, strict=True):
            paths[colour][seeing] += paths[weight][seeing] * (kernels.SUN_RADIANCE * lux)

    def _daylight_at(self, lamps: Records) -> NDArray[np.float64]:
        """(N,) daylight in lux where LAMP_LIGHT_DTYPE `lamps` burn: as far in as they are in tunnels, less.

        That is where they shine. Those of what moves may shine at itself (over a number plate, in a bus): there it
        counts behind them, too.
        """
        scene, free = self.stage.scene, self.sky_seen(lamps["position"] + LAMP_AHEAD_M * lamps["axis"])
        moves = np.isin(lamps["object"], scene.instance_object[scene.instance_moving])
        rows = np.flatnonzero(moves & (free < 1.0))
        free[rows] = np.maximum(free[rows], self.sky_seen((lamps["position"] - LAMP_BEHIND_M * lamps["axis"])[rows]))
        return np.asarray(daylight(self.stage.atmosphere).horizontal_lx * free)

    def sky_seen(self, places: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N,) part of the sky that is seen from places (N, 3); all of it where nothing is overhead."""
        places, free = places.astype(np.float32), np.ones(len(places))
        below = np.flatnonzero(self._shadowed(places, np.tile(UP, (len(places), 1)), ROOF_M))
        fan = sky_fan(self.quality.sky_rays)
        starts, ways = np.repeat(places[below], len(fan), 0), np.tile(fan, (len(below), 1))
        free[below] -= self._shadowed(starts, ways, np.inf).reshape(len(below), len(fan)).mean(1)
        return free

    def sun_seen(self, place: NDArray[np.floating]) -> bool:
        """Whether the middle of what lights the scene, sun or moon, is seen from a place (3,)."""
        if self.sky.sun_lx[1] <= 0:
            return False
        start, way = place.astype(np.float32)[None], self.sky.sun_direction.astype(np.float32)[None]
        return not self._shadowed(start, way, np.inf)[0]

    # --- helpers ----------------------------------------------------------------------------------------------------

    def each(self, count: int, body: Callable[..., None], *arguments: object, chunk: int = 0) -> None:
        """Run a kernel over `count` items on the stage's threads."""
        chunk = chunk or min(max(count // PIECES, SHORTEST_CHUNK), CHUNK)
        parallel_for(lambda start, stop: body(start, stop, *arguments), count, chunk=chunk, threads=self.stage.threads)

    def _shadowed(self, starts: F32, ways: F32, reach: float | F32) -> NDArray[np.bool_]:
        """(R,) whether rays from `starts` (R, 3) along `ways` (R, 3) stop within `reach`."""
        return self.stage.rays.any_hit(starts, ways, t_max=reach, mask=OPAQUE, threads=self.stage.threads)

    def _lamp_light(
        self, points: Records, paths: Records, most: int, kept: int, blur: float, seed: int, samples: int
    ) -> None:
        """Add the light of the `most` strongest lamps to the paths, by `kept` shadow rays: see `lamps_on_points`."""
        count = len(points)
        aims, lights = np.empty((count, kept, 4), np.float32), np.empty((count, kept, 3), np.float32)
        self.each(count, lamps_on_points, points, paths, self.lamps, self.extinction, most, np.float32(blur),
                  np.uint32(seed), samples, aims, lights)  # fmt: skip
        for slot in range(kept):
            rows = np.flatnonzero(aims[:, slot, 3] > 0).astype(np.int32)
            if len(rows):
                (starts, ways), reach = _rays(len(rows)), np.empty(len(rows), np.float32)
                self.each(len(rows), kernels.lamp_rays, rows, points, aims, slot, starts, ways, reach)
                blocked = self._shadowed(starts, ways, reach)
                self.each(len(rows), add_lamp, rows, blocked, slot, lights, paths)


def closed_regions(count: int, columns: int, rows: I32, free: F32) -> tuple[I32, F32]:
    """Those points of a grid whose light comes by bounces, and (C,) what part of it.

    Args:
        count: points of the grid, of so many `columns`. rows: (R,) those that there are. free: (R,) what they see of
            the sky, 0 to 1.
    """
    closed = np.clip(2 - free * np.float32(2 / CLOSED), 0, 1)
    if not closed.any():
        return rows[:0], closed[:0]
    import cv2

    grid = np.zeros((2, count), np.float32)
    grid[0, rows], grid[1, rows] = closed, 1
    about, known = (cv2.boxFilter(of.reshape(-1, columns), -1, (REGION_POINTS, REGION_POINTS)) for of in grid)
    share = (np.asarray(about).ravel()[rows] / np.maximum(np.asarray(known).ravel()[rows], 1e-6)).astype(np.float32)
    part = closed * np.clip((share - REGION[0]) / (REGION[1] - REGION[0]), 0, 1)
    return rows[part > 0], part[part > 0]


@cache
def sky_fan(count: int) -> F32:
    """(count, 3) unit directions spread evenly over the sky, on a spiral with the golden angle; not to be modified."""
    k = np.arange(count) + 0.5
    up, turn = k / count, k * (np.pi * (3 - np.sqrt(5.0)))
    flat = np.sqrt(1 - up * up)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), up], 1).astype(np.float32)


def fan_of(sky: Sky, count: int) -> tuple[F32, F32]:
    """(count, 3) unit directions over the sky, most of them where it is bright, and (count,) luminance each stands for.

    They follow the sky's luminance on a coarse grid (`Sky.table`), in even steps upward and golden ones around.
    """
    rows, columns = FAN_CELLS
    rise = np.sin((np.arange(rows + 1) / rows) ** 2 * (np.pi / 2))
    middles = np.linspace(0, len(sky.table) - 1, 2 * rows + 1)[1::2].astype(int)
    table = sky.table[middles, :: sky.table.shape[1] // columns][..., 1]
    even = np.diff(rise)[:, None] / columns
    bright = table * even
    share = FAN_SHARE * bright / max(bright.sum(), 1e-12) + (1 - FAN_SHARE) * even
    share /= share.sum()
    up = np.interp((np.arange(count) + 0.5) / count, np.append(0.0, share.sum(1).cumsum()), rise)
    row = np.clip(np.searchsorted(rise, up, side="right") - 1, 0, rows - 1)
    around = share[row].cumsum(1)
    chosen = (np.arange(count) * ((3 - np.sqrt(5.0)) / 2) % 1)[:, None] * around[:, -1:]
    column = np.minimum((around <= chosen).sum(1), columns - 1)
    before = around[np.arange(count), column] - share[row, column]
    turn = (column + (chosen[:, 0] - before) / share[row, column]) * (2 * np.pi / columns)
    flat = np.sqrt(1 - up * up)
    fan = np.stack([flat * np.cos(turn), flat * np.sin(turn), up], 1).astype(np.float32)
    return fan, (table * even / share)[row, column].astype(np.float32)


def _rays(count: int) -> tuple[F32, F32]:
    """Room for origins and directions of `count` rays."""
    return np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
