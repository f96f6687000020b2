"""Ray casting: triangles in, hits out. It knows nothing of driving.

See `simulator.raycast.scene.Scene` for the interface, and `layout` for how a hierarchy lies in memory.
"""

from simulator.raycast.faces import Alpha
from simulator.raycast.rays import Hits
from simulator.raycast.scene import Scene

__all__ = ["Alpha", "Hits", "Scene"]
