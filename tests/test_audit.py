"""Statistics of pictures against pictures whose statistics are known, and against those measured on real ones."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.audit.images import compare, find_pictures, flat_noise, image_statistics, measure, spectrum_slope
from simulator.audit.weathers import weathers
from simulator.cli import app
from simulator.errors import InputError


def grey(level: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(level), 0, 255).astype(np.uint8)[..., None].repeat(3, -1)


@pytest.mark.parametrize("exponent", [0.0, -2.0, -3.0])
def test_the_slope_of_a_spectrum_is_found(exponent: float) -> None:
    rng = np.random.default_rng(4)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(512), np.fft.fftfreq(512), indexing="ij"))
    frequency[0, 0] = 1.0
    field = np.fft.ifft2(np.fft.fft2(rng.normal(size=(512, 512))) * frequency ** (exponent / 2)).real
    assert spectrum_slope(field[60:450]) == pytest.approx(exponent, abs=0.1)


def test_noise_of_a_flat_grey_is_that_which_was_added() -> None:
    rng = np.random.default_rng(5)
    level = 120.0 + rng.normal(0, 0.5, (200, 300))
    # 0.8: mean over standard deviation of the absolute value of normal numbers
    assert flat_noise(level, np.zeros_like(level)) == pytest.approx(0.8 * 0.5, rel=0.03)
    ramp = level + np.linspace(0, 90, 300)  # a slope is no noise
    assert flat_noise(ramp, np.full_like(level, 0.3)) == pytest.approx(0.8 * 0.5, rel=0.03)
    assert flat_noise(np.full((20, 20), 255.0), np.zeros((20, 20))) == 0.0


def test_a_ramp_has_its_gradient_and_nothing_else() -> None:
    found = image_statistics(grey(np.linspace(10, 138, 129)[None].repeat(60, 0)))
    assert found["grad_mean"] == pytest.approx(1.0, abs=0.02)
    assert found["sat_mean"] == 0.0 and found["clipped_white"] == 0.0
    assert found["luma_q"][3] == 74.0


def test_saturation_and_clipping_are_shares() -> None:
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:10] = 255
    picture[10:30] = (0, 0, 200)
    found = image_statistics(picture)
    assert found["clipped_white"] == 0.25 and found["clipped_black"] == 0.25
    assert found["sat_mean"] == pytest.approx(127.5)


def test_pictures_of_a_dataset_are_found_and_others_are_not(tmp_path: Path) -> None:
    for name in ("kitti/training/image_2/000000.png", "kitti/training/semantic/000000.png", "scene.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((32, 32, 3), np.uint8))
    assert [path.parent.name for path in find_pictures(tmp_path)] == ["image_2"]
    unfinished = tmp_path / "new" / ".oddroad" / "scenes"
    unfinished.mkdir(parents=True)
    (unfinished / "0.png").write_bytes(b"")
    with pytest.raises(InputError, match="no pictures"):
        find_pictures(tmp_path / "new")
    (tmp_path / "kitti/training/image_2/000001.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"000001\.png: is no picture"):
        list(measure(find_pictures(tmp_path)))
    with pytest.raises(InputError, match="no such folder"):
        find_pictures(tmp_path / "nowhere")


def test_the_command_compares_and_says_what_departs(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    for k in range(4):  # all of one name, as datasets have them
        scene = cv2.GaussianBlur(rng.normal(120, 400, (96, 128)), (0, 0), 4)
        (tmp_path / f"scene-{k}").mkdir()
        cv2.imwrite(str(tmp_path / f"scene-{k}/000000.png"), grey(scene))
    run = CliRunner().invoke(app, ["audit", "images", str(tmp_path), "--out", str(tmp_path / "own.json")])
    assert run.exit_code == 0 and "4 pictures" in run.output, run.output
    run = CliRunner().invoke(app, ["audit", "images", str(tmp_path), "--against", str(tmp_path / "own.json")])
    assert run.exit_code == 0 and "100 %" in run.output
    rows = json.loads((tmp_path / "own.json").read_text())
    for row in rows["camera"].values():
        row["grad_mean"] += 50
    (tmp_path / "own.json").write_text(json.dumps(rows))
    run = CliRunner().invoke(app, ["audit", "images", str(tmp_path), "--against", str(tmp_path / "own.json")])
    assert run.exit_code == 1 and run.output.count("out") == 1
    (tmp_path / "bad.json").write_text("[]")
    assert (
        CliRunner().invoke(app, ["audit", "images", str(tmp_path), "--against", str(tmp_path / "bad.json")]).exception
    )


def test_spreads_count_what_lies_inside() -> None:
    names = ("grad_mean", "spectrum_slope", "noise_sigma_flat", "sat_mean", "clipped_white")
    ours = [dict.fromkeys(names, float(k)) for k in range(10)]
    reference = [dict.fromkeys(names, 2.0), dict.fromkeys(names, 6.0)]
    assert {spread.inside for spread in compare(ours, reference)} == {0.5}
    assert all(spread.fits for spread in compare(ours))


def test_pictures_are_judged_by_weather_where_scenes_say_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    (tmp_path / "scenes").mkdir()
    lines = {
        "000000": "weather: {cloud_oktas: 8}",
        "000001": "weather: {rain_mm_h: 5}",
        "000002": "weather: {visibility_m: 200}",
        "000003": "weather: {snow_depth_mm: 20}",
        "000004": "weather: {rain_mm_h: 5}",
    }
    for scene, weather in lines.items():
        clock = "23:00" if scene == "000004" else "12:00"
        text = f"time: {{date: 2025-03-20, clock_h: '{clock}'}}\nroad: {{kind: straight}}\n{weather}\n"
        (tmp_path / f"scenes/{scene}.yaml").write_text(text)
        (tmp_path / f"coco/images/{scene}/front").mkdir(parents=True)
        picture = cv2.GaussianBlur(rng.normal(120, 400, (96, 128)), (0, 0), 4 if scene == "000000" else 9)
        cv2.imwrite(str(tmp_path / f"coco/images/{scene}/front/000000.png"), grey(picture))
    found = weathers(tmp_path, find_pictures(tmp_path))
    assert list(found.values()) == ["fair", "rain", "fog", "snow", "night"]
    kitti = tmp_path / "kitti/training"
    for folder in ("image_2", "frames"):
        (kitti / folder).mkdir(parents=True)
    (kitti / "frames/000000.json").write_text('{"scene": "000003"}')
    assert list(weathers(tmp_path, [kitti / "image_2/000000.png"]).values()) == ["snow"]
    assert weathers(tmp_path, [tmp_path / "elsewhere.png"]) == {}
    fair = {"camera": dict(measure(find_pictures(tmp_path / "coco/images/000000")))}
    (tmp_path / "fair.json").write_text(json.dumps(fair))
    (kitti / "frames/000000.json").unlink()
    (kitti / "frames").rmdir()
    (kitti / "image_2").rmdir()
    run = CliRunner().invoke(app, ["audit", "images", str(tmp_path), "--against", str(tmp_path / "fair.json")])
    assert run.exit_code == 3 and "fair weather: within the reference" in run.output
    assert "all weathers: out in grad_mean" in run.output and "rain (1)" in run.output
    for row in fair["camera"].values():
        row["grad_mean"] += 50
    (tmp_path / "fair.json").write_text(json.dumps(fair))
    run = CliRunner().invoke(app, ["audit", "images", str(tmp_path), "--against", str(tmp_path / "fair.json")])
    assert run.exit_code == 1 and "fair weather: out in grad_mean" in run.output
