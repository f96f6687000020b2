"""How places for a point are compared where roads overlap: as if they were metres beside the road."""

METRES_PER_STOREY = 0.25  # a metre of height counts like this many metres beside the road
MIDDLE_M = 1e-3  # how much the middle of a lane is preferred to its edge
DRIVABLE_M = 1e-2  # how much a drivable lane is preferred to others
BESIDE_M = 2e-2  # how much a place on a surface is preferred to one beside it
ON_M = 1e-6  # closer to a surface is on it
WEDGE_M = 0.5  # along the road, of the wedges at kinks that count as its surface
