#!/usr/bin/env python3
"""The ports of some thousand sockets on both kernels: are they drawn alike?

  ports_test.py PROGRAM

Skipped (77) with its reason where the machine cannot."""
import json
import pathlib
import subprocess
import sys
import tempfile

import port_samples
import port_verdicts


def main():
    program, = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, text in port_samples.scenarios().items():
            files.append(pathlib.Path(folder, name + ".yaml"))
            files[-1].write_text(text)
        out = pathlib.Path(folder, "both.json")
        # One after the other: all namespaces of a machine share the kernel's table_perturb[], and a
        # destination of one file may have the entry of another's.
        run = subprocess.run([program, "crosscheck", "--jobs", "1", "--json", out, *files],
                             capture_output=True, text=True, check=False)
        if run.returncode == 3:
            print("skipped, because", (run.stderr + run.stdout).strip().splitlines()[-1])
            raise SystemExit(77)
        if run.returncode != 0:
            print(run.stdout, run.stderr, sep="\n")
            raise SystemExit(1)
        results = json.loads(out.read_text())
    wrong = 0
    for name, both in zip(port_samples.scenarios(), results, strict=True):
        samples = [port_samples.sample(both[side]) for side in ("simulated", "kernel")]
        found = port_verdicts.VERDICTS[name](*samples)
        print(f"{name}: {len(samples[0].ports)} sockets,", "differ" if found else "drawn alike")
        print(*(f"  {text}\n" for text in found), sep="", end="")
        wrong += bool(found)
    raise SystemExit(1 if wrong else 0)


main()
