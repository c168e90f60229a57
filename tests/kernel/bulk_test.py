#!/usr/bin/env python3
"""10 MB over a link that loses, on both kernels: goodput and retransmissions side by side.

  bulk_test.py PROGRAM [--whole] [--jobs N]

Without --whole the few of them that fit into the suite; with it every loss and latency (twenty minutes and
more, for a machine that does nothing else: slow start ends by the spacing of ACKs in microseconds, and what
the real wire needs for itself, some 0.2 ms, is a good part of a latency of 1 ms). Those that wait most of
their time run beside each other, N at a time; the others alone. Each is printed as it ends. The exit code is
1 where both kernels disagree: the time by more than 15 %, counts by more than that and chance.

Without loss slow start overruns the queue of the link, and what that costs is settled by thresholds: a
process that reads half a millisecond late gets a smaller receive buffer, fewer segments are in flight two
rounds later, and another part of the next burst is lost. At 200 ms runs of one kernel take 6.1 to 9.0 s and
send 284 to 866 segments again. So where both differ the kernel is asked again, MORE_RUNS times at most, and
they agree where one of its runs does; the table says how many it took.
"""
import argparse
import concurrent.futures
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
MORE_RUNS = 6
DIFFERS = 5  # the exit code of crosscheck
FEW = [("cubic", "0", 1), ("cubic", "1", 10), ("reno", "0.1", 10), ("reno", "1", 10)]


def figures(tree):
    """Seconds until the last byte was answered, and what was sent again."""
    nstat = tree["hosts"]["client"]["nstat"]
    return (tree["ended_at"], nstat["TcpRetransSegs"], nstat["TcpExtTCPTimeouts"])


def crosscheck(program, folder, case):
    """What `crosscheck` says of one of them, as (name, exit code, result, what it printed, runs)."""
    control, loss, latency = case
    name = f"{control}_loss_{loss}_latency_{latency}"
    file = pathlib.Path(folder, name + ".yaml")
    file.write_text(SCENARIO.format(control=control, loss=loss, latency=latency))
    out = file.with_suffix(".json")
    for runs in range(1 + MORE_RUNS):
        once = ["--once"] if runs else []
        run = subprocess.run([program, "crosscheck", *once, "--json", out, file], capture_output=True, text=True,
                             check=False)
        if run.returncode != DIFFERS:
            break
    result = json.loads(out.read_text()) if out.exists() else None
    return name, run.returncode, result, run.stdout + run.stderr, runs


def report(name, code, result, printed, runs):
    """One line of the table; False where the kernels disagree. Ends the test where it cannot run."""
    if code == 3:
        print("skipped, because", printed.strip().splitlines()[-1])
        raise SystemExit(77)
    if result is not None:
        sides = "   ".join("{:9.2f} {:8} {:8}".format(*figures(result[side])) for side in ("simulated", "kernel"))
        print(f"{name:28} {sides}  {'' if result['agree'] else 'differs'}"
              f"{f'  (run {runs} of the kernel after the first)' if runs else ''}", flush=True)
    if code != 0:
        print(printed, flush=True)
    return code == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--jobs", type=int, default=4)
    options = parser.parse_args()
    cases = WHOLE if options.whole else FEW
    patient = sorted((c for c in cases if c[2] >= 50), key=lambda c: -c[2] * float(c[1]))
    quick = [c for c in cases if c[2] < 50]
    print(f"{'':28} {'simulated':>27}   {'kernel':>27}")
    print(f"{'':28} {'seconds':>9} {'resent':>8} {'RTOs':>8}   {'seconds':>9} {'resent':>8} {'RTOs':>8}", flush=True)
    agree = True
    with tempfile.TemporaryDirectory() as folder:
        for group, jobs in ((quick, 1), (patient, options.jobs)):
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                runs = [pool.submit(crosscheck, options.program, folder, case) for case in group]
                for run in concurrent.futures.as_completed(runs):
                    agree &= report(*run.result())
    raise SystemExit(0 if agree else 1)


main()
