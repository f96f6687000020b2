"""The world: a concrete scenario turned into geometry, actors and their motion.

`build_world(scenario)` is the whole of it; the result is plain data for the sensors.
"""

from simulator.world.build import World, build_world

__all__ = ["World", "build_world"]
