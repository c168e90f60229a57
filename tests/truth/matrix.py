#!/usr/bin/env python3
"""Who may bind beside whom: every cell of bind_matrix.json, through socket calls.

  matrix.py PROGRAM

A row is a file: per column the first socket is brought into its state on a port of its own, then a
second one calls bind() and, if that is allowed, listen(). Fails at any cell that differs.
"""
import json
import pathlib
import re
import sys
import tempfile

from replay import run

HERE = pathlib.Path(__file__).parent
LETTER = {"ok": ".", "EADDRINUSE": "U", "EADDRNOTAVAIL": "N", "skipped": "-"}
MEETING = 7000  # where active sockets connect to
HOST = {"host": "h"}


def place(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def made(name, address, flags, transport, **more):
    """socket() and its options, and the address it binds."""
    v6only, bare = address == "::v6only", "::" if address == "::v6only" else address
    family = "inet6" if ":" in bare else "inet"
    steps = [{**HOST, "socket": name, "type": transport, "family": family, **more}]
    if family == "inet6":
        steps.append({**HOST, "setsockopt": name, "option": "IPV6_V6ONLY", "value": int(v6only)})
    for flag, option in (("A", "SO_REUSEADDR"), ("P", "SO_REUSEPORT")):
        if flags != "none" and flag in flags:
            steps.append({**HOST, "setsockopt": name, "option": option, "value": 1})
    return steps, bare


def family_of(address):
    return "inet6" if ":" in address else "inet"


def first(key, port, n, transport):
    """Steps that bring the first socket of a row into its state."""
    address, state, flags = key.split("|")
    way = re.fullmatch(r"(.*?)\s*\(via (.*)\)", address)
    address, via = way.groups() if way else (address, None)
    f, c, a = f"F{n}", f"C{n}", f"A{n}"
    steps, bare = made(f, address, flags, transport)
    via = via or {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bare, bare)
    steps.append({**HOST, "bind": f, "to": place(bare, port)})
    # How an IPv6 socket names an IPv4 destination.
    seen = f"::ffff:{via}" if ":" in bare and ":" not in via else via
    if state == "bound":
        return steps
    if state in ("bound_refused", "connected"):
        return steps + [{**HOST, "connect": f, "to": place(seen, MEETING + 1)}]
    if state.startswith("active_"):
        listener = "M6" if ":" in via and not via.startswith("::ffff:") else "M4"
        steps += [{**HOST, "connect": f, "to": place(seen, MEETING)}]
        if state == "active_timewait":
            steps += [{**HOST, "accept": listener, "as": a}, {**HOST, "close": f},
                      {**HOST, "recv": a}, {**HOST, "close": a}]
        return steps
    steps.append({**HOST, "listen": f, "backlog": 5})
    if state == "listening":
        return steps
    plain = via.removeprefix("::ffff:")
    steps += [{**HOST, "socket": c, "family": family_of(plain)},
              {**HOST, "connect": c, "to": place(plain, port)},
              {**HOST, "accept": f, "as": a}, {**HOST, "close": f}]
    if state == "closewait":
        steps += [{**HOST, "close": c}]
    if state == "timewait":
        steps += [{**HOST, "close": a}, {**HOST, "recv": c}, {**HOST, "close": c}]
    return steps


def row_file(key, columns, transport, uid):
    """(scenario, numbers of the steps that bind and listen, per column)."""
    steps = []
    for name, address in (("M4", "0.0.0.0"), ("M6", "::v6only")):
        made_, bare = made(name, address, "none", "tcp")
        steps += made_ + [{**HOST, "bind": name, "to": place(bare, MEETING)}, {**HOST, "listen": name}]
    asked = []
    for n, column in enumerate(columns):
        address, flags = column.split("|")
        port = 20000 + n
        steps += first(key, port, n, transport)
        second, bare = made(f"S{n}", address, flags, transport, **uid)
        steps += second + [{**HOST, "bind": f"S{n}", "to": place(bare, port)}]
        if transport == "tcp":
            steps.append({**HOST, "listen": f"S{n}", "backlog": 5})
        asked.append(len(steps) - (2 if transport == "tcp" else 1))
    return {"fourtuple": 1, "title": key, "pace": "1 us",
            "hosts": {"h": {"user": "root", "nofile": 10000}}, "script": steps}, asked


def cell(rows, at, transport):
    bound = LETTER.get(rows[at]["result"], "?")
    if transport == "udp":
        return bound
    return bound + (LETTER.get(rows[at + 1]["result"], "?") if bound == "." else "-")


def failed_setups(rows, asked):
    """Steps before the second socket's that did not do what they are for."""
    second = {n for at in asked for n in (at, at + 1)}
    return [f"step {n + 1} {row['call']}: {row['result']}" for n, row in enumerate(rows)
            if n not in second and (row["error"] or row["result"] in ("skipped", "timeout")) and
            (row["call"], row["error"]) != ("connect", "ECONNREFUSED")]


def main(program):
    matrix = json.loads((HERE / "bind_matrix.json").read_text())
    tables = [("tcp", matrix["tcp"], matrix["columns"], {}),
              ("udp", matrix["udp"], matrix["columns"], {}),
              ("tcp", matrix["tcp_second_socket_created_by_other_uid"], matrix["other_uid_columns"],
               {"as_user": "nobody"})]
    jobs, cells, bad = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for transport, table, columns, uid in tables:
            for key, row in table.items():
                scenario, asked = row_file(key, columns, transport, uid)
                (pathlib.Path(folder) / f"{len(jobs):03}.yaml").write_text(json.dumps(scenario))
                jobs.append((key, transport, row.split(), columns, asked))
        results = run(program, folder)
    for i, (key, transport, row, columns, asked) in enumerate(jobs):
        if "script" not in results[f"{i:03}"]:
            sys.exit(f"{key}: {results[f'{i:03}']}")
        for wrong in failed_setups(results[f"{i:03}"]["script"], asked):
            bad += 1
            print(f"{transport} {key}: {wrong}")
        got = [cell(results[f"{i:03}"]["script"], at, transport) for at in asked]
        cells += len(row)
        for column, ours, theirs in zip(columns, got, row):
            if ours != theirs:
                bad += 1
                print(f"{transport} {key}, then {column}: {ours}, the kernel {theirs}")
    print(f"{len(jobs)} rows, {cells} cells, {bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
