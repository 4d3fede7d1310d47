"""How fast trials train: `python benchmarks/training_speed.py [--models NAME ...] [--json FILE]`.

On the device at hand, for each CIFAR-10 model: the public reproductions' way, a bare loop, and
ours in several ways, an epoch each in turns on made-up images, beside the least that the arithmetic
and the memory allow. With --correctness it trains to the end instead, and fails where the ways
disagree in what comes out. docs/performance.md says what the columns mean.
"""

if __name__ == "__main__":
    # Here and not above: the processes that a variant starts import this file once more.
    import sys

    from speed.program import main

    sys.exit(main(sys.argv[1:]))
