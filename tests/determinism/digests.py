#!/usr/bin/env python3
"""The digests of the shipped scenarios are a committed file; every build must reproduce it, twice.

  digests.py PROGRAM SOURCE_DIR            compares; exit code 1 names the first that differs
  digests.py PROGRAM SOURCE_DIR --write    rewrites digests.txt; the commit says why they changed
"""
import json
import pathlib
import subprocess
import sys

program, source = sys.argv[1], pathlib.Path(sys.argv[2])
committed = source / "tests" / "determinism" / "digests.txt"


def digests():
    run = subprocess.run([program, "run", "--json", "-", "scenarios"], cwd=source,
                         capture_output=True, text=True, check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"the scenarios do not run: exit code {run.returncode}\n{run.stderr}")
    return "".join(f"{each['digest']} {each['file']}\n" for each in json.loads(run.stdout))


found = digests()
if "--write" in sys.argv:
    committed.write_text(found)
    sys.exit(0)
if found != digests():
    sys.exit("two runs of one build differ")
expected = committed.read_text().splitlines()
for have, want in zip(found.splitlines(), expected):
    if have != want:
        sys.exit(f"digest changed: committed {want}, found {have}\n"
                 "If that is meant: digests.py PROGRAM SOURCE_DIR --write, and say why in the commit.")
if len(expected) != len(found.splitlines()):
    sys.exit("a scenario came or went: digests.py PROGRAM SOURCE_DIR --write")
print(f"{len(expected)} digests as committed")
