"""What a comparison says of a program: which disagreement comes first, and whether it is one.

Differences are looked at in the order: answers of the script's steps as they run, sockets left at
the end, counters, packets. The first one is the program's; what follows mostly follows from it.
"""
import re

import program
import vocabulary as v

STEP = re.compile(r"script\[(\d+)\]\.([a-z_]+)")
ADDRESS = re.compile(r'"(\[[^\]]*\]|[0-9.]+):(\d+)"')


def masked(text):
    """A value with drawn ports masked, so that two runs of one program say the same."""
    def mask(found):
        drawn = int(found.group(2)) >= v.DRAWN_FROM
        return f'"{found.group(1)}:{"drawn" if drawn else found.group(2)}"'
    return ADDRESS.sub(mask, text)


def rank(path):
    """Where a difference stands in the order above; None: not looked at."""
    step = STEP.match(path)
    if step:
        order = {"events": 0, "result": 1, "error": 2, "address": 3, "data": 4, "data_hex": 4}
        return (0, int(step.group(1)), order.get(step.group(2), 5))
    if ".sockets." in path:
        return (1, 0, 0)
    if path.startswith("hosts."):
        return (2, 0, 0)
    return (3, 0, 0) if path.startswith("packets") else (4, 0, 0)


def to_a_drawn_port(path):
    """A conversation named by a port that a kernel chose has another name on the other one."""
    named = re.match(r"packets: \S+ to \S+:(\d+)", path)
    return named is not None and int(named.group(1)) >= v.DRAWN_FROM


def drawn_port_of_an_error(difference):
    """ICMP quotes a port that a kernel chose."""
    def mask(found):
        return "port drawn" if int(found.group(1)) >= v.DRAWN_FROM else found.group(0)
    said = [re.sub(r"\bport (\d+)", mask, difference[side]) for side in ("simulated", "kernel")]
    return difference["path"].startswith("packets") and said[0] == said[1]


def first_difference(comparison):
    found = [d for d in comparison.get("differences", []) if not drawn_port_of_an_error(d)]
    found = [d for d in found if not (STEP.match(d["path"]) and "address" in d["path"] and
                                      masked(d["simulated"]) == masked(d["kernel"]))]
    found = [d for d in found if not to_a_drawn_port(d["path"])]
    return min(found, key=lambda d: (rank(d["path"]), d["path"]), default=None)


def of_step(rendered, path):
    """(step, socket is TCP) of a difference in a step's answer."""
    step = rendered.steps[int(STEP.match(path).group(1))]
    who = program.subject(step)
    return step, rendered.tcp.get(who, True)


def signature(rendered, difference):
    """A line that is the same for programs that disagree in the same way."""
    path = difference["path"]
    values = f'{masked(difference["simulated"])} | {masked(difference["kernel"])}'
    if STEP.match(path):
        step, tcp = of_step(rendered, path)
        what = program.call_name(step)
        if "option" in step:
            what += " " + step["option"]
        if step.get("to") == "unspec":
            what += " unspec"
        if "option" in step or what in ("send", "fill"):
            values = re.sub(r"\b\d{2,}\b", "N", values)
        return f'{"tcp" if tcp else "udp"} {what} .{STEP.match(path).group(2)}: {values}'
    if path.startswith("packets"):
        numbers = r"(seq|ack|len|length|port|win|mss|wscale|id) \d+"
        values = re.sub(numbers, r"\1 N", values)
        kind = "udp" if "(UDP)" in path else "tcp"
        return f"packets {kind}: {values}"
    values = re.sub(r"\d+", "N", values)
    return re.sub(r"hosts\.[ab]\.", "hosts.*.", path) + ": " + values


def value_at(comparison, side, path):
    """What a tree says at a path of `differences`, as text; packets have none."""
    step = STEP.match(path)
    if step:
        rows = comparison[side]["script"]
        n = int(step.group(1))
        return masked(repr(rows[n].get(step.group(2)))) if n < len(rows) else "none"
    at = comparison[side]
    for part in path.split("."):
        at = at.get(part) if isinstance(at, dict) else None
    return repr(at)


def broken(comparison):
    """An internal error, a crash, a file that was refused: as a signature; empty: none."""
    for key in ("broken", "stopped", "errors"):
        if key in comparison:
            text = comparison[key] if isinstance(comparison[key], str) else comparison[key][0]
            return key + ": " + re.sub(r"\d+", "N", re.sub(r"/\S*/", "", text))[:160]
    return ""


class Judge:
    """Confirms disagreements: by other seeds and other paces on both kernels."""

    VARIANTS = ((None, 1), (1001, 1), (1002, 1.6), (1003, 1.3), (1004, 5))

    def __init__(self, kernels):
        self.kernels = kernels

    def look(self, programs, jobs=None):
        """(signature, comparison, rendered) per program; signature "": both agree."""
        made = [program.to_yaml(p) for p in programs]
        found = self.kernels.compare([text for text, _ in made], jobs)
        return [(self.name(c, rendered), c, rendered) for c, (_, rendered) in zip(found, made)]

    @staticmethod
    def name(comparison, rendered):
        sick = broken(comparison)
        if sick:
            return sick
        first = first_difference(comparison)
        return signature(rendered, first) if first else ""

    def confirmed(self, programs, jobs=None):
        """Of each program the signature, where no variant of the simulation says what any run of the
        kernel says; else ""."""
        if not programs:
            return []
        made = [program.to_yaml(prog, seed=seed, stretch=stretch)
                for prog in programs for seed, stretch in self.VARIANTS]
        found = self.kernels.compare([text for text, _ in made], jobs)
        each = len(self.VARIANTS)
        return [self.verdict(found[at:at + each], made[at][1]) for at in range(0, len(found), each)]

    @staticmethod
    def verdict(found, rendered):
        """The signature of one program's variants, where all of them disagree; else ""."""
        sick = [broken(c) for c in found]
        if all(sick):
            return sick[0]
        if any(sick):
            return ""
        firsts = [first_difference(c) for c in found]
        if not all(firsts):
            return ""
        path = firsts[0]["path"]
        if path.startswith("packets"):
            same = all(f["path"].startswith("packets") for f in firsts)
            return signature(rendered, firsts[0]) if same else ""
        simulated = {value_at(c, "simulated", path) for c in found}
        kernel = {value_at(c, "kernel", path) for c in found}
        return "" if simulated & kernel else signature(rendered, firsts[0])
