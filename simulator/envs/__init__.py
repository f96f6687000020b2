"""Gymnasium and PettingZoo environments: agents in our traffic, one or thousands, on one engine.

    import gymnasium
    env = gymnasium.make("simulator:OddRoad/Highway-v0", vehicles=50)
    envs = gymnasium.make_vec("simulator:OddRoad/Urban-v0", num_envs=1024, agents_per_world=32)

A task is one file in `tasks`, an observation one file in `observations`. `core.Core` steps any number of worlds;
`single`, `vector` and `parallel` are its three faces.
"""
