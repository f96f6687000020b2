"""Stand-ins for the renderer, a sensor and a format, for tests that judge the pipeline alone.

Worker processes import this module, which registers the stand-ins there; in pytest's own process `registered` does so
for the length of a test.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from simulator.errors import InputError
from simulator.export.base import Format, SceneInfo, SceneWriter, place
from simulator.numerics.rng import generator
from simulator.pipeline import generate
from simulator.scenario import family
from simulator.scenario.distributions import Quantity
from simulator.scenario.family import Family
from simulator.scenario.models import Scenario


@contextlib.contextmanager
def registered(*members: type[Family]) -> Iterator[None]:
    """The members are known inside of the block only, so that other tests do not meet them."""
    for cls in members:
        family._REGISTRY.setdefault(cls.family, {})[cls.kind] = cls
    yield
    for cls in members:
        family._REGISTRY[cls.family].pop(cls.kind)


def forget(*members: type[Family]) -> None:
    """Undo the registration that came with the import."""
    for cls in members:
        family._REGISTRY.get(cls.family, {}).pop(cls.kind, None)


class ClockSensor(Family, family="sensors", kind="test_clock"):
    """Has a rate, and nothing else."""

    rate_hz: Annotated[float, Quantity("Hz", ge=0.1, le=100.0)] = 10.0


class Lines(Format, kind="test_lines"):
    """A file a frame, and an index."""

    def open(self, folder: Path, scene: SceneInfo) -> SceneWriter:
        return LineWriter(folder, scene)

    def merge(self, shards: Sequence[Path], out: Path) -> None:
        names = []
        for number, shard in enumerate(shards):
            for file in sorted(shard.glob("*.bin")):
                names.append(f"{number:03d}-{file.name}")
                place(file, out / names[-1])
        (out / "index.json").write_text(json.dumps(names))


class LineWriter(SceneWriter):
    def __init__(self, folder: Path, scene: SceneInfo) -> None:
        self.folder, self.scene = folder, scene

    def write(self, frame: Any) -> None:
        (self.folder / f"{frame.index:03d}.bin").write_bytes(frame.content)

    def close(self) -> None:
        (self.folder / "facts.json").write_text(json.dumps(dict(self.scene.attributes)))


@dataclass(frozen=True)
class FakeFrame:
    index: int
    content: bytes


def fake_render(scenario: Scenario, *, quality: str = "standard") -> Iterator[FakeFrame]:
    """Three frames of noise that depend on the scenario only; ODDROAD_TEST_SLEEP slows it down."""
    if scenario.about == "fails":
        raise InputError("cannot be built", source="a map")
    if scenario.about == "breaks":
        raise ZeroDivisionError("a bug")
    if scenario.about == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    for index in range(3):
        time.sleep(float(os.environ.get("ODDROAD_TEST_SLEEP", "0")))
        rng = generator(scenario.seed or 0, "noise", index, str(scenario.traffic.vehicles), quality)
        yield FakeFrame(index, rng.bytes(1000))


def scenario(**keys: Any) -> Scenario:
    rig = {"clock": {"kind": "test_clock"}}
    vehicles = {"integer": [0, 1000]}
    return Scenario.model_validate({"rig": rig, "traffic": {"vehicles": vehicles}, "duration_s": 0.3, **keys})


def make(
    out: Path, count: int = 4, about: str = "", scenarios: list[tuple[str, Scenario]] | None = None, **options: Any
) -> Path:
    """A small dataset of the stand-ins."""
    given = [("some.yaml", scenario(about=about))] if scenarios is None else scenarios
    options = {"formats": ["test_lines"], "render": fake_render, "seed": 5, **options}
    return generate(given, out, scenes=count, **options)
