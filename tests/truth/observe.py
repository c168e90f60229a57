"""What a case looked at beside its calls: states of sockets, tables, counters."""
from translate import COUNTED, STATES

SS = {"ESTAB": "ESTABLISHED", "SYN-RECV": "SYN-RECEIVED", "TIME-WAIT": "TIME-WAIT",
      "FIN-WAIT-1": "FIN-WAIT-1", "FIN-WAIT-2": "FIN-WAIT-2", "CLOSE-WAIT": "CLOSE-WAIT",
      "LAST-ACK": "LAST-ACK", "CLOSING": "CLOSING"}
TABLES = {"ss", "ss_end", "before", "after_lowering", "after_one_more", "server_sockets"}


def host_of(what, case):
    at_server = what.startswith(("server", "peer"))
    return "server" if at_server and case["setup"]["net"] != "lo" else "client"


def alone(counts, host, state):
    """The host has a socket in that state; with None: none that is connected."""
    if state is None:
        return all(n == 0 for (h, _), n in counts.items() if h == host)
    return counts[host, state] > 0


def state_check(script, what, value):
    host = host_of(what, script.case)
    state = None if value is None else STATES[value]
    counts = script.counts()

    def judge(rows):
        now = counts(rows)
        if alone(now, host, state):
            return []
        seen = {s: n for (h, s), n in now.items() if h == host and n}
        return [f"{what}: {host} has {seen}, the kernel {state}"]
    script.check(judge)


def table_check(script, what, value):
    host = host_of(what, script.case)
    counts = script.counts()
    own = script.case["setup"]["net"] == "lo"

    def judge(rows):
        now = counts(rows)
        wrong = []
        for word, state in SS.items():
            if own and word == "ESTAB":
                continue
            if now[host, state] != value.get(word, 0):
                wrong.append(f"{what}: {now[host, state]} in {state}, the kernel {value.get(word, 0)}")
        return wrong
    script.check(judge)


def coarseness(after):
    """Of the timer wheel at that distance, HZ 250 (reference 0.2), in seconds."""
    return 0.004 if after < 0.252 else 0.032 if after < 2.016 else 0.256 if after < 16.1 else 2.048


def transitions(script, what, value):
    """Each state is looked for shortly before it ended and shortly after it began; timers end up to
    one bucket of the wheel later than asked for."""
    now = 0.0
    for k, (at, state) in enumerate(value):
        if k > 0:
            early = at - coarseness(at) - 0.015
            if early > now:
                script.wait(early - now)
                now = early
                state_check(script, what, value[k - 1][1])
        late = at + coarseness(at) + 0.03 if k > 0 else at
        script.wait(late - now)
        now = max(now, late)
        state_check(script, what, state)
    return now


def of_two_hosts(value):
    return len(value[0]) == 3


CAUSES = {"SYN_SENT": ("connect",), "FIN_WAIT1": ("close", "shutdown")}


def timeline(case):
    """States of both hosts seen while the calls went on: (time, host, state) in the calls' time. The
    two clocks are tied together by the first call that shows in the states."""
    seen = [row for row in case["steps"] if row[3] == "observe" and
            row[4][0] == "transitions" and of_two_hosts(row[6]["value"])]
    if not seen:
        return []
    value = seen[0][6]["value"]
    at, host, state = next(v for v in value if v[2] in CAUSES)
    cause = next(row for row in case["steps"]
                 if row[1] == host and row[3] in CAUSES[state] and row[2] != "l")
    # The states were polled: the look is a while after each.
    return [(v[0] - at + cause[0] + 0.012, v[1], v[2]) for v in value]


def counters(script, value):
    """Summed over the hosts. Counters are known at the end of a run only, so the script is run once
    more up to here."""
    def judge(nstat):
        wrong = []
        for counter, n in value.items():
            got = sum(host.get("TcpExt" + counter, 0) for host in nstat.values())
            if got != n:
                wrong.append(f"{counter} {got}, the kernel {n}")
        return wrong
    script.counters = (len(script.steps), judge)


def observe(script, what, value):
    """Seconds that the observation takes; most repeat what a call said and take none."""
    if what.startswith("transitions"):
        return 0.0 if of_two_hosts(value) else transitions(script, what, value)
    if what == "counters":
        counters(script, value)
    elif what in TABLES:
        table_check(script, what, value)
    elif isinstance(value, dict) and "state" in value:
        state_check(script, what, value["state"])
    elif isinstance(value, str) and value in STATES and what not in ("state3",):
        state_check(script, what, value)
    elif value is None and "state" in what:
        state_check(script, what, value)
    return 0.0


def end_states(script, observed):
    for what in ("client_state_end", "server_state_end"):
        if what in observed:
            state_check(script, what, observed[what])
