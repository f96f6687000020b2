"""Kernels of look-ups in the ground plan: which triangles and quads lie at a point.

Both look into square cells of the plane: cell k holds the shapes `members[first[k]:first[k + 1]]`, and k counts the
cells of `shape` (2,) from `origin` (2,), row by row along y.
"""

from __future__ import annotations

import numpy as np

from simulator.numerics.jit import kernel


@kernel(fastmath=False)
def highest(origin, cell_m, shape, first, members, edges, planes, xy, near_z, tolerance, z, found):
    """The topmost triangle at each point of xy (N, 2), or the one nearest to near_z (N,) where that is given.

    Args:
        edges: (T, 3, 3) x, y, 1 coefficients of the signed distances from the edges, positive inside.
        planes: (T, 3) the same of the height.
        near_z: (N,), or (0,) where the topmost counts.
        tolerance: points this far outside of a triangle still count as on it.
        z, found: (N,) height and triangle; left as they are where there is none; out.
    """
    for k in range(xy.shape[0]):
        x, y = xy[k, 0], xy[k, 1]
        at = _cell(origin, cell_m, shape, x, y)
        if at < 0:
            continue
        best = -np.inf
        for position in range(first[at], first[at + 1]):
            t = members[position]
            inside = True
            for e in range(3):
                if edges[t, e, 0] * x + edges[t, e, 1] * y + edges[t, e, 2] < -tolerance:
                    inside = False
            if not inside:
                continue
            height = planes[t, 0] * x + planes[t, 1] * y + planes[t, 2]
            rank = -abs(height - near_z[k]) if near_z.shape[0] else height
            if rank > best:
                best, z[k], found[k] = rank, height, t


@kernel
def quads_near(origin, cell_m, shape, first, members, corners, boxes, xy, reach, point, quad):
    """Count the pairs of points xy (N, 2) and quads (Q, 4, 3) that are at most `reach` apart in the plane.

    Args:
        boxes: (Q, 4) lowest x, y and highest x, y of what is near a quad.
        point, quad: the pairs, in the order of the points; out. Where they are empty there is but the count.
    """
    count = 0
    for k in range(xy.shape[0]):
        x, y = xy[k, 0], xy[k, 1]
        at = _cell(origin, cell_m, shape, x, y)
        if at < 0:
            continue
        for position in range(first[at], first[at + 1]):
            q = members[position]
            if x < boxes[q, 0] or y < boxes[q, 1] or x > boxes[q, 2] or y > boxes[q, 3]:
                continue
            if _is_near(corners, q, x, y, reach * reach):
                if count < point.shape[0]:
                    point[count], quad[count] = k, q
                count += 1
    return count


@kernel(inline=True)
def _cell(origin, cell_m, shape, x, y):
    """The cell of a point, -1 for none."""
    ix, iy = np.floor((x - origin[0]) / cell_m), np.floor((y - origin[1]) / cell_m)
    if 0 <= ix < shape[0] and 0 <= iy < shape[1]:
        return int(ix) * shape[1] + int(iy)
    return -1


@kernel(inline=True)
def _is_near(corners, q, x, y, square):
    """Whether a point lies in a quad (odd number of edges to its right) or as near to one of its edges."""
    inside = False
    for i in range(4):
        ax, ay = corners[q, i, 0] - x, corners[q, i, 1] - y
        bx, by = corners[q, (i + 1) % 4, 0] - x, corners[q, (i + 1) % 4, 1] - y
        ux, uy = bx - ax, by - ay
        along, length = -(ax * ux + ay * uy), ux * ux + uy * uy
        part = min(max(along / length, 0.0), 1.0) if length > 0.0 else 0.0
        dx, dy = ax + part * ux, ay + part * uy
        if dx * dx + dy * dy <= square:
            return True
        if (ay > 0.0) != (by > 0.0) and (ax * uy - ay * ux) * (1.0 if uy > 0.0 else -1.0) > 0.0:
            inside = not inside
    return inside
