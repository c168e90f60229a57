#!/usr/bin/env python3
"""10 MB over a link that loses, on both kernels: goodput and retransmissions side by side.

  bulk_test.py PROGRAM [--whole] [--jobs N]

Without --whole the few of them that fit into the suite; with it every loss and latency (ten minutes and
more, for a machine that does nothing else: slow start ends by the spacing of ACKs in microseconds, and what
the real wire needs for itself, some 0.2 ms, is a good part of a latency of 1 ms). The exit code is 1 where
both kernels disagree: the time by more than 15 %, counts by more than that and chance.
"""
import argparse
import itertools
import json
import pathlib
import subprocess
import tempfile

SCENARIO = """fourtuple: 1
title: 10 MB at {loss} % loss over {latency} ms with {control}
hosts:
  client: {{ address: 10.0.0.1, sysctls: {{ net.ipv4.tcp_congestion_control: {control} }} }}
  server: {{ address: 10.0.0.2, user: root }}
links:
  - {{ between: [client, server], latency: {latency} ms, bandwidth: 100 Mbit/s, loss: {loss} % }}
apps:
  sink:   {{ host: server, echo_server: {{ port: 80, reply: 1 B }} }}
  upload: {{ host: client, load: {{ to: "server:80", rate: 1/s, limit: 1, request: 10 MB, reply: 1 B }} }}
real: {{ tolerance: 15 % }}
"""
WHOLE = list(itertools.product(("cubic", "reno"), ("0", "0.1", "1", "5"), (1, 10, 50, 200)))
FEW = [("cubic", "0", 1), ("cubic", "1", 10), ("reno", "0.1", 10), ("reno", "1", 10)]


def figures(tree):
    """Seconds until the last byte was answered, and what was sent again."""
    nstat = tree["hosts"]["client"]["nstat"]
    return (tree["ended_at"], nstat["TcpRetransSegs"], nstat["TcpExtTCPTimeouts"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--jobs", default="4")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for control, loss, latency in WHOLE if options.whole else FEW:
            files.append(pathlib.Path(folder, f"{control}_loss_{loss}_latency_{latency}.yaml"))
            files[-1].write_text(SCENARIO.format(control=control, loss=loss, latency=latency))
        out = pathlib.Path(folder, "both.json")
        run = subprocess.run([options.program, "crosscheck", "--jobs", options.jobs, "--json", out, *files],
                             capture_output=True, text=True, check=False)
        if run.returncode == 3:
            print("skipped, because", (run.stderr + run.stdout).strip().splitlines()[-1])
            raise SystemExit(77)
        print(f"{'':28} {'simulated':>27}   {'kernel':>27}")
        print(f"{'':28} {'seconds':>9} {'resent':>8} {'RTOs':>8}   {'seconds':>9} {'resent':>8} {'RTOs':>8}")
        for one in json.loads(out.read_text()):
            sides = "   ".join("{:9.2f} {:8} {:8}".format(*figures(one[side])) for side in ("simulated", "kernel"))
            name = pathlib.Path(one["file"]).stem
            print(f"{name:28} {sides}  {'' if one['agree'] else 'differs'}")
        if run.returncode != 0:
            print(run.stdout, run.stderr, sep="\n")
        raise SystemExit(0 if run.returncode == 0 else 1)


main()
