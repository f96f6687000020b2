"""Ray casting: triangles in, hits out. It knows nothing of driving.

See `simulator.raycast.scene.Scene` for the interface, and `layout` for how a hierarchy lies in memory.
`build` (with `sweep` near the leaves) and `collapse` make it, `refit` moves it, `assembly` puts those of all parts
together. Rays are cast one by one (`ray`), from one point in tiles (`packet`, with `tile` and `affine`), or side by
side (`stream`); `faces` knows what a triangle is, and `instances` where copies of a mesh are.
"""

from simulator.raycast.faces import Alpha
from simulator.raycast.rays import Hits
from simulator.raycast.scene import Scene

__all__ = ["Alpha", "Hits", "Scene"]
