#!/usr/bin/env python3
"""Prints what a connection costs, beside the goals, and beside ns-3 where its libraries are installed
(Debian: libns3-dev). Times are of one run on one machine: compare the ratios.

  numbers.py PROGRAM [--million]     --million: instructions up to 10^6 connections too (minutes)
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

from support import command, cpu_seconds, here, peak_bytes, per_connection

parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--million", action="store_true")
options = parser.parse_args()
program = options.program


def row(what, value, goal=""):
    print(f"{what:<58}{value:>16}   {goal}", flush=True)


def steps():
    yield 5_000, 15_000
    yield 90_000, 100_000
    if options.million:
        yield 990_000, 1_000_000


def ns3_rate():
    """Connections per CPU second, or nothing where ns-3 is not here."""
    with tempfile.TemporaryDirectory() as folder:
        binary = pathlib.Path(folder) / "ns3_churn"
        libraries = ["internet", "traffic-control", "point-to-point", "network", "core"]
        built = subprocess.run(
            ["c++", "-O2", "-std=c++17", "-o", binary, here / "peers" / "ns3_churn.cpp",
             *(f"-lns3-{name}" for name in libraries)], capture_output=True, text=True, check=False)
        if built.returncode != 0:
            return None
        run = subprocess.run([binary, "5000", "900"], capture_output=True, text=True, check=True)
        done, seconds = run.stdout.split()
        return int(done) / float(seconds)


first = None
for short, long in steps():
    cost = per_connection(program, "echo_connection.yaml", short, long)
    first = first or cost
    row(f"instructions per connection, at {long:,} connections", f"{cost:,.0f}",
        "at most 12,500" if cost is first else f"{100 * (cost / first - 1):+.1f} %, within 10 %")

busy = ["--set", "apps.load.rate=20000/s", "--set", "hosts.client.sysctls[net.ipv4.tcp_tw_reuse]=1"]
spent = [cpu_seconds(command(program, "echo_connection.yaml", n, *busy)) for n in (100_000, 400_000)]
ours = 300_000 / (spent[1] - spent[0])
row("connections per CPU second", f"{ours:,.0f}", "at least 250,000")
peer = ns3_rate()
row("the same on ns-3, TIME-WAIT cut to 0.1 s",
    "not installed" if peer is None else f"{peer:,.0f}",
    "" if peer is None else f"we: {ours / peer:,.0f} times as many")

held = [peak_bytes(program, "held_connections.yaml", n) for n in (1_000, 6_000)]
row("bytes per established connection, both ends", f"{(held[1] - held[0]) / 100_000:,.0f}",
    "at most 700")
waits = [peak_bytes(program, "time_waits.yaml", n) for n in (100_000, 400_000)]
row("bytes per TIME-WAIT", f"{(waits[1] - waits[0]) / 300_000:,.0f}", "at most 96")
bench = pathlib.Path(program).resolve().parent / "ports_bench"
if bench.exists():
    subprocess.run([bench, "--benchmark_filter=full|99|100"], stdout=sys.stdout, check=False)
else:
    row("port allocation", "not built", "configure with -DFOURTUPLE_BENCH=ON")
