#!/usr/bin/env python3
"""What the generator makes: the same for one seed, valid files, and everything it has words for.

  generator_test.py PROGRAM
"""
import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import generate  # noqa: E402
import judge  # noqa: E402
import program  # noqa: E402
import shrink  # noqa: E402
import vocabulary  # noqa: E402

FOURTUPLE = ""
PROGRAMS = [generate.generate(7, n) for n in range(150)]


class Generator(unittest.TestCase):
    def test_the_same_seed_gives_the_same_program(self):
        self.assertEqual(PROGRAMS[3], generate.generate(7, 3))
        self.assertNotEqual(PROGRAMS[3]["calls"], generate.generate(8, 3)["calls"])

    def test_every_program_is_a_valid_file(self):
        with tempfile.TemporaryDirectory() as folder:
            for p in PROGRAMS:
                with open(os.path.join(folder, f"{p['number']}.yaml"), "w", encoding="utf-8") as f:
                    f.write(program.to_yaml(p)[0])
            run = subprocess.run([FOURTUPLE, "lint", folder], capture_output=True, text=True,
                                 check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_every_option_and_every_call_occurs(self):
        steps = [c["step"] for p in PROGRAMS for c in p["calls"]]
        self.assertEqual({s["option"] for s in steps if "setsockopt" in s},
                         set(vocabulary.OPTIONS))
        calls = {program.call_name(s) for s in steps}
        for call in ("bind", "listen", "connect", "accept", "send", "fill", "recv", "sendto",
                     "recvfrom", "shutdown", "close", "dup", "getsockname", "getpeername",
                     "getsockopt", "sysctl", "firewall", "join"):
            self.assertIn(call, calls)

    def test_sockets_are_few_and_programs_short(self):
        for p in PROGRAMS:
            self.assertLessEqual(len(p["calls"]), 100)


class FakeJudge:
    """Disagrees where S1 is closed after S2 was bound."""

    def look(self, programs, jobs=None):
        out = []
        for p in programs:
            steps = [c["step"] for c in p["calls"]]
            bound = next((i for i, s in enumerate(steps) if s.get("bind") == "S2"), len(steps))
            bad = any(s.get("close") == "S1" for s in steps[bound:])
            out.append(("same" if bad else "", {}, program.Rendered(p)))
        return out


class Shrinking(unittest.TestCase):
    def test_only_what_the_disagreement_needs_is_left(self):
        def call(**step):
            return {"step": {"host": "a", **step}, "look": "all", "settle": "60 ms"}
        calls = [call(socket=f"S{n}") for n in range(9)] + [call(bind="S2", to="0.0.0.0:1")]
        calls += [call(getsockname="S3")] * 20 + [call(close="S1")] + [call(close="S4")] * 5
        prog = {"seed": 1, "number": 0, "latency": "3 ms", "calls": calls,
                "hosts": {"a": {"address": ["10.0.0.1"], "user": "root"}}}
        small = shrink.Shrinker(FakeJudge()).shrink(prog, "same")
        self.assertEqual([c["step"] for c in small["calls"]],
                         [{"host": "a", "bind": "S2", "to": "0.0.0.0:1"},
                          {"host": "a", "close": "S1"}])
        self.assertTrue(all(c == {"step": c["step"], "look": "none"} for c in small["calls"]))
        self.assertEqual(small["hosts"], {"a": {"address": ["10.0.0.1"]}})
        self.assertIsNone(small["latency"])


class Judging(unittest.TestCase):
    def test_drawn_ports_are_masked(self):
        self.assertEqual(judge.masked('"[::]:43210"'), judge.masked('"[::]:40000"'))
        self.assertNotEqual(judge.masked('"[::]:5000"'), judge.masked('"[::]:5001"'))

    def test_the_first_step_that_differs_is_the_disagreement(self):
        found = [{"path": "hosts.a.nstat.TcpOutRsts", "simulated": "1", "kernel": "2"},
                 {"path": "script[12].result", "simulated": "1", "kernel": "2"},
                 {"path": "script[3].events", "simulated": "1", "kernel": "2"},
                 {"path": "script[1].address", "simulated": '"10.0.0.1:40000"',
                  "kernel": '"10.0.0.1:40001"'}]
        self.assertEqual(judge.first_difference({"differences": found})["path"],
                         "script[3].events")


if __name__ == "__main__":
    FOURTUPLE = sys.argv.pop(1)
    unittest.main()
