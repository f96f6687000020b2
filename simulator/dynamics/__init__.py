"""Motion of everything: lane-following traffic, pedestrians, prescribed motions, vehicles. Arrays in, arrays out.

A car that brakes on a wet road, with tyres that slip (any number of vehicles, worlds x actors, in place of one):

    table = vehicles([vehicle("bmw_320i", Model.DRIFT)])
    which, state, control = np.zeros(1, np.int64), standing(1), np.zeros((len(Control), 1))
    roll_at(state, 25.0, table, which)
    control[Control.BRAKE] = 8.0
    while state[State.SPEED, 0] > 0.0:
        step(state, control, road_friction("asphalt", state[State.SPEED], film_mm=1.0), which, table, dt=0.05)
"""

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
