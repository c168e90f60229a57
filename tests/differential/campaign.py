#!/usr/bin/env python3
"""Random programs of socket calls on the simulated and on the real kernel: where do they disagree?

A campaign is a seed and a number of programs. It goes on where it was interrupted (its folder keeps
what is done), and may be asked for more programs later.
"""
import argparse
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import coverage  # noqa: E402
import generate  # noqa: E402
import judge  # noqa: E402
import kernels  # noqa: E402
import shrink  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def known_differences():
    """known.txt: `regular expression of signatures -> reason` a line."""
    out = []
    with open(os.path.join(HERE, "known.txt"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                pattern, _, reason = line.rstrip("\n").partition(" -> ")
                out.append((re.compile(pattern), reason))
    return out


class State:
    """What is done, in FOLDER/state.json. Written whole after each batch."""

    def __init__(self, folder, seed):
        self.path = os.path.join(folder, "state.json")
        self.data = {"seed": seed, "done": 0, "seconds": 0.0, "agree": 0, "known": {}, "chance": {},
                     "found": {}, "coverage": {}}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as f:
                kept = json.load(f)
            if kept.get("seed") != seed:
                raise SystemExit(f"{self.path} is of seed {kept.get('seed')}; give another --out")
            if missing := sorted(set(self.data) - set(kept)):
                raise SystemExit(f"{self.path} lacks {', '.join(missing)}: an older campaign's; "
                                 "give another --out")
            self.data = kept

    def save(self):
        with open(self.path + ".new", "w", encoding="utf-8") as f:
            json.dump(self.data, f)
        os.replace(self.path + ".new", self.path)


class Campaign:
    def __init__(self, args):
        os.makedirs(args.out, exist_ok=True)
        self.args = args
        self.state = State(args.out, args.seed)
        self.coverage = coverage.Coverage(self.state.data["coverage"])
        self.judge = judge.Judge(kernels.Kernels(args.program, args.jobs))
        self.known = known_differences()

    def run(self):
        data = self.state.data
        while data["done"] < self.args.programs:
            size = min(self.args.batch, self.args.programs - data["done"])
            began = time.monotonic()
            programs = [generate.generate(self.args.seed, n)
                        for n in range(data["done"], data["done"] + size)]
            suspects = self.compare(programs)
            data["seconds"] += time.monotonic() - began
            self.weigh(suspects)
            data["done"] += size
            data["coverage"] = self.coverage.data()
            self.state.save()
            rate = data["done"] / data["seconds"]
            print(f"{data['done']} programs, {rate:.1f}/s: {data['agree']} agree, "
                  f"{sum(data['known'].values())} known, {sum(data['chance'].values())} by chance, "
                  f"{len(data['found'])} disagreements", flush=True)
        self.report()
        return 5 if data["found"] else 0

    def compare(self, programs):
        """Those that disagree, with the name of their first disagreement."""
        suspects = []
        for prog, (name, found, rendered) in zip(programs, self.judge.look(programs)):
            rows = (found.get("kernel") or {}).get("script")
            if rows and len(rows) == len(rendered.steps):
                self.coverage.note(rendered, rows)
            if not name:
                self.state.data["agree"] += 1
            else:
                suspects.append((name, prog))
        return suspects

    def known_as(self, name):
        return next((reason for pattern, reason in self.known if pattern.search(name)), None)

    def weigh(self, suspects):
        """Those of no known name are confirmed, side by side: many differ by chance."""
        unknown = [(name, prog) for name, prog in suspects if not self.is_known(name)]
        sure_names = self.judge.confirmed([prog for _, prog in unknown])
        for (name, prog), sure in zip(unknown, sure_names):
            if not sure:
                chance = self.state.data["chance"]
                chance[name] = chance.get(name, 0) + 1
            elif sure in self.state.data["found"]:
                self.state.data["found"][sure]["programs"] += 1
            elif not self.is_known(sure):
                self.state.data["found"][sure] = {"programs": 1, "number": prog["number"],
                                                  "file": self.write_shortest(sure, prog)}
                print(f"disagreement: {sure}\n  {self.state.data['found'][sure]['file']}", flush=True)

    def is_known(self, name):
        """Whether known.txt has `name`; then it is counted."""
        known = self.state.data["known"]
        if (reason := self.known_as(name)) is None:
            return False
        known[reason] = known.get(reason, 0) + 1
        return True

    def write_shortest(self, name, prog):
        path = os.path.join(self.args.out, f"program_{prog['number']}.yaml")
        if not self.args.no_shrink:
            prog = shrink.Shrinker(self.judge).shrink(prog, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(shrink.as_file(self.judge, prog, name))
        return path

    def report(self):
        data = self.state.data
        print("\ncalls by the state of their socket:")
        print("\n".join(self.coverage.table()))
        for reason, count in sorted(data["known"].items()):
            print(f"known, {count} programs: {reason}")
        for name, what in sorted(data["found"].items(), key=lambda f: -f[1]["programs"]):
            print(f"disagreement, {what['programs']} programs: {name}\n  {what['file']}")
        print(f"{data['done']} programs in {data['seconds']:.0f} s, "
              f"{data['done'] / max(data['seconds'], 0.001):.1f}/s: {data['agree']} agree, "
              f"{sum(data['known'].values())} known, {sum(data['chance'].values())} differ by chance, "
              f"{sum(f['programs'] for f in data['found'].values())} disagree")


def arguments():
    parser = argparse.ArgumentParser(prog="tools/differential", description=__doc__)
    parser.add_argument("--programs", type=int, default=1000, help="how many in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="folder of the campaign (build/differential/SEED)")
    parser.add_argument("--jobs", type=int, default=8,
                        help="programs at a time (%(default)s); too many, and the kernel is late")
    parser.add_argument("--batch", type=int, default=96, help=argparse.SUPPRESS)
    parser.add_argument("--no-shrink", action="store_true", help="write programs as they are")
    parser.add_argument("--show", type=int, metavar="N", help="print program N and end")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)  # tools/differential gives it
    return parser.parse_args()


def main():
    args = arguments()
    if args.show is not None:
        import program
        print(program.to_yaml(generate.generate(args.seed, args.show))[0], end="")
        return 0
    args.out = args.out or os.path.join(os.path.dirname(args.program), "differential",
                                        str(args.seed))
    if why := kernels.Kernels(args.program).why_not_here():
        print("not possible here:", why, file=sys.stderr)
        return 3
    return Campaign(args).run()


if __name__ == "__main__":
    sys.exit(main())
