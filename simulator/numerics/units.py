"""Units that are no SI units, in SI units, and the gravity that all models share."""

KMH = 1.0 / 3.6  # m/s
MPH = 0.44704  # m/s: 1,609.344 m in an hour
GRAVITY_MPS2 = 9.81  # as in CommonRoad's models, so that ours agree with them
