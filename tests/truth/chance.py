"""Loops whose ports are chance: what of them is rule is compared."""
import re

from translate import Untranslatable


def port(row):
    return int(row["address"].rsplit(":", 1)[1])


def order(ports):
    """The order of a walk as far as it is no chance: runs of ports of one parity."""
    runs = []
    for p in ports:
        if not runs or runs[-1][0] != p % 2:
            runs.append([p % 2, 0])
        runs[-1][1] += 1
    return runs


def check_ports(script, named, observed, udp):
    measured = observed["ports_in_order"]

    def judge(rows):
        got = [port(rows[i]) for i in named]
        wrong = []
        # Where sockets share ports, how many do is chance, on the kernel too.
        chance = 5 if observed["distinct_ports"] < len(measured) else 0
        if abs(len(set(got)) - observed["distinct_ports"]) > chance:
            wrong.append(f"{len(set(got))} distinct ports, the kernel {observed['distinct_ports']}")
        if len(measured) == len(got) and len(order(measured)) <= 2 and not udp and \
                order(got) != order(measured):
            wrong.append(f"runs of parity {order(got)}, the kernel {order(measured)}")
        if set(measured) == set(range(min(measured), max(measured) + 1)) and \
                set(got) != set(measured):
            wrong.append("another set of ports")
        return wrong
    script.check(judge)


def parity(script, observed):
    tuples = []

    def once(i):
        s = f"c{i}"
        failed = isinstance(observed["ports"][i], str)
        script.add({"host": "client", "socket": s}, "ok")
        script.add({"host": "client", "connect": s, "to": "10.77.0.2:5000"},
                   observed["ports"][i] if failed else "ok")
        if failed:
            return
        tuples.append((i, script.add({"host": "client", "getsockname": s}, "ok")))
        script.add({"host": "server", "accept": "s_l", "as": s + "_a"}, "ok")
        script.add({"host": "client", "close": s}, "ok")
        script.add({"host": "server", "recv": s + "_a", "max": 16}, "eof")
        script.add({"host": "server", "close": s + "_a"}, "ok")
    for i in range(10):
        once(i)
    script.wait(1.3)
    for i in range(10, 22):
        once(i)

    def judge(rows):
        got = [port(rows[n]) % 2 for _, n in tuples]
        want = [observed["ports"][i] % 2 for i, _ in tuples]
        return [] if got == want else [f"parities {got}, the kernel {want}"]
    script.check(judge)


def by_chance(script, result, body):
    """Two thousand connects to a port of one's own range where nobody listens."""
    target = re.search(r",(\d+)\)", body[1])[1]
    connects = []
    for i in range(2000):
        s = f"c{i}"
        script.add({"host": "client", "socket": s}, "ok")
        connects.append(script.add({"host": "client", "connect": s, "to": f"127.0.0.1:{target}"}))
        script.add({"host": "client", "setsockopt": s, "option": "SO_LINGER",
                    "value": {"onoff": 1, "linger": 0}}, "ok")
        script.add({"host": "client", "close": s}, "ok")

    def judge(rows):
        hits = sum(rows[i]["result"] == "ok" for i in connects)
        # Steps of 2 to 16 along 50 even ports: one in 9 passes meets the target, ... about 36.
        low, high = (0, 0) if result["ok"] == 0 else (15, 70)
        return [] if low <= hits <= high else [f"{hits} self-connects, the kernel {result['ok']}"]
    script.check(judge)


CHOICES = {
    "bind(0.0.0.0,0), close": ([("bind", "0.0.0.0:0")], {}, True),
    "SO_REUSEPORT bind(0.0.0.0,0) held": ([("bind", "0.0.0.0:0")], {"SO_REUSEPORT": 1}, False),
    "IP_BIND_ADDRESS_NO_PORT bind(10.77.0.1,0)+connect": (
        [("bind", "10.77.0.1:0"), ("connect", "10.77.0.2:5000")], {"IP_BIND_ADDRESS_NO_PORT": 1}, False),
    "REUSEADDR bind0 until exhausted": ([("bind", "0.0.0.0:0")], {"SO_REUSEADDR": 1}, False),
    "bind0 until exhausted": ([("bind", "0.0.0.0:0")], {}, False),
    "udp bind(0.0.0.0,0) held": ([("bind", "0.0.0.0:0")], {}, False),
    "udp connect(10.77.0.2,9) held": ([("connect", "10.77.0.2:9")], {}, False),
    "connect alternately to 10.77.0.2:5000 and :5001": (
        [("connect", ["10.77.0.2:5000", "10.77.0.2:5001"])], {}, False),
    "connect alternately to 10.77.0.2:5000 and 10.77.0.3:5000": (
        [("connect", ["10.77.0.2:5000", "10.77.0.3:5000"])], {}, False),
}


def choice(script, words, n, observed):
    """Ports by the thousand: parity, distinctness, evenness."""
    if words not in CHOICES:
        raise Untranslatable(f"the round's {words}")
    calls, options, close = CHOICES[words]
    named = []
    for i in range(n):
        s = f"c{i}"
        script.add({"host": "client", "socket": s, "type": "udp" if words.startswith("udp") else "tcp"},
                   "ok")
        for o, v in options.items():
            script.add({"host": "client", "setsockopt": s, "option": o, "value": v}, "ok")
        for call, to in calls:
            to = to if isinstance(to, str) else to[i % len(to)]
            script.add({"host": "client", call: s, "to": to}, "ok")
        named.append(script.add({"host": "client", "getsockname": s}, "ok"))
        if close:
            script.add({"host": "client", "close": s}, "ok")

    def judge(rows):
        got = [port(rows[i]) for i in named]
        wrong = []
        even = sum(p % 2 == 0 for p in got)
        parity_is_chance = 0.3 < observed["even"] / n < 0.7 and "bind0" not in words
        if parity_is_chance:
            if abs(even - n / 2) > 2.6 * n ** 0.5:  # 5 standard deviations
                wrong.append(f"{even} even ports, the kernel {observed['even']}")
        elif even != observed["even"]:
            wrong.append(f"{even} even ports, the kernel {observed['even']}")
        if "alternately" not in words and abs(len(set(got)) - observed["distinct"]) > (60 if observed["distinct"] != n else 0):
            wrong.append(f"{len(set(got))} distinct ports, the kernel {observed['distinct']}")
        if "index_of_first_even" in observed:
            first = next((i for i, p in enumerate(got) if p % 2 == 0), None)
            if first != observed["index_of_first_even"]:
                wrong.append(f"first even port at {first}, the kernel {observed['index_of_first_even']}")
        walk = {d for d, _ in observed["delta_top"]} == set(range(2, 18, 2))
        if walk and not set(b - a for a, b in zip(got, got[1:]) if b > a) <= set(range(2, 18, 2)):
            wrong.append("steps other than 2, 4 ... 16")
        return wrong
    script.check(judge)


def first_failures(script, case, observed):
    """25 times: open until the first failure, close all by reset; connect() and bind(0)."""
    low, high = case["setup"]["sysctl"]["client"]["ip_local_port_range"].split()
    width = int(high) - int(low) + 1
    wanted = {}
    for how in ("connect", "bind0"):
        for trial in range(25 if width < 20 else 6):
            row = []
            for i in range(width + 1):
                s = f"{how}{trial}_{i}"
                script.add({"host": "client", "socket": s}, "ok")
                step = {"connect": s, "to": "10.77.0.2:5000"} if how == "connect" else \
                    {"bind": s, "to": "0.0.0.0:0"}
                row.append(script.add({"host": "client", **step}))
            for i in range(width + 1):
                s = f"{how}{trial}_{i}"
                script.add({"host": "client", "setsockopt": s, "option": "SO_LINGER",
                            "value": {"onoff": 1, "linger": 0}})
                script.add({"host": "client", "close": s})
            wanted.setdefault(how, []).append(row)
            script.wait(0.5)  # connect() walks from another start every ten seconds
        script.add({"host": "server", "close": "s_l"})

    def judge(rows):
        wrong = []
        for how, trials in wanted.items():
            seen = set()
            for row in trials:
                seen.add(next((k for k, i in enumerate(row) if rows[i]["result"] != "ok"), width + 1))
            allowed = {width - 1, width}
            if not seen <= allowed:
                wrong.append(f"{how} failed after {sorted(seen)}, the kernel {sorted(allowed)}")
        return wrong
    script.check(judge)


def offsets(script):
    """Four connects to each of four destinations, then again, then from another address."""
    groups = []

    def four(to, source=None):
        row = []
        for _ in range(4):
            s = f"c{len(script.steps)}"
            script.add({"host": "client", "socket": s}, "ok")
            if source:
                script.add({"host": "client", "setsockopt": s, "option": "IP_BIND_ADDRESS_NO_PORT",
                            "value": 1}, "ok")
                script.add({"host": "client", "bind": s, "to": source}, "ok")
            script.add({"host": "client", "connect": s, "to": to}, "ok")
            row.append(script.add({"host": "client", "getsockname": s}, "ok"))
        groups.append(row)
    to = ["10.77.0.2:5000", "10.77.0.2:5001", "10.77.0.3:5000", "10.77.0.3:5001", "10.77.0.2:5000"]
    for each in to:
        four(each)
    four("10.77.0.2:5000", "10.77.0.11:0")

    def judge(rows):
        ports = [[port(rows[i]) for i in row] for row in groups]
        wrong = []
        for p in ports:
            if any(b - a not in range(2, 18, 2) for a, b in zip(p, p[1:])):
                wrong.append(f"steps of {p} are not 2, 4 ... 16")
        if ports[4][0] - ports[0][3] not in range(2, 18, 2):
            wrong.append("the second walk does not go on where the first ended")
        starts = [p[0] for p in ports[:4]] + [ports[5][0]]
        if len(set(starts)) != len(starts):
            wrong.append(f"starts {starts}")
        return wrong
    script.check(judge)


def listeners(script, udp):
    """1,000 connections (datagrams) from as many sockets: how many does each of four sockets get?"""
    shares = []
    for i in range(1000):
        s = f"c{i}"
        script.add({"host": "client", "socket": s, "type": "udp" if udp else "tcp"}, "ok")
        script.add({"host": "client", "connect": s, "to": "127.0.0.1:5000"}, "ok")
        if udp:
            script.add({"host": "client", "send": s, "size": 1}, 1)
        if udp and i % 100 == 99 or i == 999:
            for k in range(4):
                step = {"host": "client", "recv": f"s_u{k}", "nonblocking": True} if udp else \
                    {"host": "client", "accept": f"s_l{k}", "nonblocking": True}
                shares.append((k, script.add({"repeat": 1000, "until": "fail", "steps": [step]})))

    def judge(rows):
        n = [sum(rows[i]["result"] for k, i in shares if k == member) for member in range(4)]
        chi = sum((x - 250) ** 2 / 250 for x in n)
        return [] if sum(n) == 1000 and chi < 16.3 else [f"shares {n}"]  # 3 degrees, p = 0.001
    script.check(judge)
