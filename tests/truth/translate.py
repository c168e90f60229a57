"""A measured case as a scenario: every call a step, every pause of the measurement a wait.

`script_of(case)` gives the scenario (a mapping; JSON is YAML) and, beside each step of its script, what
the kernel answered there: `expected` below. judge.py compares.
"""
import re

STATES = {"CLOSE": "CLOSED", "SYN_SENT": "SYN-SENT", "SYN_RECV": "SYN-RECEIVED",
          "FIN_WAIT1": "FIN-WAIT-1", "FIN_WAIT2": "FIN-WAIT-2", "CLOSE_WAIT": "CLOSE-WAIT",
          "LAST_ACK": "LAST-ACK", "TIME_WAIT": "TIME-WAIT", "ESTABLISHED": "ESTABLISHED",
          "CLOSING": "CLOSING", "LISTEN": "LISTEN"}
COUNTED = ["SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
           "CLOSING", "LAST-ACK", "TIME-WAIT"]
ADDRESSES = {"client": ["10.77.0.1", "10.77.0.11", "10.77.0.12"],
             "server": ["10.77.0.2", "10.77.0.3", "10.77.0.4"]}
ONLY_SYNS = "tcp flags & (syn|ack) == ack drop"
CLOSERS = {"SHUT_RD": "rd", "SHUT_WR": "wr", "SHUT_RDWR": "rdwr"}
FIREWALL = re.compile(r"hook (input|output) priority 0; tcp (d|s)port (\d+) (drop|reject with (.*))$",
                      re.M)


class Untranslatable(Exception):
    """The file format has no words for what the case does."""


def name(sock):
    return "s_" + re.sub(r"[^A-Za-z0-9_-]", "_", str(sock))


def place(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def seconds(t):
    return f"{round(t * 1_000_000)} us"


class Script:
    """Steps, what each answered on the kernel (a list of the same length), and checks over several."""

    def __init__(self, case):
        self.steps, self.expected, self.checks = [], [], []
        self.nonblocking = set()
        self.counters = None  # (steps until then, judge)
        self.apps = None      # (apps, judge): a case that is no script
        self.case = case

    def add(self, step, result=None, **more):
        """The number of the step, from 0."""
        self.steps.append(step)
        self.expected.append({"result": result, **more})
        return len(self.steps) - 1

    def wait(self, t):
        if t > 0.0005:
            self.add({"wait": seconds(t)})

    def check(self, judge):
        """judge(rows) gives a list of complaints; rows are the results of all steps."""
        self.checks.append(judge)

    def counts(self):
        """How many sockets each host has in each state now: a function of the results."""
        hosts = ["client"] if self.case["setup"]["net"] == "lo" else ["client", "server"]
        at = {(host, state): self.add({"host": host, "count": state})
              for host in hosts for state in COUNTED}
        return lambda rows: {key: rows[i]["result"] for key, i in at.items()}


def setsockopt(option, value):
    if option == "SO_LINGER":
        return {"onoff": value[0], "linger": value[1]}
    if option == "IP_LOCAL_PORT_RANGE":
        return f"{value[0]} {value[1]}"
    return value


def firewall(script, host, args):
    if args[0] == "nft flush ruleset":
        return {"host": host, "firewall": []}
    if len(args) > 1 and ONLY_SYNS in args[1]:
        # The client's handshake never ends. Here: because it does not see the SYN-ACK.
        return {"host": "client", "firewall": [{"drop": "tcp", "from": "server"}]}
    found = FIREWALL.search(args[1]) if len(args) > 1 else None
    if not found:
        raise Untranslatable("a rule, route or command that firewall: has no words for")
    hook, end, port, verdict, how = found.groups()
    if end == "s" and host == "server":
        raise Untranslatable("a rule about a source port")
    rule = {"drop" if verdict == "drop" else "reject": f"tcp/{port}" if end == "d" else "tcp"}
    if end == "s":
        rule["from"] = "server"
    if hook == "output":
        rule["direction"] = "out"
    if how:
        rule["with"] = "tcp-reset" if how == "tcp reset" else "icmp-" + how.split()[-1]
    return {"host": host, "firewall": [rule]}


def sysctl_name(key):
    return key.replace("/", ".") if "/" in key else \
        f"net.core.{key}" if key == "somaxconn" else f"net.ipv4.{key}"


def call(script, row, more):
    """One measured call."""
    _, host, sock, what, args, result = row[:6]
    args = args or []
    s = name(sock)
    step = {"host": host}
    value = more.get("value")
    dur = {"dur": more["dur"]} if "dur" in more else {}
    if what in ("bind", "connect") and len(args) == 1:
        if (place_meant := of_family(args[0])) is None:
            return  # an address structure that the seam cannot form
        args = place_meant
    if what == "socket":
        if more.get("nonblock"):
            step["nonblocking"] = True
            script.nonblocking.add(s)
        else:
            script.nonblocking.discard(s)
        script.add({**step, "socket": s, "type": args[1], "family": args[0]}, result)
    elif what == "nonblock":
        script.nonblocking.add(s)
    elif what == "setsockopt":
        script.add({**step, "setsockopt": s, "option": args[1], "value": setsockopt(args[1], args[2])},
                   result)
    elif what == "bind":
        script.add({**step, "bind": s, "to": place(*args[:2])}, result)
    elif what in ("listen", "listen_raw"):
        script.add({**step, "listen": s, "backlog": args[0]}, result)
    elif what == "connect" and more.get("mode"):
        bounded_connect(script, step, s, args, result, more)
    elif what in ("connect", "disconnect"):
        script.add({**step, "connect": s, "to": "unspec" if what == "disconnect" else place(*args[:2])},
                   result, **dur)
    elif what == "accept":
        if result != "ok":
            step["nonblocking"] = True
        if more.get("newsock"):
            step["as"] = name(more["newsock"])
        peer = {"address": more["peer"]} if more.get("peer") else {}
        script.add({**step, "accept": s}, result, **peer)
    elif what in ("send", "sendto"):
        to = {"to": place(*args[1:3])} if what == "sendto" else {}
        script.add({**step, what: s, "size": args[0], **to}, value if result == "ok" else result)
    elif what == "recv":
        block = {"nonblocking": True} if result == "EAGAIN" or s in script.nonblocking else {}
        script.add({**step, "recv": s, "max": max(args[0], 1), **block},
                   ("eof" if value == 0 else value) if result == "ok" else result, **dur)
    elif what == "shutdown":
        script.add({**step, "shutdown": s, "how": CLOSERS[args[0]]}, result)
    elif what == "close":
        script.add({**step, "close": s}, result)
    elif what in ("getsockname", "getpeername"):
        script.add({**step, what: s}, result, **({"address": value} if result == "ok" else {}))
    elif what == "getsockopt":
        error = "ok" if value == 0 else value
        script.add({**step, "getsockopt": s, "option": args[1]}, error if result == "ok" else result)
    elif what == "tcpstate":
        script.add({**step, "state": s}, STATES.get(value, value) if result == "ok" else result)
    elif what == "poll":
        script.add({**step, "poll": s, "events": ["in", "out", "pri", "rdhup"],
                    "timeout": seconds(args[0])},
                   events=sorted(e[4:].lower() for e in value), **dur)
    elif what == "dup":
        script.add({**step, "dup": name(args[0]), "as": name(more["newsock"])}, result)
    elif what == "sysctl":
        script.add({**step, "sysctl": sysctl_name(args[0]), "value": str(args[1]), "expect": result},
                   result)
    elif what == "socket+bind+close":
        bind_as(script, step, args, result, more)
    elif what == "shell":
        script.add(firewall(script, host, args), "ok")
    else:
        raise Untranslatable(f"the call {what}")


def of_family(words):
    """An address of the family that the case names."""
    if words.endswith("AF_INET6 addr"):
        return ["::1", 7000]
    return ["127.0.0.1", 7000] if words.endswith("AF_INET addr") else None


def bounded_connect(script, step, s, args, result, more):
    """connect() of a non-blocking socket, poll() until it is decided, SO_ERROR."""
    script.nonblocking.discard(s)
    if result == "PENDING":
        script.add({**step, "connect": s, "to": place(*args[:2]), "nonblocking": True})
        script.add({**step, "poll": s, "events": ["out"], "timeout": seconds(more["timeout"])},
                   events=[])
        return
    # The errno may come from connect() itself or from SO_ERROR.
    first = script.add({**step, "connect": s, "to": place(*args[:2]), "nonblocking": True})
    script.add({**step, "poll": s, "events": ["out"], "timeout": seconds(more["timeout"])},
               dur=more.get("dur", 0))
    last = script.add({**step, "getsockopt": s, "option": "SO_ERROR"})

    def judge(rows):
        got = rows[first]["result"]
        if got == "EINPROGRESS":
            got = rows[last]["result"]
        return [] if got == result else [f"step {first + 1}: connect {got}, the kernel {result}"]
    script.check(judge)


def bind_as(script, step, args, result, more):
    user = "root" if more.get("user") == "root" else "nobody"
    kind, (address, port) = args[:2], args[2:4] if len(args) >= 4 else args[-2:]
    s = "probe"
    family = "inet6" if "inet6" in kind or ":" in str(address) else "inet"
    transport = "udp" if "udp" in kind else "tcp"
    script.add({**step, "socket": s, "type": transport, "family": family, "as_user": user}, "ok")
    script.add({**step, "bind": s, "to": place(address, port)}, result)
    script.add({**step, "close": s}, "ok")


def hosts_of(case):
    setup = case["setup"]
    names = ["client"] if setup["net"] == "lo" else ["client", "server"]
    hosts = {}
    for host in names:
        h = {"user": "root", "nofile": 100000}
        if setup["net"] != "lo":
            h["address"] = ADDRESSES[host]
        sysctls = {sysctl_name(k): v for k, v in setup.get("sysctl", {}).get(host, {}).items()}
        if sysctls:
            h["sysctls"] = sysctls
        hosts[host] = h
    return hosts


def scenario(case, script):
    file = {"fourtuple": 1, "title": case["id"], "pace": "1 us", "hosts": hosts_of(case)}
    if script.apps:
        file["apps"] = script.apps[0]
    else:
        file["script"] = script.steps
    if case["setup"]["net"] == "tun":
        file["links"] = [{"between": ["client", "server"],
                          "latency": seconds(case["setup"]["one_way_delay_s"])}]
    return file
