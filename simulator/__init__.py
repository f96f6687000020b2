"""OddRoad: autonomous-driving edge cases, simulated, rendered and labelled on a plain CPU."""
