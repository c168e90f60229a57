"""--series and --every: metrics over virtual time as CSV."""

import csv
import io
import json
import re
import unittest

import support
from support import BAD, FAILS, LONG, OK, CommandTest

FLEET = """fourtuple: 1
title: a fleet, a scan, datagrams and a pool; some of it fails
duration: 3 s
hosts:
  fleet:  { count: 3, address: 10.1.0.0/24 }
  server: { address: 10.0.0.2, user: root }
apps:
  api:   { host: server, echo_server: { port: 443 } }
  names: { host: server, udp_server: { port: 53 } }
  load:  { host: fleet, load: { to: "10.0.0.2:443", rate: 50/s, hold: 30 ms } }
  wrong: { host: fleet-2, load: { to: "10.0.0.2:81", rate: 10/s }, start: 1500 ms }
  asks:  { host: fleet-1, udp_client: { to: "10.0.0.2:53", rate: 20/s } }
  kept:  { host: fleet-3, pool: { to: "10.0.0.2:443", size: 2, rate: 20/s } }
  probe: { host: fleet, scan: { target: server, ports: [80, 443] } }
"""
PROXY = """fourtuple: 1
title: a proxy that keeps two connections to an upstream that closes idle ones, and has a second that is not there
duration: 3 s
hosts: { client: { address: 10.0.0.1 }, edge: { address: 10.0.0.2, user: root }, server: { address: 10.0.0.3, user: root } }
apps:
  api:   { host: server, echo_server: { port: 3000, idle_timeout: 15 ms } }
  front: { host: edge, proxy: { listen: "0.0.0.0:80", upstream: ["server:3000", "server:3001"], keepalive: 2 } }
  load:  { host: client, load: { to: "edge:80", rate: 100/s, hold: 30 ms } }
"""
# Ends by itself, long after anything has happened for a while, and between two rows.
WAITS = """fourtuple: 1
hosts: { client: { address: 10.0.0.1 } }
script:
  - { host: client, socket: C }
  - { wait: 2222.22 s }
  - { host: client, close: C }
"""


def value(tree, path):
    """What the JSON has under a path of the series; what did not occur is 0."""
    for name in path.split("."):
        tree = tree.get(name, 0)
    return tree


class Series(CommandTest):
    def series(self, text, *arguments, verb=("run", "--quiet"), code=0):
        """Header and rows, as text."""
        out = str(self.path / "out.csv")
        done = self.call(*verb, self.file("in.yaml", text), "--series", out, *arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, strict=True))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        return rows[0], rows[1:]

    def test_a_row_a_second_and_one_at_the_end(self):
        header, rows = self.series(OK, "--set", "duration=2500 ms")
        self.assertEqual(header[0], "time")
        self.assertEqual([row[0] for row in rows], ["0.0", "1.0", "2.0", "2.5"])
        attempted = header.index("apps.load.attempted")
        self.assertEqual([row[attempted] for row in rows], ["1", "101", "201", "251"])

    def test_the_end_is_not_told_twice(self):
        _, rows = self.series(OK, "--every", "500ms")
        self.assertEqual([row[0] for row in rows], ["0.0", "0.5", "1.0"])

    def test_the_last_row_is_what_the_json_says(self):
        header, rows = self.series(FLEET, "--every", "700 ms", "--json", str(self.path / "o.json"))
        tree = json.loads((self.path / "o.json").read_text())
        for path, number in zip(header[1:], rows[-1][1:]):
            self.assertEqual(int(number), value(tree, path), path)
        self.assertEqual(float(rows[-1][0]), tree["ended_at"])
        for path in ("apps.wrong.errors.ECONNREFUSED", "apps.asks.completed", "apps.kept.reused",
                     "apps.probe.open", "apps.api.active.now", "hosts.fleet.ports.now",
                     "hosts.fleet.ports.udp.now", "hosts.fleet.time_wait.now",
                     "hosts.server.sockets.LISTEN", "apps.names.bytes_in"):
            self.assertGreater(int(rows[-1][header.index(path)]), 0, path)

    def test_every_column_is_a_metric_that_a_file_may_expect(self):
        header, rows = self.series(FLEET)
        conditions = "".join(f"  {path}: {number}\n" for path, number in zip(header, rows[-1])
                             if path != "time")
        done = self.call("run", "--quiet", self.file("e.yaml", f"{FLEET}expect:\n{conditions}"))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_a_row_is_what_expect_at_sees(self):
        header, rows = self.series(FLEET)
        self.assertEqual(rows[2][0], "2.0")
        conditions = "".join(f"    {path}: {number}\n" for path, number in zip(header, rows[2])
                             if path != "time")
        done = self.call("run", "--quiet",
                         self.file("e.yaml", f"{FLEET}expect_at:\n  2 s:\n{conditions}"))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_a_warm_up_is_not_counted_as_in_the_json(self):
        text = FLEET.replace("duration: 3 s", "duration: 3 s\nwarmup: 2 s")
        header, rows = self.series(text, "--json", str(self.path / "o.json"))
        tree = json.loads((self.path / "o.json").read_text())
        for path, number in zip(header[1:], rows[-1][1:]):
            self.assertEqual(int(number), value(tree, path), path)
        attempted = header.index("apps.load.attempted")
        self.assertEqual([row[attempted] for row in rows], ["3", "153", "3", "153"])
        ports = header.index("hosts.fleet.ports.now")
        self.assertGreater(int(rows[2][ports]), 250)
        conditions = "".join(f"    {path}: {number}\n" for path, number in zip(header, rows[2])
                             if path != "time")
        done = self.call("run", "--quiet",
                         self.file("e.yaml", f"{text}expect_at:\n  2 s:\n{conditions}"))
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)

    def test_an_error_is_0_before_it_first_occurs_and_stands_beside_its_app(self):
        header, rows = self.series(FLEET)
        column = header.index("apps.wrong.errors.ECONNREFUSED")
        self.assertEqual([row[column] for row in rows], ["0", "0", "6", "16"])
        self.assertEqual(header[column - 1], "apps.wrong.failed")

    def test_looking_changes_neither_digest_nor_events_nor_end(self):
        for text, every in ((OK, "7ms"), (FLEET, "7ms"), (WAITS, "330ms")):
            path = self.file("in.yaml", text)
            trees = []
            for more in ((), ("--series", str(self.path / "o.csv"), "--every", every)):
                tree = json.loads(self.call("run", path, "--json", "-", *more).stdout)
                del tree["run"]["wall_seconds"], tree["run"]["peak_rss_bytes"]
                trees.append(tree)
            self.assertEqual(trees[0], trees[1])

    def test_a_proxy_and_the_counters_of_a_kernel_have_columns(self):
        header, rows = self.series(PROXY, "--json", str(self.path / "o.json"))
        tree = json.loads((self.path / "o.json").read_text())
        for path, number in zip(header[1:], rows[-1][1:]):
            self.assertEqual(int(number), value(tree, path), path)
        for path in ("apps.front.accepted", "apps.front.upstream.opened", "apps.front.upstream.errors.ECONNREFUSED",
                     "hosts.client.nstat.TcpActiveOpens", "hosts.server.nstat.TcpOutRsts"):
            numbers = [int(row[header.index(path)]) for row in rows]
            self.assertLessEqual(numbers[0], 1, path)  # what happens at 0 s itself
            self.assertTrue(numbers[0] < numbers[1] < numbers[2] < numbers[3], (path, numbers))
        for name, number in tree["hosts"]["server"]["nstat"].items():
            self.assertEqual(f"hosts.server.nstat.{name}" in header, number > 0, name)

    def test_a_run_that_waits_long_has_all_its_rows(self):
        header, rows = self.series(WAITS)
        self.assertEqual([row[0] for row in rows[:-1]], [f"{i}.0" for i in range(2223)])
        closed = header.index("hosts.client.sockets.CLOSED")
        self.assertEqual([row[closed] for row in rows[-3:]], ["1", "1", "0"])

    def test_the_seed_matters_and_the_same_seed_gives_the_same_bytes(self):
        text = OK.replace("rate: 100/s", "rate: 100/s, arrivals: poisson")
        one, again, other = (self.series(text, "--seed", s, "--every", "100ms") for s in "223")
        self.assertEqual(one, again)
        self.assertNotEqual(one, other)

    def test_standard_output_can_carry_it_alone(self):
        done = self.call("run", self.file("in.yaml", OK), "--series", "-")
        rows = list(csv.reader(io.StringIO(done.stdout)))
        self.assertEqual((done.returncode, rows[0][0], len(rows)), (0, "time", 3))

    def test_ss_and_trace_write_it_too(self):
        _, rows = self.series(OK, "--at", "400 ms", "--every", "150 ms", verb=("ss", "-s"))
        self.assertEqual([row[0] for row in rows], ["0.0", "0.15", "0.3", "0.4"])
        _, rows = self.series(OK, verb=("trace", "--limit", "1"))
        self.assertEqual(len(rows), 2)

    def test_what_is_known_is_written_when_a_limit_stops_the_run(self):
        header, rows = self.series(LONG, "--event-limit", "50000", code=6)
        self.assertGreater(len(rows), 10)
        self.assertGreater(int(rows[-1][header.index("apps.load.attempted")]), 4000)

    def test_a_failed_expectation_is_1_and_there_is_a_series(self):
        self.assertEqual(len(self.series(FAILS, code=1)[1]), 2)


class Mistakes(CommandTest):
    def refused(self, *arguments, words, code=2):
        done = self.call(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertIn(words, done.stderr)

    def test_bad_usage_is_2(self):
        path, out = self.file("in.yaml", OK), str(self.path / "o.csv")
        for arguments, words in [
            (("--every", "1s"), "--every is for --series"),
            (("--series", out, "--every", "0s"), "more than 0"),
            (("--series", out, "--every", "-1s"), "negative"),
            (("--series", out, "--every", "1"), "no unit"),
            (("--series", out, "--every", "1ns"), "1,000,000,001 rows"),
            (("--series", "-", "--json", "-"), "standard output"),
            ((path, "--series", out), "one file"),
        ]:
            with self.subTest(arguments=arguments):
                self.refused("run", path, *arguments, words=words)
        self.refused("trace", path, "--series", "-", words="standard output")
        self.refused("trace", path, "--dot", "--series", out, words="runs nothing")
        self.refused("ss", path, "--at", "0 s", "--series", "-", words="standard output")
        self.refused("crosscheck", path, path, "--series", out, words="one file")
        self.refused("crosscheck", path, "--every", "1s", words="--every is for --series")

    def test_a_folder_that_is_missing_is_said_before_the_run(self):
        path = self.file("in.yaml", OK)
        for verb in (("run",), ("trace",), ("ss", "--at", "1 s"), ("crosscheck",)):
            self.refused(*verb, path, "--series", str(self.path / "no/o.csv"),
                         words="no/o.csv cannot be written", code=3)

    def test_a_full_disk_is_3_and_the_report_is_there(self):
        path = self.file("in.yaml", OK)
        for verb in (("run",), ("trace",), ("ss", "--at", "1 s")):
            done = self.call(*verb, path, "--series", "/dev/full")
            self.assertEqual(done.returncode, 3)
            self.assertIn("/dev/full cannot be written: No space left", done.stderr)
            self.assertNotEqual(done.stdout, "")

    def test_a_bad_file_is_more_severe_than_a_full_disk(self):
        path = self.file("bad.yaml", BAD)
        self.assertEqual(self.call("run", path, "--series", "/dev/full").returncode, 2)

    def test_rows_without_number_are_cut_and_that_is_said(self):
        apps = "".join(f"  a{n}: {{ host: client, listener: {{ ports: [{n}] }} }}\n"
                       for n in range(2000, 2400))
        text = WAITS.replace("2222.22", "3000") + "apps:\n" + apps
        out = str(self.path / "o.csv")
        done = self.call("run", "--quiet", self.file("in.yaml", text), "--series", out, "--every",
                         "1ms")
        self.assertEqual(done.returncode, 0)
        cut = re.search(r"the series ends at ([\d.]+) s, after ([\d,]+) rows; a longer", done.stderr)
        self.assertIsNotNone(cut, done.stderr)
        with open(out, "rb") as file:
            lines = file.read().splitlines()
        self.assertEqual(len(lines), int(cut[2].replace(",", "")) + 2)  # the header and the last row
        self.assertEqual(lines[-2].split(b",")[0].decode(), cut[1])
        self.assertTrue(lines[-1].startswith(b"3000."))


if __name__ == "__main__":
    support.main()
