"""Loops that the cases describe in words: bodies of `repeat`, written out round by round."""
import re

from chance import port
from observe import coarseness, transitions
from translate import Script, Untranslatable, place, seconds

NAMED = {"A": "10.77.0.2", "B": "10.77.0.3"}


def body_step(words, s, udp):
    """One call of a round on the socket `s`: (kind, step)."""
    host = {"host": "client"}
    if words in ("keep", "keep open", "close all with RST"):
        return None
    if words.startswith("socket") or words == "client socket":
        family = "inet6" if "INET6" in words else "inet"
        return {**host, "socket": s, "type": "udp" if udp else "tcp", "family": family}
    if words == "nonblock":
        return None
    if m := re.fullmatch(r"setsockopt IP_LOCAL_PORT_RANGE \((\d+), (\d+)\)", words):
        return {**host, "setsockopt": s, "option": "IP_LOCAL_PORT_RANGE",
                "value": int(m[2]) << 16 | int(m[1])}
    if m := re.fullmatch(r"setsockopt (\w+) (\d+)", words):
        return {**host, "setsockopt": s, "option": m[1], "value": int(m[2])}
    if m := re.fullmatch(r"(bind|connect|sendto) (\S+) (\d+)", words):
        more = {"size": 1} if m[1] == "sendto" else {}
        return {**host, m[1]: s, "to": place(m[2], m[3]), **more}
    if m := re.fullmatch(r"connect \('(.*)', (\d+)\)", words):
        return {**host, "connect": s, "to": place(m[1], m[2])}
    if m := re.fullmatch(r"connect ([AB]):(\d+)", words):
        return {**host, "connect": s, "to": place(NAMED[m[1]], m[2])}
    if m := re.fullmatch(r"connect\((\S+),(\d+)\)", words):
        return {**host, "connect": s, "to": place(m[1], m[2])}
    if words in ("connect", "connect same tuple"):
        return {**host, "connect": s, "to": "10.77.0.2:5000"}
    if words == "listen 5":
        return {**host, "listen": s, "backlog": 5}
    if words == "accept":
        return {"host": "server", "accept": "s_l", "as": s + "_a"}
    ends = {"client close": {**host, "close": s}, "server close": {"host": "server", "close": s + "_a"},
            "server recv 0": {"host": "server", "recv": s + "_a", "max": 16},
            "client recv 0": {**host, "recv": s, "max": 16}}
    if words in ends:
        return ends[words]
    raise Untranslatable(f"the round's {words}")


def rounds_of(body):
    """Which list of words round i runs, and whether sockets are UDP."""
    if isinstance(body, list):
        return (lambda i: body), False
    udp = body.get("type") == "udp"
    if "cycle" in body:
        return (lambda i: body["cycle"][i % len(body["cycle"])]), udp
    blocks = body["in_blocks_of_100"]
    return (lambda i: blocks[i // 100 % len(blocks)]), udp


def repeat(script: Script, result, more, tag, ports=False):
    """`ok` rounds that succeed, then one whose failing call has that errno. The local ports of all
    successful rounds are looked up if `ports`; gives the numbers of those steps."""
    body_at, udp = rounds_of(more["body"])
    named = []
    for i in range(result["ok"] + (1 if result.get("first_error") else 0)):
        failing = i == result["ok"]
        s = f"r{tag}_{i}"
        words = body_at(i)
        if not any("socket" in w for w in words):
            words = ["socket", *words]
        fails_in = fail_index(words, result) if failing else None
        for k, w in enumerate(words):
            step = body_step(w, s, udp)
            if step is None:
                continue
            if k == fails_in:
                script.add(step, result["first_error"])
                break
            good = "eof" if "recv" in step else 1 if "sendto" in step else "ok"
            script.add(step, good)
        if ports and not failing:
            named.append(script.add({"host": "client", "getsockname": s}, "ok"))
    return named


def odd_width(case):
    """Of an odd number of ports one call walks past all but one: the first failure comes one port
    early, by chance."""
    words = case["setup"].get("sysctl", {}).get("client", {}).get("ip_local_port_range", "0 1").split()
    width = int(words[1]) - int(words[0]) + 1
    return width if width % 2 == 1 and width > 1 else None


def first_failure(script, result, more, tag, width):
    """Rounds until one fails, after `width` of them or one less."""
    body_at, udp = rounds_of(more["body"])
    rounds = []
    for i in range(width + 1):
        row = []
        for w in body_at(i):
            if step := body_step(w, f"r{tag}_{i}", udp):
                row.append(script.add(step))
        rounds.append(row)

    def judge(rows):
        first = next((k for k, row in enumerate(rounds)
                      if any(rows[i]["result"] not in ("ok", "skipped") for i in row)), None)
        if first not in (width - 1, width):
            return [f"first failure after {first}, the kernel {result['ok']}"]
        errno = next(rows[i]["result"] for i in rounds[first] if rows[i]["result"] != "ok")
        return [] if errno == result["first_error"] else [f"{errno}, the kernel {result['first_error']}"]
    script.check(judge)


def fail_index(words, result):
    call = result.get("failing_call")
    if call in words:
        return words.index(call)
    for kind in (call or "connect", "connect", "bind", "listen", "sendto"):
        for k, w in enumerate(words):
            if w.startswith(kind):
                return k
    raise Untranslatable("which call failed")


def churn(script, args, observed):
    """So many a second: how many rounds succeed, and of which ports."""
    gap = 1 / args["rate_per_s"]
    rounds = round(args["duration_s"] * args["rate_per_s"])
    connects, named = [], []
    for i in range(rounds):
        s = f"c{i}"
        script.add({"host": "client", "socket": s}, "ok")
        connects.append(script.add({"host": "client", "connect": s, "to": "10.77.0.2:5000"}))
        script.add({"host": "server", "accept": "s_l", "as": s + "_a", "nonblocking": True})
        named.append(script.add({"host": "client", "getsockname": s}))
        script.add({"host": "client", "close": s})
        script.add({"host": "server", "recv": s + "_a", "max": 16, "nonblocking": True})
        script.add({"host": "server", "close": s + "_a"})
        script.add({"wait": seconds(gap)})

    def judge(rows):
        good = [i for i, c in enumerate(connects) if rows[c]["result"] == "ok"]
        ports = {port(rows[named[i]]) for i in good}
        wrong = []
        # 60 s TIME-WAITs end up to 2.05 s late, so a run of 130 s differs by what begins then.
        slack = round(args["rate_per_s"] * 6)
        # Where ports are left over, which come again is chance, on the kernel too.
        chance = 5 if observed["distinct_ports"] < 95 and observed["fail"] == 0 else 0
        if abs(len(good) - observed["ok"]) > slack:
            wrong.append(f"{len(good)} of {rounds} connected, the kernel {observed['ok']}")
        if abs(len(ports) - observed["distinct_ports"]) > chance:
            wrong.append(f"{len(ports)} ports, the kernel {observed['distinct_ports']}")
        return wrong
    script.check(judge)


def reuse_poll(script, to, observed, local):
    """Fresh sockets connect again and again: shortly before the measured moment in vain, shortly
    after it they succeed. What lasts 60 s ends up to 2.05 s late, by the timer wheel."""
    measured = observed["same_tuple_connect_ok_after_s"]
    early, late = (59.9, 62.2) if measured >= 60 else (measured * 0.97 - 0.01, measured + 0.03)
    now = 0.0
    for k, (at, result) in enumerate([(early / 2, "EADDRNOTAVAIL"), (early, "EADDRNOTAVAIL"),
                                      (late, "ok")]):
        script.wait(at - now)
        now = at
        if observed["bind_same_port_ok_after_s"] >= 60:
            script.add({"host": "client", "socket": f"b{k}"}, "ok")
            script.add({"host": "client", "bind": f"b{k}", "to": local},
                       "ok" if result == "ok" else "EADDRINUSE")
            script.add({"host": "client", "close": f"b{k}"}, "ok")
        script.add({"host": "client", "socket": f"p{k}"}, "ok")
        script.add({"host": "client", "connect": f"p{k}", "to": to}, result)


EXCHANGES = {"nothing sent": [], "client sent 5": [("client", 5)], "server sent 5": [("server", 5)],
             "echo 5": [("client", 5), ("server", 5)],
             "echo 5 x 20": [("client", 5), ("server", 5)] * 20,
             "client sent 100 kB": [("client", 100_000)]}


def exchange(script, args, result):
    """Data, 0.3 s of silence, shutdown(SHUT_WR): how long is the client in FIN-WAIT-1?"""
    sock = {"client": "s_s", "server": "s_a"}
    other = {"client": "server", "server": "client"}
    for sender, size in EXCHANGES[args[0]]:
        script.add({"host": sender, "send": sock[sender], "size": size}, size)
        if size > 65536:
            script.wait(0.01)
        reader = other[sender]
        for part in [65536, size - 65536] if size > 65536 else [size]:
            script.add({"host": reader, "recv": sock[reader], "max": part})
    script.wait(0.3)
    script.add({"host": "client", "shutdown": "s_s", "how": "wr"}, "ok")
    measured = float(result.split()[2])
    # The ACK's timer has jiffies (4 ms), and the sample too.
    early, late = max(0.0, measured - 0.009), measured + 0.009
    script.wait(early)
    if early > 0.001:
        script.add({"host": "client", "state": "s_s"}, "FIN-WAIT-1")
    script.wait(late - early)
    script.add({"host": "client", "state": "s_s"}, "FIN-WAIT-2")


def lingering_orphans(script, observed):
    """TCP_LINGER2 of so many seconds: when does the FIN-WAIT-2 of a closed socket end?"""
    for k, (asked, _) in enumerate(observed["requested_measured"]):
        s = f"c{k}"
        script.add({"host": "client", "socket": s}, "ok")
        script.add({"host": "client", "connect": s, "to": "10.77.0.2:5000"}, "ok")
        script.add({"host": "server", "accept": "s_l", "as": s + "_a"}, "ok")
        script.add({"host": "client", "setsockopt": s, "option": "TCP_LINGER2", "value": asked}, "ok")
        script.add({"host": "client", "close": s}, "ok")
        script.wait(0.06)
        script.add({"host": "client", "count": "FIN-WAIT-2"}, 1)
        script.wait(asked - 0.07)
        script.add({"host": "client", "count": "FIN-WAIT-2"}, 1)
        script.wait(coarseness(asked) + 0.06)
        script.add({"host": "client", "count": "FIN-WAIT-2"}, 0)


def lifetimes(script):
    """48 TIME-WAITs begun over six seconds: none ends before 60.0 s, all by 62.1 s."""
    for i in range(48):
        s = f"t{i}"
        script.add({"host": "client", "socket": s}, "ok")
        script.add({"host": "client", "connect": s, "to": "10.77.0.2:5000"}, "ok")
        script.add({"host": "server", "accept": "s_l", "as": s + "_a"}, "ok")
        script.add({"host": "client", "close": s}, "ok")
        script.add({"host": "server", "recv": s + "_a", "max": 16}, "eof")
        script.add({"host": "server", "close": s + "_a"}, "ok")
        script.wait(0.12)


def process(script, args):
    m = re.fullmatch(r"socket s; bind\(([\d.]+),(\d+)\); connect\(([\d.]+),(\d+)\)", args[0])
    own = {"host": "client", "process": "child"}
    script.add({**own, "socket": "s_child"}, "ok")
    script.add({**own, "bind": "s_child", "to": place(m[1], m[2])}, "ok")
    script.add({**own, "connect": "s_child", "to": place(m[3], m[4])}, "ok")


def migration(script):
    """What a listener of two had in its queue is reset as it closes; the rest is the other's."""
    rows_of = [i for i, step in enumerate(script.steps) if "recv" in step]
    for i in rows_of:
        script.expected[i] = {"result": None}
        script.steps[i]["nonblocking"] = True
    taken = script.add({"repeat": 20, "until": "fail", "steps": [
        {"host": "server", "accept": "s_l1", "nonblocking": True}]})

    def judge(rows):
        got = [rows[i]["result"] for i in rows_of]
        wrong = [] if set(got) <= {"ECONNRESET", "EAGAIN"} else [f"{got}"]
        if got.count("EAGAIN") != rows[taken]["result"]:
            wrong.append(f"{got}, but {rows[taken]['result']} left for the other listener")
        return wrong
    script.check(judge)


def bulk(script, size):
    script.add({"host": "client", "send": "s_s", "size": size, "background": "bulk"})
    script.add({"repeat": 100_000, "until": "fail", "steps": [
        {"host": "server", "recv": "s_a", "max": 1_000_000, "within": "1 s"}]})
    script.add({"join": "bulk"}, size)


def reuse_by_rate(script):
    """Ten ports, a connection every millisecond for 12 s: each port again a second after it."""
    apps = {"server": {"host": "client", "echo_server": {"listen": "127.0.0.1:5000"}},
            "load": {"host": "client", "load": {"to": "127.0.0.1:5000", "rate": "1000/s",
                                                "limit": 12000}, "start": "10 ms"}}

    def judge(result):
        load = result["apps"]["load"]
        wrong = [] if 115 <= load["connected"] <= 121 else \
            [f"{load['connected']} connections, the kernel 120"]
        other = {k: n for k, n in load["errors"].items() if n and k != "EADDRNOTAVAIL"}
        return wrong + ([f"errors {other}"] if other else [])
    script.apps = (apps, judge)


def syn_queue(script, n):
    """So many half-open connections at once."""
    for i in range(n):
        s = f"c{i}"
        script.add({"host": "client", "socket": s}, "ok")
        script.add({"host": "client", "connect": s, "to": "10.77.0.2:5000", "nonblocking": True},
                   "EINPROGRESS")


def half_open(script, case):
    """The client vanishes after its SYN: how long does the server keep the request?"""
    script.add({"host": "client", "socket": "s_s"}, "ok")
    script.add({"host": "client", "connect": "s_s", "to": "10.77.0.2:5000", "nonblocking": True},
               "EINPROGRESS")
    script.add({"host": "client", "close": "s_s"}, "ok")
    seen = next(row[6]["value"] for row in case["steps"] if row[4] == ["server_request_sock"])
    transitions(script, "server_request_sock", seen)
    script.add({"host": "server", "accept": "s_l", "nonblocking": True}, "EAGAIN")
