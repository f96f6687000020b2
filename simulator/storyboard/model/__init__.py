"""Scripted scenarios as plain data: the model of ASAM OpenSCENARIO XML 1.3, which every front end compiles to.

Classes carry the names of the standard, fields its attribute names in snake_case; what the standard only wraps to make
a choice (`Position`, `LongitudinalAction`, `SpeedActionTarget`, `TrajectoryRef` ...) is here a union of the
alternatives. Parameters, expressions and catalog references are already resolved and deprecated elements replaced by
those of 1.3, so no reader of this model needs to know of them. There is no XML in it and there are no roads in it.

Units are SI and radians, except where a name says otherwise. None means "not given"; where the standard gives a
missing value a meaning, the field says so or has that default. Two records are equal when their content is; the
line that they come from does not count.
"""

from simulator.storyboard.model.conditions import *
from simulator.storyboard.model.entities import *
from simulator.storyboard.model.global_actions import *
from simulator.storyboard.model.places import *
from simulator.storyboard.model.private_actions import *
from simulator.storyboard.model.scenario import *
from simulator.storyboard.model.terms import *
