"""Traffic by itself: lanes as arrays, drivers, people, lights, and one step of any number of worlds."""
