"""A camera: what it sees as linear light, an 8-bit picture, depth and labels, all from the same rays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from simulator.numerics.rng import child_seed
from simulator.scenario.distributions import Quantity
from simulator.scene.snapshot import CAMERAS
from simulator.sensors.base import Sensor
from simulator.sensors.optics import CameraModel

if TYPE_CHECKING:
    from simulator.sensors.shading.film import Exposure
    from simulator.sensors.stage import Stage

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

Pixels = Annotated[int, Quantity("px", ge=8, le=8192, whole=True)]
PixelLength = Annotated[float, Quantity("px", ge=4.0, le=100_000.0)]
PixelPlace = Annotated[float, Quantity("px", ge=-10_000.0, le=20_000.0)]
Coefficient = Annotated[float, Quantity("", ge=-10.0, le=10.0)]

# Columns: the optical frame's axes (x right, y down, z forward) in the mount's (x forward, y left, z up).
MOUNT_SE3_OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])

PIXEL_M = 4.5e-6  # pitch of the pixels, see `Camera.full_well_e`
PREVIEW_GLARE = 4  # pixels: side of the squares whose light the lens scatters, in preview


@dataclass(frozen=True, slots=True, eq=False)
class CameraFrame:
    """One picture.

    Attributes:
        name: of the sensor, filled in by whoever knows it.
        time_ns: on the drive's clock.
        camera: geometry.
        world_SE3_camera: (4, 4) pose of the optical frame.
        rgb: (H, W, 3) uint8 sRGB.
        radiance: (H, W, 3) float32 linear light before lens and sensor, cd/m2 by channel of linear sRGB.
        depth: (H, W) float32 metres along the optical axis through pixel centres, inf where there is only sky.
        object: (H, W) int32 object ids, 0 for none. A window belongs to its object.
        semantic: (H, W) uint8 class ids.
        exposure: what the automatic exposure chose.
    """

    name: str
    time_ns: int
    camera: CameraModel
    world_SE3_camera: F64
    rgb: NDArray[np.uint8]
    radiance: F32
    depth: F32
    object: NDArray[np.int32]
    semantic: NDArray[np.uint8]
    exposure: Exposure


class Camera(Sensor, kind="camera"):
    """A pinhole camera with Brown-Conrady distortion and automatic exposure.

    Defaults are those of a car's colour camera: 1/2" sensor, f/1.8, 20 ms, 36 dB.
    """

    width: Pixels = 1242
    """Columns."""
    height: Pixels = 375
    """Rows."""
    fx: PixelLength = 721.5377
    """Focal length in columns."""
    fy: PixelLength = 721.5377
    """Focal length in rows."""
    cx: PixelPlace = 609.5593
    """Column of the optical axis; pixel centres are at whole numbers."""
    cy: PixelPlace = 172.854
    """Row of the optical axis."""
    k1: Coefficient = 0.0
    """Radial distortion, r^2."""
    k2: Coefficient = 0.0
    """Radial distortion, r^4."""
    p1: Coefficient = 0.0
    """Tangential distortion."""
    p2: Coefficient = 0.0
    """Tangential distortion."""
    k3: Coefficient = 0.0
    """Radial distortion, r^6."""
    f_number: Annotated[float, Quantity("", ge=0.7, le=32.0)] = 1.8
    """Focal length over aperture."""
    exposure_max_ms: Annotated[float, Quantity("ms", ge=0.01, le=1000.0)] = 20.0
    """Longest exposure time."""
    iso_max: Annotated[float, Quantity("ISO", ge=100.0, le=409_600.0)] = 6400.0
    """Highest sensitivity; together with aperture and time it says how dark a night stays."""
    exposure_target: Annotated[float, Quantity("", ge=0.02, le=0.95)] = 0.36
    """Code (0 to 1) of the mean brightness that the automatic exposure aims at, before it looks at the highlights."""
    shadow_shift_most: Annotated[float, Quantity("", ge=0.0, le=0.5)] = 0.025
    """By how much the image processor may pull shadows down that haze and glare have lifted, in parts of saturation;
    0: it leaves them. Cameras lie between the 0.0076 of libcamera's `rpi.contrast` and the 0.07 of phones (S. W.
    Hasinoff et al., "Burst photography for high dynamic range and low-light imaging on mobile cameras", 2016)."""
    full_well_e: Annotated[float, Quantity("e", ge=100.0, le=1e6)] = 30_000.0
    """Electrons of a pixel that saturates at ISO 100, that is by 0.78 lx s (ISO 12232): on 4.5 um, with 1e16 photons a
    lumen second of white light and a fifth of them detected behind a colour filter. It sets the noise at any ISO."""
    dark_noise_e: Annotated[float, Quantity("e", ge=0.0, le=1000.0)] = 3.0
    """Standard deviation of a pixel in the dark, electrons."""
    glass_mm: Annotated[float, Quantity("mm", ge=0.0, le=2000.0)] = 80.0
    """Distance of the windscreen before the lens, on which rain leaves drops that a wiper takes away; 0: none."""
    vignetting: Annotated[float, Quantity("", ge=0.0, le=8.0)] = 1.0
    """Exponent n of the illuminance over the angle off the axis, cos^n: 4 for a plain lens, about 1 for the retrofocus
    lenses of car cameras, 0 for none."""
    lens_blur: Annotated[float, Quantity("px", ge=0.0, le=20.0)] = 0.54
    """Standard deviation of the spot of a point, in pixels: diffraction, aberrations, the pixel itself."""
    lateral_colour: Annotated[float, Quantity("px", ge=0.0, le=20.0)] = 0.4
    """Distance between the red and the blue picture in the corners (lateral chromatic aberration), in pixels."""
    line_time_us: Annotated[float, Quantity("us", ge=0.0, le=1000.0)] = 0.0
    """Rolling shutter: a row is read out so much later than the one above; 0: global shutter. The time of a picture is
    that of its middle row."""
    jpeg_quality: Annotated[int, Quantity("", ge=1, le=100, whole=True)] | None = None
    """The picture has been through a JPEG file of this quality (libjpeg's scale); null: it has not."""

    @cached_property
    def model(self) -> CameraModel:
        """Geometry."""
        matrix = np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1]])
        return CameraModel.of(self.width, self.height, matrix, [self.k1, self.k2, self.p1, self.p2, self.k3])

    @cached_property
    def _falloff(self) -> F32:
        from simulator.sensors.shading.lens import falloff

        return falloff(self.model, self.vignetting)

    @property
    def ego_SE3_sensor(self) -> F64:
        """(4, 4) pose of the optical frame in the ego frame."""
        return np.asarray(self.ego_SE3_mount @ MOUNT_SE3_OPTICAL)

    def sense(self, stage: Stage, time_ns: int, seed: int, quality: str) -> CameraFrame:
        """Take a picture of the stage at `time_ns`; see `Sensor.sense`."""
        from simulator.sensors.shading import film
        from simulator.sensors.shading.glare import add_glare, add_streaks, veil_beside
        from simulator.sensors.shading.lens import through_lens
        from simulator.sensors.shading.motion import image_velocity, in_motion
        from simulator.sensors.shading.picture import owners_of, take_picture
        from simulator.sensors.shading.precipitation import add_precipitation
        from simulator.sensors.shading.windscreen import rain_on_glass
        from simulator.sensors.sky import white_lx

        stage.at(time_ns, CAMERAS)
        world_SE3_camera = stage.world_SE3_ego() @ self.ego_SE3_sensor
        local_SE3_camera = world_SE3_camera.copy()
        local_SE3_camera[:3, 3] -= stage.scene.origin
        picture, transport = take_picture(stage, self.model, local_SE3_camera, child_seed(seed, "light"), quality)
        free = np.float32(transport.sky_seen(local_SE3_camera[None, :3, 3])[0])
        daylight_rgb = free * white_lx(transport.sky, stage.atmosphere)
        daylight_rgb *= film.misjudged(stage.drive_seed)
        exposure = self._expose(stage, time_ns, picture.radiance, daylight_rgb)
        line_s = self.line_time_us * 1e-6
        if quality != "preview":
            span_s = max(exposure.time_s, self.height * line_s)
            velocity = image_velocity(stage, picture, self.model, self.ego_SE3_sensor, time_ns, span_s)
            picture = in_motion(picture, velocity, exposure.time_s, line_s, stage.threads)
        focal_m, falling = self.fx * PIXEL_M, child_seed(seed, "precipitation")
        aperture_m = focal_m / self.f_number
        radiance = add_precipitation(
            picture, transport, self.model, local_SE3_camera, exposure.time_s, aperture_m, falling
        )
        through = rain_on_glass(radiance, stage, self.fx, self.f_number, focal_m, self.glass_mm / 1000, exposure.time_s)
        side = PREVIEW_GLARE if quality == "preview" else 2
        toward_sun = local_SE3_camera[:3, :3].T @ transport.sky.sun_direction
        veil = veil_beside(self.model, toward_sun, transport.sky.sun_lx)
        if veil is not None and not transport.sun_seen(local_SE3_camera[:3, 3]):
            veil = None
        light = add_glare(through, self.fx, stage.threads, side, veil)
        if quality != "preview":
            if self.glass_mm > 0.0:
                light = add_streaks(light, exposure.white_cd_m2, self.fx, stage.drive_seed)
            light = through_lens(light, self.model, self.lens_blur, self.lateral_colour, exposure.white_cd_m2)
        rgb = film.picture_of(
            light,
            self._falloff,
            exposure,
            self.full_well_e,
            self.dark_noise_e,
            child_seed(seed, "noise"),
            stage.threads,
            mosaic=quality != "preview",
        )
        if self.jpeg_quality is not None:
            rgb = film.jpeg_coded(rgb, self.jpeg_quality)
        objects, classes = owners_of(stage, picture.instance)
        return CameraFrame(
            "",
            time_ns,
            self.model,
            world_SE3_camera,
            rgb,
            radiance,
            picture.depth,
            objects,
            classes,
            exposure,
        )

    def _expose(self, stage: Stage, time_ns: int, radiance: F32, daylight_rgb: F32) -> Exposure:
        """The exposure at `time_ns`: at first what is metered, then on from that of the stage's picture before."""
        from simulator.sensors.shading import film

        longest = self.exposure_max_ms / 1000
        limits = self.f_number, longest, self.iso_max
        exposure = film.meter(radiance, daylight_rgb, self.exposure_target, *limits, self.shadow_shift_most)
        before_ns, before = stage.memory.get(self, (time_ns, exposure))
        if before_ns <= time_ns:
            exposure = film.settled(before, exposure, (time_ns - before_ns) * 1e-9, self.f_number, longest)
        stage.memory[self] = time_ns, exposure
        return exposure
