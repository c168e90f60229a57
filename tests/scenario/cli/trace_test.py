"""trace: what other people's tools make of it."""

import re
import shutil
import subprocess
import unittest

import support
from support import OK, CommandTest

ECHO = OK.replace("load: { to: \"10.0.0.2:443\", rate: 100/s }",
                  "load: { to: \"10.0.0.2:443\", rate: 100/s, limit: 40, request: 20 kB }")
DATAGRAMS = """fourtuple: 1
title: datagrams, one of them to nobody
hosts: { client: { address: [10.0.0.1, "fd00::1"] }, server: { address: [10.0.0.2, "fd00::2"] } }
script:
  - { host: server, socket: S, type: udp }
  - { host: server, bind: S, to: "0.0.0.0:40053" }
  - { host: client, socket: C, type: udp }
  - { host: client, sendto: C, to: "10.0.0.2:40053", data: "hello" }
  - { host: client, sendto: C, to: "10.0.0.2:40054", data: "anybody?" }
  - { host: client, socket: D, family: inet6 }
  - { host: client, connect: D, to: "[fd00::2]:80" }
"""
ECN = """fourtuple: 1
title: Who offers ECN, and who has it switched off
hosts:
  asks: { address: 10.0.0.1, sysctls: { net.ipv4.tcp_ecn: 1 } }
  takes: { address: 10.0.0.2 }
  never: { address: 10.0.0.3, sysctls: { net.ipv4.tcp_ecn: 0 } }
links:
  - { between: [asks, takes], latency: 10 ms }
  - { between: [asks, never], latency: 10 ms }
apps:
  one: { host: takes, echo_server: { port: 5000 } }
  two: { host: never, echo_server: { port: 5000 } }
script:
  - { host: asks, socket: S }
  - { host: asks, connect: S, to: "SERVER:5000" }
  - { host: asks, send: S, data: hello }
"""


class Flags(CommandTest):
    def flags(self, server):
        done = self.call("trace", self.file("ecn.yaml", ECN.replace("SERVER", server)))
        self.assertEqual(done.returncode, 0, done.stderr)
        return re.findall(r"Flags \[(.*?)\]", done.stdout)[:4]

    def test_a_syn_offers_ecn_and_the_answer_accepts(self):
        self.assertEqual(self.flags("takes"), ["SEW", "S.E", ".", "P."])

    def test_a_syn_that_is_sent_again_offers_it_only_without_fallback(self):
        for fallback, second in ((1, "S"), (0, "SEW")):
            text = ECN.replace("tcp_ecn: 1 }", f"tcp_ecn: 1, net.ipv4.tcp_ecn_fallback: {fallback} }}")
            text = text.replace("address: 10.0.0.2 }", "address: 10.0.0.2, firewall: [ { drop: tcp/5000 } ] }")
            done = self.call("trace", self.file("again.yaml", text.replace("SERVER", "takes")))
            self.assertEqual(re.findall(r"Flags \[(.*?)\]", done.stdout)[:3], ["SEW", second, second])

    def test_a_host_without_ecn_does_not_answer(self):
        self.assertEqual(self.flags("never"), ["SEW", "S.", ".", "P."])


@unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
class Wireshark(CommandTest):
    def tshark(self, *arguments):
        done = subprocess.run(
            ["tshark", "-r", str(self.path / "out.pcapng"), "-o", "tcp.check_checksum:TRUE",
             "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", *arguments],
            capture_output=True, text=True, check=True)
        return done.stdout

    def capture(self, scenario, *more):
        done = self.call("trace", self.file("in.yaml", scenario), "--pcapng",
                         str(self.path / "out.pcapng"), *more)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_it_sees_nothing_wrong_where_nothing_is(self):
        for scenario in (ECHO, DATAGRAMS):
            for view in ((), ("--host", "server")):
                with self.subTest(view=view):
                    self.capture(scenario, *view)
                    wrong = self.tshark(
                        "-Y", "_ws.malformed || tcp.analysis.retransmission || "
                        "tcp.analysis.out_of_order || tcp.analysis.lost_segment || "
                        "tcp.analysis.ack_lost_segment || tcp.checksum.status==0 || "
                        "udp.checksum.status==0 || ip.checksum.status==0")
                    self.assertEqual(wrong, "")
                    self.assertGreater(len(self.tshark().splitlines()), 3)

    def test_it_sees_ect_on_data_alone(self):
        self.capture(ECN.replace("SERVER", "takes"))
        rows = self.tshark("-T", "fields", "-e", "ip.dsfield.ecn", "-e", "tcp.len").split("\n")[:4]
        self.assertEqual(rows, ["0\t0", "0\t0", "0\t0", "2\t5"])

    def test_it_reads_hosts_and_calls(self):
        self.capture(ECHO)
        rows = self.tshark("-T", "fields", "-e", "frame.interface_name", "-e", "frame.comment")
        first = rows.splitlines()[0]
        self.assertEqual(first, "client\tclient load: connect(3, 10.0.0.2:443) = in progress")
        self.assertIn("server api: accept(3) = 4 from 10.0.0.1:", rows)

    def test_an_icmp_error_quotes_the_datagram(self):
        self.capture(DATAGRAMS)
        rows = self.tshark("-Y", "icmp.type==3 && icmp.code==3", "-T", "fields", "-e",
                           "udp.dstport")
        self.assertEqual(rows.strip(), "40054")


class Trace(CommandTest):
    def test_one_host_one_port_and_a_limit(self):
        path = self.file("in.yaml", ECHO)
        everything = self.call("trace", path).stdout.splitlines()
        self.assertGreater(len(everything), 400)
        seen = self.call("trace", path, "--host", "server").stdout
        self.assertEqual({line.split()[1] for line in seen.splitlines()}, {"In", "Out"})
        self.assertEqual(self.call("trace", path, "--port", "444").stdout, "")
        few = self.call("trace", path, "--limit", "5")
        self.assertEqual(len(few.stdout.splitlines()), 5)
        self.assertIn("5 packets recorded, ", few.stderr)

    def test_packets_are_chosen_by_the_words_of_tcpdump(self):
        path = self.file("in.yaml", ECHO)
        syns = self.call("trace", path, "tcp", "and", "src", "host", "client").stdout
        self.assertGreater(len(syns.splitlines()), 100)
        self.assertNotIn(" server ", syns)
        self.assertEqual(self.call("trace", path, "udp or icmp").stdout, "")
        done = self.call("trace", path, "prt 80")
        self.assertEqual(done.returncode, 2)
        self.assertIn("filter: unknown word 'prt'", done.stderr)

    def test_mistakes_are_named(self):
        path = self.file("in.yaml", ECHO)
        done = self.call("trace", path, "--host", "sever")
        self.assertEqual(done.returncode, 2)
        self.assertIn("the file has no such host (did you mean 'server'?)", done.stderr)
        done = self.call("trace", path, "tcp and (src clent or host 10.0.0.9)")
        self.assertEqual(done.returncode, 2)
        self.assertIn("filter: host clent: the file has no such host (did you mean 'client'?)", done.stderr)
        done = self.call("trace", path, "--pcapng", "/nowhere/out.pcapng")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nowhere/out.pcapng cannot be written", done.stderr)

    def test_expectations_are_not_what_a_trace_is_for(self):
        path = self.file("in.yaml", support.FAILS)
        self.assertEqual(self.call("trace", path, "--ladder").returncode, 0)


if __name__ == "__main__":
    support.main()
