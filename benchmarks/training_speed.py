"""How fast trials train: `python benchmarks/training_speed.py [--models NAME ...] [--json FILE]`.

On the current device, for each CIFAR-10 model: the loop of the public reproductions, a bare loop,
and ours in several variants, in turns of one epoch on synthetic images, beside the lower bounds
from arithmetic and memory. With --correctness it trains to the end instead, and fails if the
variants' errors disagree. docs/performance.md explains the columns.
"""

if __name__ == "__main__":
    # Imported here and not above: the processes that a variant starts import this file again.
    import sys

    from speed.program import main

    sys.exit(main(sys.argv[1:]))
