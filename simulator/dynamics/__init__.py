"""Motion of everything: lane-following traffic, pedestrians, prescribed motions, vehicles. Arrays in, arrays out.

A car that brakes on a wet road, with tyres that slip (any number of vehicles, worlds x actors, in place of one):

    table = vehicles([vehicle("bmw_320i", Model.DRIFT)])
    which, state, control = np.zeros(1, np.int64), standing(1), np.zeros((len(Control), 1))
    roll_at(state, 25.0, table, which)
    control[Control.BRAKE] = 8.0
    while state[State.SPEED, 0] > 0.0:
        step(state, control, road_friction("asphalt", state[State.SPEED], film_mm=1.0), which, table, dt=0.05)

A crash of two cars, seen every 50 ms (any number of worlds x bodies):

    cars = boxes([[0.0, 30.0]], [[0.0, 0.8]], 0.0, 3.6, 1.0, 0.9, speed=[[20.0, 0.0]])
    sweep, contacts = sweeps(cars.shape), np.zeros((1, 8), CONTACT_DTYPE)
    while advance_worlds(cars, sweep, 0.05, contacts)[0] == 0:
        pass
    contacts[0, 0]["delta_v_j"]  # m/s
"""

from simulator.dynamics.bodies import boxes, discs, gaps, impact_times
from simulator.dynamics.collisions import CONTACT_DTYPE, find_contacts, sweeps, times_to_collision
from simulator.dynamics.crashes import advance_worlds
from simulator.dynamics.friction import hydroplaning_speed, pavement_friction, road_friction, stopping_distance
from simulator.dynamics.single_track import Control, State
from simulator.dynamics.stepping import Method, body_poses, roll_at, standing, step, trailer_poses
from simulator.dynamics.vehicles import Model, tyre, vehicle, vehicles

__all__ = [
    "CONTACT_DTYPE",
    "Control",
    "Method",
    "Model",
    "State",
    "advance_worlds",
    "body_poses",
    "boxes",
    "discs",
    "find_contacts",
    "gaps",
    "hydroplaning_speed",
    "impact_times",
    "pavement_friction",
    "road_friction",
    "roll_at",
    "standing",
    "step",
    "stopping_distance",
    "sweeps",
    "times_to_collision",
    "trailer_poses",
    "tyre",
    "vehicle",
    "vehicles",
]
