"""Camera geometry against OpenCV, and rigs against the published calibrations."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from simulator.errors import InputError
from simulator.numerics import se3
from simulator.sensors.camera import Camera
from simulator.sensors.optics import CameraModel
from simulator.sensors.rig import load_rig

K = np.array([[721.5, 0, 609.5], [0, 715.0, 172.8], [0, 0, 1]])
LENSES = [(0, 0, 0, 0, 0), (-0.29, 0.09, 0.0008, -0.0005, -0.01), (0.12, -0.2, -0.001, 0.002, 0.05)]


@pytest.mark.parametrize("lens", LENSES)
def test_project_equals_opencv(lens: tuple[float, ...]) -> None:
    points = np.random.default_rng(1).uniform([-4, -2, 5], [4, 2, 40], (500, 3))
    expected, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, np.array(lens, np.float64))
    np.testing.assert_allclose(CameraModel.of(1242, 375, K, lens).project(points), expected[:, 0], atol=1e-9)


@pytest.mark.parametrize("lens", LENSES)
def test_rays_equal_opencv_undistortion(lens: tuple[float, ...]) -> None:
    camera = CameraModel.of(1242, 375, K, lens)
    v, u = np.mgrid[0:375:37, 0:1242:61]
    pixels = np.stack([u, v], -1).reshape(-1, 1, 2).astype(np.float64)
    rays = camera.rays()[v.ravel(), u.ravel()].astype(np.float64)
    lens_array = np.array(lens, np.float64)
    np.testing.assert_allclose(rays[:, :2], cv2.undistortPoints(pixels, K, lens_array)[:, 0], atol=4e-3)  # 5 steps only
    back, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), K, lens_array)
    np.testing.assert_allclose(back, pixels, atol=2e-4)
    np.testing.assert_array_equal(rays[:, 2], 1)


def test_strong_published_lens_round_trip() -> None:
    """The SeeingThroughFog stereo camera: k1 = -0.567575."""
    camera = CameraModel.of(
        1920, 1024, [[2612.86, 0, 966.525], [0, 2612.86, 508.297], [0, 0, 1]], [-0.567575, 0, 0, 0, 0]
    )
    rays = camera.rays()[::64, ::64].reshape(-1, 3)
    v, u = np.mgrid[0:1024:64, 0:1920:64]
    np.testing.assert_allclose(camera.project(rays), np.stack([u, v], -1).reshape(-1, 2), atol=1e-3)


def test_behind_the_camera_is_infinity() -> None:
    uv = CameraModel.of(100, 100, K).project([[0, 0, -1], [0, 0, 0], [0, 0, 2]])
    assert np.isinf(uv[:2]).all() and np.isfinite(uv[2]).all()


def test_kitti_rig_has_the_geometry_of_its_calibration() -> None:
    rig = load_rig("kitti")
    camera, lidar = rig["front"], rig["top"]
    assert isinstance(camera, Camera) and camera.model.width == 1242
    velo_to_cam = np.eye(4)
    velo_to_cam[:3] = [
        [0.007533745, -0.9999714, -0.000616602, -0.004069766],
        [0.01480249, 0.0007280733, -0.9998902, -0.07631618],
        [0.9998621, 0.00752379, 0.01480755, -0.2717806],
    ]
    rectify = np.eye(4)
    rectify[:3, :3] = [
        [0.9999239, 0.00983776, -0.007445048],
        [-0.009869795, 0.9999421, -0.004278459],
        [0.007402527, 0.004351614, 0.9999631],
    ]
    p2 = np.array([[721.5377, 0, 609.5593, 44.85728], [0, 721.5377, 172.854, 0.2163791], [0, 0, 1, 0.002745884]])
    points = np.random.default_rng(2).uniform([5, -5, -1], [40, 5, 1], (50, 3))
    homogeneous = p2 @ rectify @ velo_to_cam @ np.concatenate([points.T, np.ones((1, 50))])
    camera_SE3_lidar = se3.inverse(camera.ego_SE3_sensor) @ lidar.ego_SE3_sensor
    ours = camera.model.project(se3.apply(camera_SE3_lidar, points))
    np.testing.assert_allclose(ours, (homogeneous[:2] / homogeneous[2]).T, atol=0.15)
    assert camera.ego_SE3_sensor[2, 3] == pytest.approx(1.65)
    assert lidar.ego_SE3_sensor[2, 3] == pytest.approx(1.73, abs=0.01)


def test_nuscenes_rig() -> None:
    rig = load_rig("nuscenes")
    assert len(rig) == 7
    back = rig["CAM_BACK"].ego_SE3_sensor
    expected = se3.rotation_from_quaternion([0.5037872666, -0.4974024978, -0.4941850223, 0.5045498097])
    np.testing.assert_allclose(back[:3, :3], expected, atol=1e-6)
    np.testing.assert_allclose(back[:3, 3], [0.0283260, 0.0034514, 1.5791035], atol=1e-5)


def test_unknown_rig_names_the_nearest() -> None:
    with pytest.raises(InputError, match='Did you mean "kitti"'):
        load_rig("kiti")
