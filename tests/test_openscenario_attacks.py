"""Files that are made to break a player: each is one line of what is wrong, or is played, in bounded time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_scenario import VEHICLE, catalog, scenario, write

from simulator.errors import InputError
from simulator.pipeline.replay import read_runs
from simulator.storyboard.openscenario import read_openscenario

ORIGIN = '<Position><WorldPosition x="0" y="0"/></Position>'
PLACED = f'<Private entityRef="Ego"><PrivateAction><TeleportAction>{ORIGIN}</TeleportAction></PrivateAction></Private>'
FOLLOW = """<PrivateAction><RoutingAction><FollowTrajectoryAction><TrajectoryRef>{}</TrajectoryRef>
  <TimeReference><Timing domainAbsoluteRelative="relative" scale="1" offset="0"/></TimeReference>
  <TrajectoryFollowingMode followingMode="position"/></FollowTrajectoryAction></RoutingAction></PrivateAction>"""
TRAJECTORY = '<Trajectory name="t" closed="false"><Shape>{}</Shape></Trajectory>'

DECLARATION = '<ParameterDeclaration name="{}" parameterType="double" value="{}"/>'


def clothoid(curvature: float, prime: float, length: float) -> str:
    return f"""<Clothoid curvature="{curvature}" curvaturePrime="{prime}" length="{length}" startTime="0" stopTime="9">
      {ORIGIN}</Clothoid>"""


def nurbs(order: int, points: int, apart: float, *, weight: float = 1.0, knots: list[float] | None = None) -> str:
    inner = [float(k) for k in range(1, points - order + 1)]
    knots = [0.0] * order + inner + [len(inner) + 1.0] * order if knots is None else knots
    controls = (
        f"""<ControlPoint weight="{weight}" time="{i}"><Position><WorldPosition x="{i * apart}" y="{i % 2}"/></Position>
        </ControlPoint>"""
        for i in range(points)
    )
    values = (f'<Knot value="{k:g}"/>' for k in knots)
    return f'<Nurbs order="{order}">{"".join(controls)}{"".join(values)}</Nurbs>'


def polyline(*times: float) -> str:
    vertices = (
        f'<Vertex time="{t}"><Position><WorldPosition x="{i}" y="0"/></Position></Vertex>' for i, t in enumerate(times)
    )
    return f"<Polyline>{''.join(vertices)}</Polyline>"


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (clothoid(0.0, 0.0, -5.0), r'<Clothoid> length="-5" is negative'),
        (nurbs(3, 4, 10.0, weight=-1.0), "<Nurbs> has control points of negative weight, or all of weight 0"),
        (nurbs(3, 4, 10.0, weight=0.0), "<Nurbs> has control points of negative weight, or all of weight 0"),
        (nurbs(3, 4, 10.0, knots=[2.0] * 7), "<Nurbs> has knots that are all 2; they must ascend"),
        (nurbs(3, 4, 10.0, knots=[2, 2, 2, 1, 0, 0, 0]), "<Nurbs> has knots that descend"),
        (nurbs(9, 4, 10.0), "<Nurbs> of order 9 has 4 control points"),
        (
            '<ClothoidSpline><ClothoidSplineSegment curvatureStart="0" curvatureEnd="0" length="-1"/></ClothoidSpline>',
            '<ClothoidSplineSegment> length="-1" is negative',
        ),
    ],
)
def test_a_line_that_cannot_be_is_named(tmp_path: Path, shape: str, message: str) -> None:
    action = FOLLOW.format(TRAJECTORY.format(shape))
    with pytest.raises(InputError, match=r"scenario\.xosc:2\d: " + message):
        read_openscenario(write(tmp_path, scenario(action=action)))


def test_times_that_go_back_are_named(tmp_path: Path) -> None:
    text = scenario(action=FOLLOW.format(TRAJECTORY.format(polyline(0.0, 5.0, 3.0))))
    (warning,) = read_openscenario(write(tmp_path, text)).warnings
    assert warning.endswith(":20: <Polyline>: the time 3 of the vertex in line 20 is before 5, that of the last one")


@pytest.mark.parametrize(
    "shape",
    [
        clothoid(0.0, 0.0, 1e15),
        clothoid(1e9, 1e9, 1e9),
        nurbs(4, 500, 1e12),
        nurbs(40, 60, 10.0),
        polyline(*range(5000)),
        """<ClothoidSpline timeEnd="9"><ClothoidSplineSegment curvatureStart="0" curvatureEnd="0" length="1e14"
        timeStart="0"/></ClothoidSpline>""",
    ],
    ids=("long", "winding", "far", "of high order", "of many corners", "spline"),
)
def test_a_line_of_any_size_is_laid_out_in_bounded_time(tmp_path: Path, shape: str) -> None:
    path = write(tmp_path, scenario(init=PLACED, action=FOLLOW.format(TRAJECTORY.format(shape))))
    (run,) = read_runs(path)
    assert run.play(until=1.5).table[-1].t == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ((("a", "$a"),), 'unknown parameter "$a"'),
        ((("a", "$b"), ("b", "${$a + 1}")), 'unknown parameter "$b"'),
    ],
)
def test_parameters_that_depend_on_themselves_are_refused(
    tmp_path: Path, declared: tuple[tuple[str, str], ...], message: str
) -> None:
    given = "".join(DECLARATION.format(*each) for each in declared)
    text = scenario(declarations=f"<ParameterDeclarations>{given}</ParameterDeclarations>")
    with pytest.raises(InputError) as info:
        read_openscenario(write(tmp_path, text))
    assert f"scenario.xosc:4: {message}" in str(info.value)


def test_a_parameter_that_is_declared_twice_is_named_where_that_matters(tmp_path: Path) -> None:
    for second, count in (("2", 1), ("1", 0)):
        given = DECLARATION.format("a", "1") + DECLARATION.format("a", second)
        text = scenario(declarations=f"<ParameterDeclarations>{given}</ParameterDeclarations>")
        found = read_openscenario(write(tmp_path, text))
        assert [each.value for each in found.parameters] == [float(second)]
        assert [w for w in found.warnings if 'parameter "a" is declared twice' in w] == [*found.warnings]
        assert len(found.warnings) == count


def test_a_trajectory_that_lies_on_itself_is_refused(tmp_path: Path) -> None:
    reference = '<CatalogReference catalogName="Lines" entryName="line"/>'
    vertex = f"""<Vertex><Position><TrajectoryPosition s="1"><TrajectoryRef>{reference}</TrajectoryRef>
      </TrajectoryPosition></Position></Vertex>"""
    line = f'<Trajectory name="line" closed="false"><Shape><Polyline>{vertex * 2}</Polyline></Shape></Trajectory>'
    write(tmp_path, catalog("Lines", line), "Lines.xosc")
    where = '<TrajectoryCatalog><Directory path="."/></TrajectoryCatalog>'
    path = write(tmp_path, scenario(catalogs=where, action=FOLLOW.format(reference)))
    with pytest.raises(InputError, match=r'Lines\.xosc:1: the catalog entry "line" refers to itself'):
        read_openscenario(path)


def test_entities_placed_by_each_other_are_played_with_a_warning(tmp_path: Path) -> None:
    by = """<Private entityRef="{}"><PrivateAction><TeleportAction><Position>
      <RelativeObjectPosition entityRef="{}" dx="5" dy="0"/></Position></TeleportAction></PrivateAction></Private>"""
    other = f'<ScenarioObject name="Other">{VEHICLE.format(name="car")}</ScenarioObject>'
    path = write(tmp_path, scenario(entities=other, init=by.format("Ego", "Other") + by.format("Other", "Ego")))
    (run,) = read_runs(path)
    found = run.play(until=0.1)
    assert any("is placed relative to" in warning for warning in found.warnings)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_any_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    name = "Straße am Übergang"
    text = scenario().replace('name="act"', f'name="{name}"').removeprefix('<?xml version="1.0"?>\n')
    if encoding == "utf-16-le":
        text = "\N{BYTE ORDER MARK}" + text
    (tmp_path / "scenario.xosc").write_bytes(text.encode(encoding))
    assert read_openscenario(tmp_path / "scenario.xosc").storyboard.stories[0].acts[0].name == name


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            scenario().replace('name="act"', 'name="ac\xe9"').encode("latin-1"),
            r":17: not well-formed XML: Invalid bytes",
        ),
        (b"\0" * 5000, "not well-formed XML"),
        (b" " * (65 * 2**20), r"is 65 MB large; at most 64 MB are accepted"),
        (scenario().replace("<Entities>", "<Entities>" + " " * 20_000_000).encode(), ":7: not well-formed XML"),
        (b" \n", r"is empty; give an OpenSCENARIO file"),
    ],
    ids=("bytes of another encoding", "zeros", "too large", "much white space", "nothing"),
)
def test_bytes_that_are_no_scenario_are_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "scenario.xosc"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"scenario\.xosc.*" + message) as info:
        read_openscenario(path)
    assert "\n" not in str(info.value)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    itself, pipe, zeros = (tmp_path / f"{name}.xosc" for name in ("itself", "pipe", "zeros"))
    itself.symlink_to(itself)
    os.mkfifo(pipe)
    zeros.symlink_to("/dev/zero")
    for path, message in ((itself, "cannot be read"), (pipe, "not a regular file"), (zeros, "not a regular file")):
        with pytest.raises(InputError, match=rf"{path.name}: .*{message}"):
            read_openscenario(path)


@pytest.mark.parametrize("text", ["1_000", "１２", "0x10", "10,5", "10 m/s", "1e400", ""])
def test_what_xml_schema_does_not_take_for_a_number_is_none(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, scenario().replace('Speed value="10"', f'Speed value="{text}"'))
    with pytest.raises(InputError, match=r'scenario\.xosc:22: <AbsoluteTargetSpeed> value=".*" is not a finite number'):
        read_openscenario(path)


def test_who_has_no_road_to_follow_stands_still_and_is_named(tmp_path: Path) -> None:
    (run,) = read_runs(write(tmp_path, scenario(init=PLACED)))  # as esmini has it
    found = run.play(until=3.0)
    assert found.table[-1].x == 0.0
    assert [*found.warnings] == ["Ego stands still: there are no roads that it may follow"]


@pytest.mark.parametrize("rate", ["", "INF", "-1", "0"])
def test_speeds_one_after_the_other_without_a_limit_of_jerk_lie_on_straight_lines(tmp_path: Path, rate: str) -> None:
    limits = f'maxAccelerationRate="{rate}" maxDecelerationRate="{rate}"' if rate else ""
    action = f"""<PrivateAction><LongitudinalAction><SpeedProfileAction followingMode="follow">
      <DynamicConstraints {limits}/><SpeedProfileEntry speed="10" time="2"/><SpeedProfileEntry speed="2" time="3"/>
      </SpeedProfileAction></LongitudinalAction></PrivateAction>"""
    roads = f'<LogicFile filepath="{Path(__file__).parent / "storyboards/two_roads.xodr"}"/>'
    (run,) = read_runs(write(tmp_path, scenario(roads=roads, init=PLACED, action=action)))
    speeds = [row.speed for row in run.play(until=6.5).of("Ego")]
    start = next(k for k, speed in enumerate(speeds) if speed > 0.0)  # at the end of the first step
    assert speeds[start] == pytest.approx(0.25, abs=1e-3)
    assert speeds[start + 39] == pytest.approx(10.0, abs=1e-3)
    assert speeds[start + 69] == pytest.approx(10.0 - 1.5 * 8.0 / 3.0, abs=1e-3)
    assert len([w for w in run.warnings if "is not above 0; what the entity can do is the limit" in w]) == (
        2 if rate in ("0", "-1") else 0
    )
