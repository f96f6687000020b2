"""Motion of everything: lane-following traffic, pedestrians, prescribed motions, vehicles. Arrays in, arrays out."""

from simulator.dynamics.friction import hydroplaning_speed, pavement_friction, road_friction, stopping_distance
from simulator.dynamics.single_track import Control, State
from simulator.dynamics.stepping import Method, body_poses, roll_at, standing, step, trailer_poses
from simulator.dynamics.vehicles import Model, tyre, vehicle, vehicles

__all__ = [
    "Control",
    "Method",
    "Model",
    "State",
    "body_poses",
    "hydroplaning_speed",
    "pavement_friction",
    "road_friction",
    "roll_at",
    "standing",
    "step",
    "stopping_distance",
    "trailer_poses",
    "tyre",
    "vehicle",
    "vehicles",
]
