"""Intel Embree straight through its C library: the peer without any Python between two rays.

The library is the one in the `embreex` wheel. A compiled loop fills ray packets and calls `rtcIntersect1`,
`rtcIntersect8` or `rtcIntersect16` (and `rtcOccluded...`) by their addresses. Structures as in `rtcore_ray.h` of
Embree 4: a packet is 21 rows of as many lanes as it has rays. For a closest hit the loop writes the five arrays that
our caster writes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from simulator.numerics.parallel import parallel_for
from simulator.raycast.layout import aligned

F32 = NDArray[np.float32]
U32 = NDArray[np.uint32]
WIDTHS = (1, 8, 16)
COHERENT, ROBUST = 1 << 16, 1 << 2  # RTC_RAY_QUERY_FLAG_COHERENT, RTC_SCENE_FLAG_ROBUST
_ROWS = 21  # 12 of the ray (tfar is row 8), then 9 of the hit (from row 15: u, v, primitive, geometry)
_NONE = 0xFFFFFFFF
_POINTER, _UINT, _INT, _SIZE = ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_size_t


@cache
def _library() -> ctypes.CDLL:
    paths = [Path(str(file.locate())) for file in files("embreex") or [] if ".libs/" in str(file)]
    tbb, embree = (next(path for path in paths if path.name.startswith(f"lib{name}")) for name in ("tbb", "embree4"))
    ctypes.CDLL(str(tbb), ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(str(embree))


def _call(name: str, result: Any, kinds: list[Any], *arguments: Any) -> Any:
    function = getattr(_library(), name)
    function.restype, function.argtypes = result, kinds
    return function(*arguments)


@cache
def _loop(width: int, occluded: bool) -> Callable[..., None]:
    """Kernel that casts rays `start` to `stop` in packets; its function's address is a constant in the machine code."""
    function = getattr(_library(), f"rtc{'Occluded' if occluded else 'Intersect'}{width}")
    function.restype, function.argtypes = None, [_POINTER] * (3 if width == 1 else 4)
    single = width == 1
    near = np.finfo(np.float32).tiny  # 0 < t, as in our own casting: Embree's range includes its ends

    @numba.njit(nogil=True)
    def cast(start, stop, scene, arguments, origins, step, directions, packet, packet_at, valid_at, found):
        bits, far, numbers = packet.view(np.uint32), found[0], found.view(np.uint32)
        for first in range(start, stop, width):
            for lane in range(width):
                ray = min(first + lane, stop - 1)
                for axis in range(3):
                    packet[axis * width + lane] = origins[ray * step + axis]
                    packet[(4 + axis) * width + lane] = directions[ray * 3 + axis]
                packet[3 * width + lane], packet[7 * width + lane], packet[8 * width + lane] = near, 0, np.inf
                bits[9 * width + lane], bits[10 * width + lane], bits[11 * width + lane] = _NONE, 0, 0
                for row in range(17, _ROWS):
                    bits[row * width + lane] = _NONE
            if single:
                function(scene, packet_at, arguments)
            else:
                function(valid_at, scene, packet_at, arguments)
            for lane in range(min(width, stop - first)):
                far[first + lane] = packet[8 * width + lane]
                if not occluded:
                    numbers[1, first + lane] = bits[17 * width + lane]
                    numbers[2, first + lane] = bits[18 * width + lane]
                    found[3, first + lane] = packet[15 * width + lane]
                    found[4, first + lane] = packet[16 * width + lane]

    return cast  # type: ignore[no-any-return]


class Embree:
    """A committed scene of one triangle mesh."""

    def __init__(self, vertices: F32, faces: NDArray[np.int32], threads: int = 0, scene_flags: int = 0) -> None:
        self._vertices = np.zeros((len(vertices) + 1, 3), np.float32)  # Embree reads 16 bytes of the last vertex
        self._vertices[:-1] = vertices
        self._faces = np.ascontiguousarray(faces, np.uint32)
        self._device = _call("rtcNewDevice", _POINTER, [ctypes.c_char_p], f"threads={threads}".encode())
        self._scene = _call("rtcNewScene", _POINTER, [_POINTER], self._device)
        _call("rtcSetSceneFlags", None, [_POINTER, _INT], self._scene, scene_flags)
        mesh = _call("rtcNewGeometry", _POINTER, [_POINTER, _INT], self._device, 0)
        for kind, form, array, count in (
            (1, 0x9003, self._vertices, len(vertices)),  # RTC_BUFFER_TYPE_VERTEX, RTC_FORMAT_FLOAT3
            (0, 0x5003, self._faces, len(faces)),  # RTC_BUFFER_TYPE_INDEX, RTC_FORMAT_UINT3
        ):
            kinds = [_POINTER, _INT, _UINT, _INT, _POINTER, _SIZE, _SIZE, _SIZE]
            _call("rtcSetSharedGeometryBuffer", None, kinds, mesh, kind, 0, form, array.ctypes.data, 0, 12, count)
        _call("rtcCommitGeometry", None, [_POINTER], mesh)
        _call("rtcAttachGeometry", _UINT, [_POINTER, _POINTER], self._scene, mesh)
        _call("rtcReleaseGeometry", None, [_POINTER], mesh)
        _call("rtcCommitScene", None, [_POINTER], self._scene)

    def close(self) -> None:
        """Free the scene."""
        _call("rtcReleaseScene", None, [_POINTER], self._scene)
        _call("rtcReleaseDevice", None, [_POINTER], self._device)

    def cast(
        self,
        origins: F32,
        directions: F32,
        width: int = 1,
        coherent: bool = True,
        any_hit: bool = False,
        threads: int = 1,
    ) -> tuple[F32, U32]:
        """(t, primitive) of each ray, inf and 2^32 - 1 for a miss; any-hit rays have t only, -inf if stopped."""
        count, loop = len(directions), _loop(width, any_hit)
        found = np.empty((1 if any_hit else 5, count), np.float32)
        arguments = aligned(16)
        arguments[:] = 0
        arguments.view(np.uint32)[:2] = COHERENT if coherent else 0, _NONE  # flags, features
        o, d, step = origins.reshape(-1), directions.reshape(-1), 3 if origins.ndim == 2 else 0

        def some(start: int, stop: int) -> None:
            packet, valid = aligned(_ROWS * 16), aligned(16)
            valid.view(np.int32)[:] = -1
            loop(start, stop, self._scene, arguments.ctypes.data, o, step, d, packet, packet.ctypes.data,
                 valid.ctypes.data, found)  # fmt: skip

        chunk = count if threads == 1 else max(512, count // (16 * threads) // 16 * 16)
        parallel_for(some, count, chunk=chunk, threads=threads)
        return found[0], found.view(np.uint32)[-1 if any_hit else 1]
