#!/usr/bin/env python3
"""Every file of a folder on both kernels.

  crosscheck_test.py PROGRAM JOBS FOLDER

One small file first says whether this machine can at all: skipped (77) with its reason if not. After
that nothing is skipped: a file of the folder that cannot run here fails, as one that differs does. What
differs with others beside it is tried again alone, three times at most: when a segment is answered
depends on whether a soft interrupt finds its core free. What is modelled wrongly differs each time.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

PROBE = """fourtuple: 1
hosts: { a: { address: 10.0.0.1 }, b: { address: 10.0.0.2 } }
links: [ { between: [a, b], latency: 1 ms } ]
script:
  - { host: a, socket: S }
"""

program, jobs, folder = sys.argv[1:]
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as probe:
    probe.write(PROBE)
    probe.flush()
    first = subprocess.run([program, "crosscheck", probe.name], capture_output=True, text=True,
                           check=False)
if first.returncode == 3:
    print("skipped, because", (first.stderr + first.stdout).strip().splitlines()[-1])
    raise SystemExit(77)


def crosscheck(jobs, files):
    """Exit code, and the files that differ."""
    with tempfile.TemporaryDirectory() as out:
        both = pathlib.Path(out, "both.json")
        code = subprocess.run([program, "crosscheck", "--jobs", jobs, "--json", both, *files],
                              check=False).returncode
        print("exit code" if code >= 0 else "ended by signal", abs(code), flush=True)
        if code != DIFFERS:
            return code, []
        results = json.loads(both.read_text())
    if isinstance(results, dict):
        results = [results]
    return code, [f for f, r in zip(files, results, strict=True) if not r.get("agree", True)]


DIFFERS = 5
ALONE = 3
code, different = crosscheck(jobs, sorted(pathlib.Path(folder).rglob("*.yaml")))
for _ in range(ALONE):
    if code != DIFFERS:
        break
    print("again, one by one:", *(f.name for f in different), flush=True)
    code, different = crosscheck("1", different)
raise SystemExit(0 if code == 0 else 1)
