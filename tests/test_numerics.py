"""Random streams, rigid transforms, joints and the kernel cache against independent computations."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.stats import kstest

from simulator.numerics import se3
from simulator.numerics.bare import bare
from simulator.numerics.counter_rng import hash4, uniform
from simulator.numerics.jit import borrowed, kernel, source_digest
from simulator.numerics.memory import hold, load_float, pointer, store_float
from simulator.numerics.parallel import parallel_for
from simulator.numerics.rng import child_seed, counted, generator, offshoot
from simulator.numerics.trig import sine_cosine
from simulator.scene.articulation import Driver, Joint, joint_rows, joint_transforms
from simulator.scene.classes import class_id, classes

ANGLE = st.floats(-3.1, 3.1)
MASK = 0xFFFFFFFF


def pcg4d(v: list[int]) -> list[int]:
    """The published hash, in plain Python integers."""
    v = [(x * 1664525 + 1013904223) & MASK for x in v]

    def mix(v: list[int]) -> list[int]:
        x, y, z, w = v
        x = (x + y * w) & MASK
        y = (y + z * x) & MASK
        z = (z + x * y) & MASK
        w = (w + y * z) & MASK
        return [x, y, z, w]

    v = [x ^ (x >> 16) for x in mix(v)]
    return mix(v)


@kernel
def hashes(words, out):
    for i in range(words.shape[0]):
        a, b, c, d = hash4(words[i, 0], words[i, 1], words[i, 2], words[i, 3])
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = a, b, c, d


@kernel
def numbered(count, rounds, out):
    """Numbers in memory of its own, while other memory of the size is asked for and given back."""
    own = np.empty(count, np.float32)
    numbers = pointer(own)
    for i in range(count):
        store_float(numbers, i, np.float32(i))
    for k in range(rounds):
        out[:] = np.full(count, np.float32(-k))
    for i in range(count):
        out[i] = load_float(numbers, i)
    hold(own)


@kernel
def uniforms(out):
    for i in range(out.shape[0]):
        a, _, _, _ = hash4(np.uint32(7), np.uint32(i), np.uint32(0), np.uint32(3))
        out[i] = uniform(a)


@pytest.mark.parametrize("count", [8, 200, 1000, 100_000])
def test_what_a_kernel_holds_nobody_else_gets(count: int) -> None:
    out = np.zeros(count, np.float32)
    numbered(count, 3, out)
    assert np.array_equal(out, np.arange(count))


def test_hash4_is_the_published_pcg4d() -> None:
    words = np.random.default_rng(1).integers(0, 2**32, (200, 4), dtype=np.uint32)
    out = np.zeros((200, 4), np.uint32)
    hashes(words, out)
    assert out.tolist() == [pcg4d([int(x) for x in row]) for row in words]


def test_uniforms_are_uniform() -> None:
    out = np.zeros(50_000, np.float32)
    uniforms(out)
    assert out.min() >= 0.0
    assert out.max() < 1.0
    assert kstest(out.astype(float), "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(out[:-1], out[1:])[0, 1]) < 0.02


def test_streams_depend_on_names_only() -> None:
    assert child_seed(7, "actor", 3) == 7174290536481754196  # pinned: equal on every machine, for ever
    assert child_seed(7, "actor", "3") != child_seed(7, "actor", 3)
    first = generator(7, "a").random(4)
    generator(7, "b").random(100)
    assert (generator(7, "a").random(4) == first).all()
    stream = generator(7, "a")
    aside = [offshoot(stream, name).random() for name in ("hat", "hat", "bag")]
    assert aside[0] == aside[1] != aside[2]
    assert (stream.random(4) == first).all()
    assert offshoot(stream, "hat").random() != aside[0]


@given(ANGLE, st.floats(-1.5, 1.5), ANGLE)
@settings(max_examples=50, deadline=None)
def test_rotations_agree_with_scipy(roll: float, pitch: float, yaw: float) -> None:
    ours = se3.from_rpy(roll, pitch, yaw)
    theirs = Rotation.from_euler("ZYX", [yaw, pitch, roll])
    assert np.allclose(ours, theirs.as_matrix(), atol=1e-12)
    for q in (se3.quaternion_from_rotation(ours), se3.quaternion_from_rpy(roll, pitch, yaw)):
        assert q[0] >= 0
        assert np.allclose(se3.rotation_from_quaternion(q), ours, atol=1e-9)
    assert np.allclose(se3.yaw_pitch_roll(ours), (yaw, pitch, roll), atol=1e-9)
    pose = se3.pose((1.0, 2.0, 3.0), roll, pitch, yaw)
    assert np.allclose(se3.inverse(pose) @ pose, np.eye(4), atol=1e-12)


def test_joints_turn_about_their_pivot_and_carry_their_children() -> None:
    steer = Joint((2.7, 0.8, 0.3), (0, 0, 1), Driver.STEER)
    spin = Joint((2.7, 0.8, 0.3), (0, 1, 0), Driver.TRAVEL, gain=1 / 0.3, parent=0)
    rows = joint_rows((steer, spin), 1, 0)
    out = np.zeros((2, 3, 4))
    joint_transforms(rows, np.array([0.0, 0.6]), np.array([0.0, 0.4]), np.zeros(2), out)
    pivot = np.array([2.7, 0.8, 0.3])
    turn = Rotation.from_rotvec([0, 0, 0.4]).as_matrix()
    roll = Rotation.from_rotvec([0, 2.0, 0]).as_matrix()
    point = np.array([2.9, 0.7, 0.5])
    assert np.allclose(out[0, :, :3] @ point + out[0, :, 3], turn @ (point - pivot) + pivot)
    assert np.allclose(out[1, :, :3] @ point + out[1, :, 3], turn @ (roll @ (point - pivot)) + pivot)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_parallel_for_covers_everything_once(threads: int) -> None:
    seen = np.zeros(1001, np.int64)

    def body(start: int, stop: int) -> None:
        seen[start:stop] += 1

    parallel_for(body, len(seen), chunk=64, threads=threads)
    assert (seen == 1).all()


def test_a_parallel_loop_inside_another_does_not_wait_for_itself() -> None:
    program = """
from simulator.numerics.parallel import parallel_for
seen = []
def inner(start, stop):
    seen.extend(range(start, stop))
parallel_for(lambda start, stop: parallel_for(inner, 6, chunk=1, threads=2), 8, chunk=1, threads=2)
assert sorted(seen) == sorted(8 * list(range(6)))
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_part_that_a_dead_branch_calls_too_is_linked(tmp_path: Path) -> None:
    (tmp_path / "linked.py").write_text("""
import math
from simulator.numerics.jit import kernel

@kernel(inner=True)
def shared(x):
    total = 0.0
    for k in range(int(x)):
        total += math.sqrt(total + k)
    return total

@kernel(inner=True)
def first(x):
    return shared(x) + 1.0

@kernel(inner=True)
def second(x):
    return shared(x)

@kernel
def whole(x, given):
    found = 0.0
    if given is None:
        found = first(x)
    return found + second(x)

assert whole(2.0, (1.0,)) == 1.0
""")
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, tmp_path / "linked.py"], check=True, timeout=120, env=environment)


def test_an_edited_callee_changes_the_cached_name_of_its_callers(tmp_path: Path) -> None:
    package = tmp_path / "simulator"
    package.mkdir()
    code = (
        "import sys, simulator; simulator.__path__.append(sys.argv[1])\n"
        "from simulator.numerics.jit import source_digest\nprint(source_digest('simulator.caller_x'))"
    )
    (package / "caller_x.py").write_text(
        "from simulator.numerics.jit import kernel\nfrom simulator.callee_x import f\n"
    )
    digests = []
    for body in ("1", "2"):
        (package / "callee_x.py").write_text(f"from simulator.numerics.jit import kernel\nf = {body}\n")
        done = subprocess.run([sys.executable, "-c", code, str(package)], capture_output=True, text=True, check=True)
        digests.append(done.stdout)
    assert digests[0] != digests[1]
    assert source_digest("simulator.numerics.rng") == source_digest("simulator.numerics.rng")


def test_the_class_table_is_sound() -> None:
    names = [row.name for row in classes()]
    assert len(set(names)) == len(names) <= 256
    assert [class_id(name) for name in names] == list(range(len(names)))
    assert names[0] == "void"
    assert len({row.color for row in classes()}) == len(names)


def _run_kernel(folder: Path, code: str, **environment: str) -> str:
    """Output of `code` in a process of its own that may import what lies in `folder`."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), **environment},
    )
    assert done.stderr == ""
    return done.stdout


def _write_kernel(folder: Path, expression: str) -> None:
    text = f"from simulator.numerics.jit import kernel\n@kernel\ndef double(pair):\n    return {expression}\n"
    (folder / "made.py").write_text(text)


class Pair(NamedTuple):
    """Two arrays, one of them in a tuple."""

    first: NDArray[np.float64]
    nested: tuple[NDArray[np.int64], float]


@kernel(inner=True)
def _add(pair, n):
    pair.first[n] += pair.nested[0][n] * pair.nested[1]


@kernel
def _add_all(pair):
    pair = borrowed(pair)
    for n in range(pair.first.shape[0]):
        _add(pair, n)


def test_what_is_borrowed_is_the_same_and_nobody_owns_it_twice() -> None:
    pair = Pair(np.zeros(3), (np.arange(3), 0.5))
    owners = sys.getrefcount(pair.first), sys.getrefcount(pair.nested[0])
    _add_all(pair)
    np.testing.assert_array_equal(pair.first, [0.0, 0.5, 1.0])
    assert (sys.getrefcount(pair.first), sys.getrefcount(pair.nested[0])) == owners


def test_an_index_that_cannot_be_read_is_compiled_anew(tmp_path: Path) -> None:
    _write_kernel(tmp_path, "2 * pair.a")
    for home in ("before", "after"):  # the argument's type moves to another module
        (tmp_path / f"{home}.py").write_text(
            "from typing import NamedTuple\nclass Pair(NamedTuple):\n    a: float\n    b: float\n"
        )
        code = f"import made\nfrom {home} import Pair\nprint(made.double(Pair(1.5, 2.0)))"
        assert _run_kernel(tmp_path, code, NUMBA_CACHE_DIR=str(tmp_path / "cache")) == "3.0\n"
        (tmp_path / f"{home}.py").unlink()


def test_is_cached_knows_the_present_source(tmp_path: Path) -> None:
    code = "import made\nfrom simulator.numerics.jit import is_cached\n"
    code += "print(is_cached(made.double), made.double(1.5), is_cached(made.double))"
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    _write_kernel(tmp_path, "2 * pair")
    assert _run_kernel(tmp_path, code, **cache) == "False 3.0 True\n"
    assert _run_kernel(tmp_path, code, **cache) == "True 3.0 True\n"
    _write_kernel(tmp_path, "2.0 * pair + 1")
    assert _run_kernel(tmp_path, code, **cache) == "False 4.0 True\n"


def test_kernels_are_compiled_where_numba_is_told_to_compile_nothing(tmp_path: Path) -> None:
    _write_kernel(tmp_path, "np.sort(np.array([pair, 2 * pair]))[1]")
    (tmp_path / "made.py").write_text("import numpy as np\n" + (tmp_path / "made.py").read_text())
    code = "import made\nprint(made.double(1.5), len(made.double.signatures), made.double.py_func(2.0))"
    told = {"NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert _run_kernel(tmp_path, code, **told) == "3.0 1 4.0\n"


def test_processes_that_want_the_same_kernel_compile_it_once(tmp_path: Path) -> None:
    _write_kernel(tmp_path, "2 * pair")
    code = "import made; made.double(1.5); print(sum(made.double.stats.cache_misses.values()))"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": path}
    started = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert sorted(process.communicate()[0] for process in started) == ["0\n", "0\n", "1\n"]


NESTED = """
import numpy as np
from simulator.numerics.jit import kernel

@kernel(inline=True)
def leaf(x, y):
    return x * y

@kernel
def middle(numbers, n):
    total = 0.0
    for k in range(n):
        total += leaf(numbers[k], 2.0)
    if n > 3:
        raise ValueError("too many")
    return total

@kernel
def outer(numbers):
    return middle(numbers, len(numbers)) + middle(numbers, 1)
"""


def test_what_is_compiled_apart_is_compiled_once_for_all_its_callers(tmp_path: Path) -> None:
    """In one process for one caller, in the next for another, which comes from the disk in a third."""
    made = NESTED.replace("@kernel\ndef middle", "@kernel(apart=True)\ndef middle")
    (tmp_path / "made.py").write_text(f"{made}\n@kernel\ndef other(numbers):\n    return 10.0 * middle(numbers, 2)\n")
    code = "import made, numpy as np\nprint({}, [sum(k.stats.cache_misses.values()) for k in (made.middle, made.{})])"
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    outer = code.format("made.outer(np.arange(3.0))", "outer")
    other = code.format("made.other(np.arange(3.0))", "other")
    assert _run_kernel(tmp_path, outer, **cache) == "6.0 [1, 1]\n"
    assert _run_kernel(tmp_path, other, **cache) == "20.0 [0, 1]\n"
    assert _run_kernel(tmp_path, other, **cache) == "20.0 [0, 0]\n"
    wrong = (
        "import made, numpy as np\ntry:\n    made.outer(np.arange(4.0))\nexcept ValueError as error:\n    print(error)"
    )
    assert _run_kernel(tmp_path, wrong, **cache) == "too many\n"


def test_what_kernels_call_is_compiled_with_them_alone(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(NESTED)
    code = "import made, numpy as np\nfrom simulator.numerics.jit import is_cached\n"
    code += "print(made.outer(np.arange(3.0)), *map(is_cached, (made.outer, made.middle)))\n"
    code += "print(sum(made.outer.stats.cache_misses.values()))\n"
    # What a part raises comes out of the whole, just compiled or from the disk. Python may call a part of another.
    code += "try: made.outer(np.arange(4.0))\nexcept ValueError as error: print(error)\n"
    more = "print(made.middle(np.arange(3.0), 2), *map(is_cached, (made.outer, made.middle)))"
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    assert _run_kernel(tmp_path, code, **cache) == "6.0 True False\n1\ntoo many\n"
    assert _run_kernel(tmp_path, code + more, **cache) == "6.0 True False\n0\ntoo many\n2.0 True True\n"


def test_the_second_process_compiles_for_the_first_and_ends_with_it(tmp_path: Path) -> None:
    (tmp_path / "made.py").write_text(
        NESTED + "import os, sys, time\ndef exercise():\n    outer(np.arange(3.0))\n"
        "    open(os.environ['DONE'], 'w').write(str(os.getpid()))\n    time.sleep(60.0)\n"
    )
    done = tmp_path / "done"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "DONE": str(done), "PYTHONPATH": path}
    code = "import made, time\nfrom simulator.numerics import ahead\nahead.available_threads = lambda: 2\n"
    code += "ahead.compile_ahead('made', made.outer)\ntime.sleep(60.0)"
    first = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **cache})
    _await(lambda: done.exists() and done.read_text() != "")
    first.kill()
    first.wait()
    _await(lambda: not _runs(int(done.read_text())))
    code = "import made, numpy as np; made.outer(np.arange(3.0)); print(sum(made.outer.stats.cache_misses.values()))"
    assert _run_kernel(tmp_path, code, **cache) == "0\n"


def test_nothing_is_left_open_when_the_first_process_ends_before_the_second() -> None:
    code = "import time\nfrom simulator.numerics import ahead\nahead.is_cached = lambda last: False\n"
    code += "ahead.available_threads = lambda: 2\nahead.compile_ahead('made', time.sleep)"
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", code]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stderr == ""


def _await(condition: Callable[[], bool], longest_s: float = 60.0) -> None:
    end = time.monotonic() + longest_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_kernels_run_where_nothing_can_be_written(tmp_path: Path) -> None:
    _write_kernel(tmp_path, "2 * pair")
    (tmp_path / "__pycache__").write_text("a file where the folder of caches would be")
    (tmp_path / "home").write_text("no folder either")
    code = "import made\nfrom simulator.numerics.jit import is_cached\nprint(made.double(1.5), is_cached(made.double))"
    nowhere = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home"), "NUMBA_CACHE_DIR": ""}
    assert _run_kernel(tmp_path, code, **nowhere) == "3.0 False\n"


def test_kernels_work_where_the_disk_is_full(tmp_path: Path) -> None:
    _write_kernel(tmp_path, "2 * pair")
    code = "import made, resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\nprint(made.double(1.5))"
    assert _run_kernel(tmp_path, code, NUMBA_CACHE_DIR=str(tmp_path / "cache")) == "3.0\n"
    assert not [path for path in tmp_path.rglob("*.nb*") if path.suffix not in (".nbi", ".lock")]


def test_counted_seeds_are_splitmix64() -> None:
    # The first numbers of Vigna's splitmix64.c (public domain) from the state 1234567.
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert counted(1234567, np.arange(4)).tolist() == known
    assert counted([1, 1234567], [5, 3])[1] == known[3]


class Shelf(NamedTuple):
    """Arrays of all kinds, and one inside another."""

    rows: NDArray[np.void]
    numbers: NDArray[np.float32]
    more: Box


class Box(NamedTuple):
    """What is inside."""

    flags: NDArray[np.bool_]
    cube: NDArray[np.float64]


ROW = np.dtype([("flag", np.bool_), ("a", np.float64), ("ways", np.int64, (3,))])


@kernel(inner=True)
def _put_away(shelf, k):
    row = shelf.rows[k]
    total = 0.0
    for i in range(len(row)):
        total += row[i].a + row[i].ways[1]
        row[i].flag, row[i].ways[2] = True, i
    tail = shelf.numbers[2:]
    for i in range(tail.shape[0]):
        tail[i] += np.float32(1.0)
    shelf.more.flags[k, 1] = shelf.rows[k, 0].flag
    shelf.more.cube[k, 0, 0] = len(shelf.numbers[1:3])
    return total


@kernel
def _use_shelf(shelf, k):
    return _put_away(bare(shelf), k)


def test_bare_arrays_are_the_arrays_themselves() -> None:
    rows = np.zeros((2, 4), ROW)
    rows["a"], rows["ways"] = np.arange(8.0).reshape(2, 4), 10
    shelf = Shelf(rows, np.arange(5, dtype=np.float32), Box(np.zeros((2, 2), np.bool_), np.zeros((2, 1, 1))))
    assert _use_shelf(shelf, 1) == 4 + 5 + 6 + 7 + 40
    assert rows["flag"].tolist() == [[False] * 4, [True] * 4]
    assert rows["ways"][1, :, 2].tolist() == [0, 1, 2, 3] and (rows["ways"][0] == 10).all()
    assert shelf.numbers.tolist() == [0, 1, 3, 4, 5]
    assert shelf.more.flags.tolist() == [[False, False], [False, True]] and shelf.more.cube[1, 0, 0] == 2


@kernel
def _sines(angles, out):
    for i in range(angles.shape[0]):
        out[0, i], out[1, i] = sine_cosine(angles[i])


def test_sine_and_cosine_are_those_of_the_library() -> None:
    for largest in (1.0, 7.0, 1e3, 1e6):
        angles = np.concatenate([np.linspace(-largest, largest, 20001), np.arange(-8, 9) * 0.25 * np.pi])
        out = np.zeros((2, len(angles)))
        _sines(angles, out)
        error = np.abs(out - [np.sin(angles), np.cos(angles)])
        assert (error < 4e-16 + 4.1e-17 * largest).all()
