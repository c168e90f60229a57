"""What comes out: reports, JSON, JUnit, annotations, ss, and the order of several files."""

import json
import os
import pathlib
import pty
import re
import select
import subprocess
import unittest
import xml.etree.ElementTree

import support
from support import BAD, FAILS, OK, CommandTest

ROOT = pathlib.Path(__file__).resolve().parents[3]

RUNS_OUT = """fourtuple: 1
title: One client opening 1,000 connections a second runs out of ports after 28 s
duration: 40 s
hosts:
  client: { address: 10.0.0.1, sysctls: { net.ipv4.tcp_tw_reuse: 0 } }
  server: { address: [10.0.0.2, 10.0.0.3], user: root, nofile: 100000 }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 1000/s, hold: 50 ms } }
expect:
  apps.load.first_failure.at: 28.2 s .. 28.3 s
  hosts.client.ports.peak: 28232
"""


class Reports(CommandTest):
    def test_the_readme_shows_what_the_program_prints(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        shown = readme.split("```\n")[3]
        scenario = "scenarios/ports/one_destination_runs_out.yaml"
        self.assertTrue(shown.startswith("load on client: first EADDRNOTAVAIL at 28.232 s"))
        self.assertTrue(self.call("run", scenario, cwd=ROOT).stdout.startswith(shown), shown)

    def test_the_answer_comes_first_with_why_and_cures(self):
        done = self.call("run", self.file("out.yaml", RUNS_OUT))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.splitlines()[0],
                         "load on client: first EADDRNOTAVAIL at 28.232 s "
                         "(attempt 28,233 to 10.0.0.2:443)")
        text = " ".join(done.stdout.split())
        for words in ("28,232 ports (range 32768-60999)", "470.5/s", "asks for 1,000/s",
                      "60-62 s in TIME-WAIT", "pool of 50", "3 destination addresses"):
            self.assertIn(words, text)

    def test_lines_fit_100_columns(self):
        path = self.file("a" * 150 + ".yaml", RUNS_OUT)
        for line in self.call("run", path).stdout.splitlines():
            self.assertLessEqual(len(line), 100, line)

    def test_the_headroom_is_said_where_nothing_failed(self):
        done = self.call("run", self.file("ok.yaml", OK))
        self.assertRegex(done.stdout.splitlines()[0], r"^no failure: .* headroom \d")
        self.assertIn("470.5/s", done.stdout)

    def test_plain_ascii_without_a_utf8_locale(self):
        done = self.call("run", self.file("out.yaml", RUNS_OUT), env={"LC_ALL": "C"})
        self.assertTrue(done.stdout.isascii())
        self.assertIn("ok   apps.load.first_failure.at", done.stdout)

    def test_quiet_prints_only_failures(self):
        self.assertEqual(self.call("run", "--quiet", self.file("ok.yaml", OK)).stdout, "")
        self.assertIn("apps.load.failed: 1", self.call("run", "--quiet", self.file("f.yaml", FAILS)).stdout)

    def on_terminal(self, path, env):
        main, side = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "LC_ALL": "C.UTF-8", **env}
        running = subprocess.Popen([support.PROGRAM, "run", path], stdout=side, env=environment,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(side)
        out = b""
        while select.select([main], [], [], 60)[0]:
            try:
                block = os.read(main, 65536)
            except OSError:
                break
            if not block:
                break
            out += block
        running.wait(60)
        os.close(main)
        return out.decode()

    def test_colours_only_on_a_terminal_and_not_with_no_color(self):
        path = self.file("ok.yaml", OK)
        self.assertIn("\x1b[", self.on_terminal(path, {}))
        self.assertNotIn("\x1b[", self.on_terminal(path, {"NO_COLOR": "1"}))
        self.assertNotIn("\x1b[", self.call("run", path).stdout)

    def test_a_failed_step_shows_call_expected_and_got(self):
        text = """fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2 } }
script:
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:81", expect: ok }
"""
        done = self.call("run", self.file("step.yaml", text))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines()[0],
                         "script step 2, connect on client: expected ok, got ECONNREFUSED")

    def test_a_profile_knows_the_options_of_its_kernel_for_tcp_and_udp(self):
        asks = """fourtuple: 1
title: An option that came with 6.3
hosts: {{ a: {{ os: {os}, address: 10.0.0.1 }} }}
script:
  - {{ host: a, socket: S, type: {type} }}
  - {{ host: a, setsockopt: S, option: IP_LOCAL_PORT_RANGE, value: 40000 .. 40002, expect: {answer} }}
"""
        for system, answer in (("linux-4.4", "ENOPROTOOPT"), ("linux-6.18", "ok")):
            for kind in ("tcp", "udp"):
                text = asks.format(os=system, type=kind, answer=answer)
                done = self.call("run", self.file("option.yaml", text))
                self.assertEqual(done.returncode, 0, f"{system} {kind}: {done.stdout}")

    def test_a_source_that_is_not_the_hosts_is_refused_as_its_kernel_does(self):
        text = """fourtuple: 1
title: Unreachable since 5.4, before an invalid argument
hosts: {{ a: {{ os: {os}, address: 10.0.0.1 }} }}
script:
  - {{ host: a, socket: S, type: {type} }}
  - {{ host: a, setsockopt: S, option: IP_FREEBIND, value: 1 }}
  - {{ host: a, bind: S, to: "10.0.0.9:5000" }}
  - {{ host: a, connect: S, to: "10.0.0.1:80", expect: {answer} }}
"""
        for system, answer in (("linux-4.4", "EINVAL"), ("linux-6.1", "ENETUNREACH")):
            for kind in ("tcp", "udp"):
                done = self.call("run", self.file("source.yaml", text.format(os=system, type=kind, answer=answer)))
                self.assertEqual(done.returncode, 0, f"{system} {kind}: {done.stdout}")

    def test_nothing_from_the_loopback_address_crosses_a_link(self):
        text = """fourtuple: 1
title: From ::1, whole and in three fragments
hosts: { a: { address: "fd00::1" }, b: { address: "fd00::2" } }
links: [ { between: [a, b], latency: 1 ms } ]
script:
  - { host: a, socket: S, type: udp, family: inet6 }
  - { host: a, bind: S, to: "[::1]:5000" }
  - { host: a, sendto: S, to: "[fd00::2]:9", data: x }
  - { host: a, sendto: S, to: "[fd00::2]:9", size: 4000 }
  - { host: a, sendto: S, to: "[fd00::1]:9", data: x }
  - { wait: 10 ms }
expect:
  hosts.b.nstat.Ip6InHdrErrors: 4
  hosts.b.nstat.Udp6NoPorts: 0
  hosts.a.nstat.Udp6NoPorts: 1
  hosts.a.nstat.Ip6InHdrErrors: 0
"""
        done = self.call("run", self.file("loopback.yaml", text))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_datagrams_that_run_out_of_ports_are_explained(self):
        text = """fourtuple: 1
title: A resolver with a socket per query, and answers that take 0.4 s
duration: 1 s
hosts:
  c: { address: 10.0.0.1, sysctls: { net.ipv4.ip_local_port_range: "40000 40099" } }
  s: { address: 10.0.0.2, user: root }
links: [ { between: [c, s], latency: 200 ms } ]
apps:
  d: { host: s, udp_server: { port: 53 } }
  q: { host: c, udp_client: { to: "s:53", rate: 500/s, sockets: per_request, timeout: 1 s } }
"""
        done = self.call("run", self.file("datagrams.yaml", text))
        for words in ("first EAGAIN at 200 ms (attempt 101", "100 ports (range 40000-40099) for all UDP sockets",
                      "at 500/s a socket may stay open for 200 ms at most", "sockets: one",
                      "timeout: 200 ms (below 1 s)", "UDP ports peak"):
            self.assertIn(words, done.stdout)
        one = self.call("run", self.file("one.yaml", text.replace("per_request", "one")))
        self.assertNotIn("EAGAIN", one.stdout)

    def test_who_does_not_read_keeps_no_more_than_its_buffer(self):
        text = """fourtuple: 1
title: The edge of a window is rounded up with each ACK of a small segment
hosts: { a: { address: 10.0.0.1 }, b: { address: 10.0.0.2 } }
script:
  - { host: a, socket: L }
  - { host: a, bind: L, to: "0.0.0.0:5001" }
  - { host: a, listen: L, backlog: 5 }
  - { host: b, socket: S }
  - { host: b, setsockopt: S, option: TCP_MAXSEG, value: 88 }
  - { host: b, connect: S, to: "10.0.0.1:5001", within: 300 ms, expect: ok }
  - { host: b, fill: S, expect: 68704 }
  - { wait: 300 ms }
  - { host: b, fill: S }
  - { wait: 300 ms }
  - { host: b, fill: S }
  - { wait: 300 ms }
expect:
  hosts.b.nstat.TcpExtTCPOrigDataSent: 1000 .. 2100
"""
        done = self.call("run", self.file("full.yaml", text))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_what_is_sent_again_is_not_sent_out(self):
        text = """fourtuple: 1
title: tcpOutSegs leaves out what was sent before (RFC 4022); a SYN-ACK counts each time
hosts:
  a: { address: 10.0.0.1, firewall: [ { drop: all } ] }
  b: { address: 10.0.0.2 }
script:
  - { host: b, socket: L }
  - { host: b, bind: L, to: "0.0.0.0:5000" }
  - { host: b, listen: L, backlog: 5 }
  - { host: a, socket: S }
  - { host: a, connect: S, to: "10.0.0.2:5000", within: 2500 ms, expect: timeout }
expect:
  hosts.a.nstat.TcpOutSegs: 1
  hosts.a.nstat.TcpRetransSegs: 2
  hosts.b.nstat.TcpOutSegs: 4
"""
        done = self.call("run", self.file("again.yaml", text))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_control_characters_of_a_title_do_not_reach_the_terminal(self):
        text = OK.replace("title: fine", 'title: "a\\e[31mb\\r\\nc"')
        self.assertNotIn("\x1b", self.call("run", self.file("t.yaml", text)).stdout)


class Machines(CommandTest):
    def test_json_alone_on_stdout_has_the_shape_of_the_format(self):
        done = self.call("run", self.file("out.yaml", RUNS_OUT), "--json", "-", "--seed", "7")
        tree = json.loads(done.stdout)
        self.assertEqual(list(tree), ["fourtuple", "title", "seed", "ended_at", "digest", "apps",
                                      "hosts", "script", "expect", "run"])
        self.assertEqual((tree["fourtuple"], tree["seed"]), (1, 7))
        self.assertIn('"ended_at": 40.0,', done.stdout)
        self.assertRegex(tree["digest"], "^[0-9a-f]+$")
        load = tree["apps"]["load"]
        self.assertEqual(load["first_failure"],
                         {"at": 28.232, "error": "EADDRNOTAVAIL", "call": "connect", "attempt": 28233})
        self.assertIn('"at": 28.232,', done.stdout)
        self.assertEqual(len(load["connections"]), 100)
        self.assertEqual(set(load["connections"][0]),
                         {"fd", "local", "remote", "opened_at", "closed_at", "closed_by"})
        self.assertEqual(tree["hosts"]["client"]["ports"]["range"], [32768, 60999])
        self.assertEqual(tree["hosts"]["client"]["nstat"]["TcpActiveOpens"], 28232)
        self.assertEqual(tree["expect"][0],
                         {"metric": "apps.load.first_failure.at", "condition": "28.2 s .. 28.3 s",
                          "value": 28.232, "pass": True, "line": 11})
        self.assertEqual(set(tree["run"]), {"events", "wall_seconds", "peak_rss_bytes"})

    def test_the_digest_does_not_depend_on_how_the_run_is_watched(self):
        path = self.file("ok.yaml", OK)
        more = self.file("more.yaml", OK + "expect_at: { 0.3 s: { apps.load.failed: 0 } }\n")
        digests = {json.loads(self.call("run", p, "--json", "-").stdout)["digest"] for p in (path, more)}
        self.assertEqual(len(digests), 1)

    def test_several_files_are_a_list_in_the_order_given(self):
        names = [self.file(f"{i}.yaml", OK if i % 2 else FAILS) for i in range(6)]
        for jobs in ("1", "3"):
            done = self.call("run", *names, "--json", "-", "--jobs", jobs)
            self.assertEqual([element["file"] for element in json.loads(done.stdout)], names)
            report = self.call("run", *names, "--jobs", jobs).stdout
            self.assertEqual(re.findall(r"^(\S+\.yaml): (?:not )?fine$", report, re.M), names)
            self.assertIn("6 files: 3 as expected, 3 not as expected", report)

    def test_a_folder_is_a_list_sorted_and_recursive_even_with_one_file(self):
        self.file("dir/b.yml", OK)
        self.file("dir/a/z.yaml", OK)
        self.file("dir/readme.txt", "no scenario")
        tree = json.loads(self.call("run", str(self.path / "dir"), "--json", "-").stdout)
        self.assertEqual([os.path.basename(e["file"]) for e in tree], ["z.yaml", "b.yml"])

    def test_a_file_that_did_not_run_stands_in_the_list_with_its_errors(self):
        done = self.call("run", self.file("ok.yaml", OK), self.file("bad.yaml", BAD), "--json", "-")
        good, bad = json.loads(done.stdout)
        self.assertIn("apps", good)
        self.assertTrue(all("bad.yaml:" in e for e in bad["errors"]))

    def test_standard_input_is_a_file_named_dash(self):
        done = self.call("run", "-", input=OK)
        self.assertEqual(done.returncode, 0, done.stderr)
        bad = self.call("run", "-", input=BAD)
        self.assertIn("-:3:", bad.stderr)

    def test_set_changes_a_value_as_if_it_were_written(self):
        path = self.file("ok.yaml", OK)
        done = self.call("run", path, "--set", "apps.load.rate=200/s", "--json", "-")
        self.assertEqual(json.loads(done.stdout)["apps"]["load"]["attempted"], 201)

    def test_junit_is_xml_with_a_case_for_each_condition(self):
        out = str(self.path / "junit.xml")
        self.call("run", self.file("f.yaml", FAILS), self.file("bad.yaml", BAD), "--junit", out)
        suites = xml.etree.ElementTree.parse(out).getroot().findall("testsuite")
        self.assertEqual([(s.get("failures"), s.get("errors")) for s in suites], [("1", "0"), ("0", "1")])

    def test_github_annotations_name_file_and_line(self):
        fails, bad = self.file("f.yaml", FAILS), self.file("bad.yaml", BAD)
        done = self.call("run", fails, bad, "--github")
        self.assertIn(f"::error file={fails},line=8::apps.load.failed", done.stdout)
        self.assertRegex(done.stdout, f"::error file={bad},line=3,col=\\d+::")
        quiet = self.call("run", fails, "--github", "--json", "-")
        json.loads(quiet.stdout)
        self.assertIn("::error", quiet.stderr)


class OtherVerbs(CommandTest):
    def test_lint_says_ok_and_resolves(self):
        path = self.file("ok.yaml", OK)
        self.assertIn("ok: 2 hosts, 2 apps", self.call("lint", path).stdout)
        resolved = self.call("lint", "--resolved", path)
        again = self.call("run", "-", input=resolved.stdout)
        self.assertEqual(again.returncode, 0, again.stderr)

    def test_ss_takes_combined_options_and_filters(self):
        path = self.file("out.yaml", RUNS_OUT)
        at = ("ss", path, "--at", "2 s", "--host")
        table = self.call(*at, "client", "-tan", "state", "time-wait").stdout.splitlines()
        self.assertTrue(table[0].startswith("Recv-Q"), table[0])
        self.assertGreater(len(table), 1900)
        self.assertEqual(self.call(*at, "client", "-tanH", "state", "time-wait", "dst", "10.0.0.3").stdout, "")
        port = table[1].split()[2].split(":")[1]
        one = self.call(*at, "client", "-taHno4", "(", "sport", "=", f":{port}", ")").stdout
        self.assertEqual(len(one.splitlines()), 1)
        self.assertRegex(one, r"timer:\(timewait,(59sec|1min)")
        listeners = self.call(*at, "server", "-tlnp").stdout
        self.assertRegex(listeners, r'LISTEN +0 +4096 +0\.0\.0\.0:443 +0\.0\.0\.0:\* +users:\(\("api",pid=\d+,fd=3\)\)')
        self.assertTrue(self.call(*at, "client", "-s").stdout.startswith("Total: "))

    def test_ss_as_json_has_the_rows_that_it_would_print(self):
        path = self.file("out.yaml", RUNS_OUT)
        at = ("ss", path, "--at", "2 s", "-tan")
        done = self.call(*at, "--json", "-", "state", "time-wait")
        tree = json.loads(done.stdout)
        self.assertEqual((tree["at"], list(tree["sockets"])), (2.0, ["client", "server"]))
        lines = self.call(*at, "-H", "--host", "client", "state", "time-wait").stdout.splitlines()
        rows = tree["sockets"]["client"]
        self.assertEqual([(r["local"], r["peer"]) for r in rows], [tuple(x.split()[2:4]) for x in lines])
        self.assertEqual({r["timer"]["name"] for r in rows}, {"timewait"})
        listener = json.loads(self.call(*at, "--json", "-", "--host", "server", "-l").stdout)
        [row] = listener["sockets"]["server"]
        self.assertEqual((row["state"], row["processes"][0]["name"], row["timer"]), ("LISTEN", "api", None))
        self.assertEqual(self.call(*at, "-s", "--json", "-").returncode, 2)

    def test_ss_and_trace_report_a_bad_file_in_every_form(self):
        bad = self.file("bad.yaml", BAD)
        out = str(self.path / "junit.xml")
        for verb in (("ss", bad, "--at", "1 s"), ("trace", bad)):
            done = self.call(*verb, "--json", "-", "--junit", out, "--github")
            self.assertEqual(done.returncode, 2)
            self.assertEqual(len(json.loads(done.stdout)["errors"]), 2)
            self.assertRegex(done.stderr, f"::error file={bad},line=3,col=\\d+::")
            suite = xml.etree.ElementTree.parse(out).getroot().find("testsuite")
            self.assertEqual(suite.get("errors"), "1")

    def test_a_trace_as_json_is_the_tree_of_the_run_with_its_packets(self):
        path = self.file("f.yaml", FAILS)
        out = str(self.path / "junit.xml")
        done = self.call("trace", path, "--json", "-", "--junit", out, "--limit", "10")
        self.assertEqual(done.returncode, 0, done.stderr)
        tree = json.loads(done.stdout)
        run = json.loads(self.call("run", path, "--json", "-").stdout)
        self.assertEqual((tree["digest"], len(tree["packets"])), (run["digest"], 10))
        first = tree["packets"][0]
        self.assertEqual([first[k] for k in ("host", "to", "protocol", "destination", "flags", "lost")],
                         ["client", "server", "tcp", "10.0.0.2:443", "S", False])
        suite = xml.etree.ElementTree.parse(out).getroot().find("testsuite")
        self.assertEqual(suite.get("failures"), "1")
        self.assertEqual(self.call("trace", path, "--json", "-", "--ladder").returncode, 2)
        self.assertEqual(self.call("trace", path, "--dot", "--junit", out).returncode, 2)

    def test_services_and_schema_and_list(self):
        self.assertIn("6379", self.call("services").stdout)
        self.assertIn("SSH", self.call("services", "22").stdout)
        self.assertIn("properties", json.loads(self.call("schema").stdout))
        self.assertIn(self.call("list").returncode, (0, 3))


if __name__ == "__main__":
    support.main()
