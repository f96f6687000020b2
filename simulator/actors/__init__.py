"""Road users and animals: parametric, seeded geometry with joints and lamps; one file a kind."""
