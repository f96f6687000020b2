"""`python -m simulator.cli` is the command `oddroad`."""

from simulator.cli import main

if __name__ == "__main__":
    main()
