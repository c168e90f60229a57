#!/usr/bin/env python3
"""Instructions per echo connection, by cachegrind, as the difference of two run lengths (set-up
cancels; digest, counters and options are on).

  connection_cost.py PROGRAM [--most N]     exit code 1 above N instructions per connection
"""
import argparse
import pathlib
import re
import subprocess
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--most", type=int)
parser.add_argument("--short", type=int, default=5_000)
parser.add_argument("--long", type=int, default=15_000)
options = parser.parse_args()
scenario = pathlib.Path(__file__).with_name("echo_connection.yaml")


def instructions(connections):
    with tempfile.NamedTemporaryFile() as out:
        run = subprocess.run(
            ["valgrind", "--tool=cachegrind", "--cache-sim=no",
             f"--cachegrind-out-file={out.name}", options.program, "run", "--quiet",
             "--set", f"apps.load.limit={connections}", str(scenario)],
            capture_output=True, text=True, check=True)
    return int(re.search(r"I +refs: +([\d,]+)", run.stderr).group(1).replace(",", ""))


cost = (instructions(options.long) - instructions(options.short)) / (options.long - options.short)
print(f"{cost:,.0f} instructions per connection "
      f"(difference of {options.long:,} and {options.short:,} connections)")
if options.most and cost > options.most:
    raise SystemExit(f"more than {options.most:,}")
