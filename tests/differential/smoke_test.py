#!/usr/bin/env python3
"""Some random programs, always the same, on both kernels: they agree, or differ as known.txt says.

  smoke_test.py PROGRAM COUNT

What differs must do so again, alone and at other paces, before it fails the test. Skipped (77) where
there are no network namespaces.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import campaign  # noqa: E402
import generate  # noqa: E402
import judge  # noqa: E402
import kernels  # noqa: E402

SEED = 20261128


def main():
    program, count = sys.argv[1], int(sys.argv[2])
    both = kernels.Kernels(program, jobs=8)
    if why := both.why_not_here():
        print("skipped, because", why)
        return 77
    known = campaign.known_differences()
    judging = judge.Judge(both)
    programs = [generate.generate(SEED, n) for n in range(count)]
    compared, bad, suspects = 0, 0, []
    for prog, (name, found, _) in zip(programs, judging.look(programs)):
        compared += found.get("compared", 0)
        if name and not any(p.search(name) for p, _ in known):
            suspects.append(prog)
    for prog, sure in zip(suspects, judging.confirmed(suspects, jobs=2)):
        if sure and not any(p.search(sure) for p, _ in known):
            print(f"program {prog['number']} of seed {SEED}: {sure}")
            bad += 1
    print(f"{count} programs, {compared} values compared, {bad} programs disagree")
    return 1 if bad or compared < 100 * count else 0


if __name__ == "__main__":
    sys.exit(main())
