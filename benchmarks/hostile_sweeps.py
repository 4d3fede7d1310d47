"""Mutated sweep files: `python benchmarks/hostile_sweeps.py [--files 10000] [--seed 0]`.

Claim: `gensweep plan` reads every file or refuses it, with errors that name the file and code 2.
Each file is one that ships with gensweep, changed at random one to eight times. Prints how many
files were planned and how many refused, and counts what must not happen: tracebacks, errors that
call themselves a bug, wrong errors or codes, and files that take longer than 5 s. Exits with 1 if
there were any.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from trying import FAULTS, tried

import gensweep
from gensweep.cli.codes import Exit
from gensweep.cli.plan import plan_command

SHIPPED = sorted((Path(gensweep.__file__).parent / "sweeps").glob("*.toml"))
LONGEST = 5.0  # seconds for one file
BAD = ("tracebacks", "mistakes", "wrong errors", "hangs")
TOKEN = re.compile(rb"\"[^\"\n]*\"|[A-Za-z0-9_.+-]+|\[\[|\]\]|[^\sA-Za-z0-9]|\n")
VALUE = re.compile(rb"(?<==)[^\n]*")
NUMBER = re.compile(rb"(?<![\w.])[0-9.]+(e-?[0-9]+)?(?![\w.])")
HOSTILE = [
    *(b"[]", b"{}", b"[[]]", b"[1, [2, [3]]]", b"{a = 1}", b"[{a = {b = []}}]", b"[[1], 'a', {}]"),
    *(b"nan", b"-inf", b"1e999", b"-0.0", b"1e-400", b"true", b'""', b"'\\'", b"'''\n'''", b'"a'),
    *(b"9223372036854775807", b"9223372036854775808", b"-1", b"0x" + b"f" * 6000, b"9" * 5000),
    *(b"2020-01-01", b"07:32:00", b"1979-05-27T07:32:00Z", b"0000-00-00", b"9999-12-31T23:59:59Z"),
    *(b'"' + b"x" * 70_000 + b'"', b'"\\u0000\\u001b[2J\\u202e"', b'"\xff"', b'"\\ud800"', b"\0"),
    *(b"[" + b"0," * 20_000 + b"]", b"[" + b"0.5, " * 2000 + b"]", b"[0, 0.1, 'a', true, 0]"),
    *(b"[" * n + b"]" * n for n in (50, 300, 5000)),
    *(b"{a = " * n + b"1" + b"}" * n for n in (50, 300, 5000)),
]
LINES = [
    *(b"a." * n + b"a = 1" for n in (5, 100, 3000)),
    *(b"[" + b"a." * n + b"a]" for n in (5, 100, 3000)),
    *(b"[[grid]]", b"[[grid.model]]", b"[grid]", b"[model]", b"[[model.inception]]", b"grid = 1"),
    *(b"[defaults.lr]", b"[regularizer.none]", b'[""]', b"[[", b"]", b"=", b'"" = 1', b"seeds = 1"),
    *(b'trainable = "kernel"', b'trainable = "noop"', b"seed = [1, 2]", b"model.inception.lr = []"),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b'x = """', b"#" * 1000, b"[ " + b" " * 10_000 + b"x"),
]

Mutation = Callable[[bytes, random.Random], bytes]


def flip(text: bytes, draw: random.Random) -> bytes:
    changed = bytearray(text)
    for _ in range(draw.randint(1, 8)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def cut(text: bytes, draw: random.Random) -> bytes:
    start = draw.randint(0, len(text))
    return text[:start] + text[start + draw.choice((1, 4, 30, len(text))) :]


def swap_tokens(text: bytes, draw: random.Random) -> bytes:
    found = list(TOKEN.finditer(text))
    if len(found) < 2:
        return text
    first, second = sorted(draw.sample(found, 2), key=lambda token: token.start())
    between = text[first.end() : second.start()]
    return text[: first.start()] + second[0] + between + first[0] + text[second.end() :]


def swap_value(text: bytes, draw: random.Random) -> bytes:
    found = list(VALUE.finditer(text))
    if not found:
        return text
    value = draw.choice(found)
    new = draw.choice([draw.choice(HOSTILE), draw.choice(found)[0]])
    return text[: value.start()] + b" " + new + text[value.end() :]


def swap_number(text: bytes, draw: random.Random) -> bytes:
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    number = draw.choice(found)
    new = draw.choice([b"0", b"1", b"2", b"0.5", b"1e-3", b"1000", b"-1", b"1e300", b"4294967295"])
    return text[: number.start()] + new + text[number.end() :]


def nest(text: bytes, draw: random.Random) -> bytes:
    """Put a value into a list, a table, or several of them."""
    found = list(VALUE.finditer(text))
    if not found:
        return text
    value = draw.choice(found)
    before, after = draw.choice([(b"[", b"]"), (b"{a = ", b"}"), (b"[[", b"]]"), (b"[{b=", b"}]")])
    times = draw.choice((1, 2, 40, 400))
    return text[: value.start()] + before * times + value[0] + after * times + text[value.end() :]


def add_line(text: bytes, draw: random.Random) -> bytes:
    lines = text.split(b"\n")
    lines.insert(draw.randint(0, len(lines)), draw.choice([*LINES, draw.choice(lines)]))
    return b"\n".join(lines)


def move_lines(text: bytes, draw: random.Random) -> bytes:
    lines = text.split(b"\n")
    start, end = sorted(draw.choices(range(len(lines) + 1), k=2))
    part = lines[start:end]
    del lines[start:end]
    place = draw.randint(0, len(lines))
    return b"\n".join([*lines[:place], *part * draw.choice((0, 1, 2, 20)), *lines[place:]])


# Those that mostly leave TOML come first and twice.
STRUCTURED: list[Mutation] = [swap_value, swap_number, swap_number, nest, move_lines]
MUTATIONS = [*STRUCTURED, *STRUCTURED, flip, cut, swap_tokens, add_line]


def hostile(draw: random.Random) -> bytes:
    """One of the shipped files, changed one to eight times."""
    text = draw.choice(SHIPPED).read_bytes()
    for _ in range(draw.choice((1, 1, 1, 1, 2, 3, 5, 8))):
        text = draw.choice(MUTATIONS)(text, draw)
    return text


def outcome(path: Path) -> tuple[str, str]:
    """What `gensweep plan` makes of a file, and what it says about it."""
    results = str(path.parent / "results")
    found, said = tried(lambda: plan_command(path, results, max_trials=3000), LONGEST)
    if found in FAULTS:
        return str(found), said
    lines = said.splitlines()
    if found == Exit.OK and not lines:
        return "planned", said
    named = all(line.startswith(f"gensweep: error: {path}") for line in lines)
    return ("refused" if found == Exit.USAGE and lines and named else "wrong errors"), said


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    counts = Counter(dict.fromkeys(("planned", "refused", *BAD), 0))
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(arguments.files):
            path = Path(folder, "hostile.toml")
            path.write_bytes(hostile(random.Random(f"{arguments.seed}/{number}")))
            kind, said = outcome(path)
            counts[kind] += 1
            if kind in BAD:
                print(f"file {number} of seed {arguments.seed}: {kind}\n{said}", file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"{arguments.files} mutated sweep files in {seconds:.0f} s")
    for kind, count in counts.items():
        print(f"{kind:>12}: {count}")
    return 1 if any(counts[kind] for kind in BAD) else 0


if __name__ == "__main__":
    sys.exit(main())
