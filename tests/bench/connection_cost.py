#!/usr/bin/env python3
"""Instructions per echo connection of ten segments (digest, counters and options are on).

  connection_cost.py PROGRAM [--most N] [--most-lossy R]

Exit code 1 above N instructions per connection, or where one costs more than R times as much over a link
that loses one packet of a hundred.
"""
import argparse
import shutil

from support import per_connection

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--most", type=int)
parser.add_argument("--most-lossy", type=float)
parser.add_argument("--short", type=int, default=2_000)
parser.add_argument("--long", type=int, default=6_000)
options = parser.parse_args()

if shutil.which("valgrind") is None:
    print("skipped, because valgrind is not installed")
    raise SystemExit(77)
cost = per_connection(options.program, "echo_connection.yaml", options.short, options.long)
print(f"{cost:,.0f} instructions per connection "
      f"(difference of {options.long:,} and {options.short:,} connections)")
lossy = per_connection(options.program, "lossy_connection.yaml", options.short, options.long) / cost
print(f"{lossy:.2f} times as many with 1 % loss")
if options.most and cost > options.most:
    raise SystemExit(f"more than {options.most:,}")
if options.most_lossy and lossy > options.most_lossy:
    raise SystemExit(f"more than {options.most_lossy} times as many")
