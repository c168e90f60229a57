"""A program of socket calls, and the scenario file it becomes.

A program is plain data (it goes through JSON): hosts, perhaps a latency, and calls. A call is
  { "step": the step as the file has it, "look": "none" | "one" | "all", "settle": "60 ms" | absent }.
After a call stand the looks: poll() for all bits, and TCP_INFO's state, of the socket that was
called or of all that exist. Then the program waits for `settle`.
"""
import json
import re

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*( (ms|s))?$|-?[0-9]+(\.[0-9]+)?( (ms|s|us))?$")
NOT_PLAIN = {"on", "off", "yes", "no", "true", "false", "null", "y", "n"}
FAR_PACE = {"3 ms": 11000}  # us: well after a round trip


def scalar(value, key=""):
    """As YAML has it within braces; quoted unless it reads back as the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if key == "data" or not PLAIN.match(value) or value.lower() in NOT_PLAIN:
        return json.dumps(value)
    return value


def flow(value, key=""):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {flow(v, k)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v, key) for v in value) + "]"
    return scalar(value, key)


def subject(step):
    """(host, socket) that a step is about, or None (wait, sysctl, join ...)."""
    for call in ("socket", "bind", "listen", "connect", "accept", "send", "fill", "recv", "sendto",
                 "recvfrom", "shutdown", "close", "dup", "getsockname", "getpeername", "setsockopt",
                 "getsockopt", "poll", "state"):
        if call in step:
            return (step["host"], step[call])
    return None


def call_name(step):
    for key in step:
        if key != "host":
            return key
    return ""


def made_by(step):
    """(host, socket) that a step makes where it succeeds."""
    if "socket" in step:
        return (step["host"], step["socket"])
    if ("accept" in step or "dup" in step) and "as" in step:
        return (step["host"], step["as"])
    return None


class Rendered:
    """The steps of a file, and for each: of which call it is, and whether it is the call or a look."""

    def __init__(self, program):
        self.program = program
        self.steps = []
        self.origin = []  # (number of the call, "call" | "poll" | "state" | "wait")
        self.tcp = {}
        for number, call in enumerate(program["calls"]):
            self._add(number, call)

    def _add(self, number, call):
        step = call["step"]
        self._put(step, number, "call")
        made = made_by(step)
        if made:
            parent = subject(step)
            self.tcp[made] = step.get("type", "tcp") == "tcp" if "socket" in step else \
                self.tcp.get(parent, True)
        look = call.get("look", "none")
        about = [made or subject(step)] if look == "one" else list(self.tcp)
        for who in about if look != "none" else []:
            if who is None or who not in self.tcp:
                continue
            host, name = who
            self._put({"host": host, "poll": name, "events": ["in", "pri", "out", "rdhup"]}, number,
                      "poll")
            if self.tcp[who]:
                self._put({"host": host, "state": name}, number, "state")
        if "settle" in call:
            self._put({"wait": call["settle"]}, number, "wait")

    def _put(self, step, number, kind):
        self.steps.append(step)
        self.origin.append((number, kind))


def head(program, title, seed, stretch):
    """The file down to `script:`. `stretch` multiplies the pace, where there is one."""
    lines = ["fourtuple: 1", f"title: {json.dumps(title)}", f"seed: {seed}"]
    pace = 200 if not program.get("latency") else FAR_PACE[program["latency"]]
    lines.append(f"pace: {int(pace * stretch)} us")
    lines.append("hosts:")
    for name, host in program["hosts"].items():
        lines.append(f"  {name}: {flow(host)}")
    if program.get("latency"):
        lines.append(f"links: [ {{ between: [a, b], latency: {program['latency']} }} ]")
    lines.append("script:")
    return lines


def to_yaml(program, title="", seed=None, stretch=1, expected=None):
    """The scenario file. `expected`: one row of a result tree per step, whose answers are expected."""
    rendered = Rendered(program)
    lines = head(program, title or f"Program {program['number']} of seed {program['seed']}",
                 seed or program["number"] + 1, stretch)
    for i, step in enumerate(rendered.steps):
        shown = dict(step)
        if expected is not None and (answer := expectation(expected[i])) is not None:
            shown["expect"] = answer
        lines.append("  - " + flow(shown))
    return "\n".join(lines) + "\n", rendered


def expectation(row):
    """What a step's row says, as `expect:` would ask for it; chosen ports cannot be expected."""
    if row["call"] == "wait" or row["result"] in ("started", None):
        return None
    if row["call"] == "poll" and row.get("events") is not None:
        return {"result": row["result"], "events": row["events"]}
    return {"result": row["result"]} if isinstance(row["result"], str) and \
        not re.match(r"[A-Za-z]", row["result"]) else row["result"]
