#!/usr/bin/env python3
"""Instructions and bytes per counted host that is loaded, runs idle and is reported.

  host_cost.py PROGRAM [--most N] [--most-bytes B]

Exit code 1 above N instructions or B bytes per host.
"""
import argparse
import shutil

from support import instructions, peak_bytes

SCENARIO = "idle_hosts.yaml"
FEW, MANY = 5_000, 25_000  # above 1,000 the JSON does not grow

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--most", type=int)
parser.add_argument("--most-bytes", type=int)
options = parser.parse_args()


def per_host(measure):
    few, many = (measure(options.program, SCENARIO, n, "hosts.fleet.count") for n in (FEW, MANY))
    return (many - few) / (MANY - FEW)


size = per_host(peak_bytes)
print(f"{size:,.0f} bytes per idle host")
if options.most_bytes and size > options.most_bytes:
    raise SystemExit(f"more than {options.most_bytes:,} bytes")
if shutil.which("valgrind") is None:
    print("instructions: skipped, because valgrind is not installed")
    raise SystemExit(77)
cost = per_host(instructions)
print(f"{cost:,.0f} instructions per idle host (difference of {MANY:,} and {FEW:,})")
if options.most and cost > options.most:
    raise SystemExit(f"more than {options.most:,} instructions")
