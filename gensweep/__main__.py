"""`python -m gensweep`: the same as the command `gensweep`."""

from __future__ import annotations

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working directory, whose files could stand in the way of libraries

from gensweep.cli.main import main

if __name__ == "__main__":
    main()
