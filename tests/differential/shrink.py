"""The shortest program that still disagrees in the same way.

Calls are left out in ever smaller runs, then looks and waits, then keys of the hosts; of each round's
candidates, which run side by side, the first that still disagrees is kept.
"""
import copy

import program

SIDE_BY_SIDE = 16


def without(prog, begin, end):
    smaller = dict(prog)
    smaller["calls"] = prog["calls"][:begin] + prog["calls"][end:]
    return smaller


def fewer_calls(prog, width):
    count = len(prog["calls"])
    for begin in range(max(0, count - width), -1, -max(1, width)):
        yield without(prog, begin, min(begin + width, count))
        if begin == 0:
            break


def simpler_calls(prog):
    """Looks and waits dropped, one call at a time."""
    for i, call in enumerate(prog["calls"]):
        for change in ({"look": "none"}, {"look": "one"}, {"settle": None}):
            key, value = next(iter(change.items()))
            if call.get(key) in (value, "none") or (key == "settle" and "settle" not in call):
                continue
            smaller = copy.deepcopy(prog)
            if value is None:
                del smaller["calls"][i][key]
            else:
                smaller["calls"][i][key] = value
            yield smaller


def simpler_steps(prog):
    """Optional words of steps dropped."""
    for i, call in enumerate(prog["calls"]):
        for key in ("within", "nonblocking", "as_user", "background"):
            if key in call["step"]:
                smaller = copy.deepcopy(prog)
                del smaller["calls"][i]["step"][key]
                if key == "nonblocking" and "socket" not in call["step"]:
                    smaller["calls"][i]["step"]["within"] = "300 ms"
                if key == "within":
                    smaller["calls"][i]["step"]["nonblocking"] = True
                yield smaller


def simpler_hosts(prog):
    if prog.get("latency"):
        smaller = copy.deepcopy(prog)
        smaller["latency"] = None
        yield smaller
    for name, host in prog["hosts"].items():
        for key in list(host):
            if key == "address":
                continue
            smaller = copy.deepcopy(prog)
            del smaller["hosts"][name][key]
            yield smaller
        for sysctl in host.get("sysctls", {}):
            if len(host["sysctls"]) > 1:
                smaller = copy.deepcopy(prog)
                del smaller["hosts"][name]["sysctls"][sysctl]
                yield smaller


class Shrinker:
    def __init__(self, judge, most_runs=700):
        self.judge = judge
        self.runs_left = most_runs

    def shrink(self, prog, wanted):
        """`wanted`: the signature that must stay."""
        prog = self.cut_tail(prog, wanted)
        width = max(1, len(prog["calls"]) // 2)
        while True:
            smaller = self.first_that_stays(fewer_calls(prog, width), wanted)
            if smaller:
                prog = smaller
            elif width == 1:
                break
            else:
                width = max(1, min(width // 2, len(prog["calls"]) // 2))
        for kind in (simpler_hosts, simpler_calls, simpler_steps):
            while (smaller := self.first_that_stays(kind(prog), wanted)) is not None:
                prog = smaller
        return prog

    def cut_tail(self, prog, wanted):
        """What comes after the difference is not wanted, where a step's answer differs."""
        _, comparison, rendered = self.judge.look([prog])[0]
        import judge as j
        first = j.first_difference(comparison) if "differences" in comparison else None
        step = j.STEP.match(first["path"]) if first else None
        if not step:
            return prog
        number = rendered.origin[int(step.group(1))][0]
        shorter = dict(prog)
        shorter["calls"] = prog["calls"][:number + 1]
        return shorter if self.judge.look([shorter])[0][0] == wanted else prog

    def first_that_stays(self, candidates, wanted):
        batch = []
        for candidate in candidates:
            if self.runs_left <= 0:
                return None
            batch.append(candidate)
            if len(batch) == SIDE_BY_SIDE:
                if (kept := self.try_batch(batch, wanted)) is not None:
                    return kept
                batch = []
        return self.try_batch(batch, wanted) if batch else None

    def try_batch(self, batch, wanted):
        self.runs_left -= len(batch)
        for candidate, (name, _, _) in zip(batch, self.judge.look(batch)):
            if name == wanted:
                return candidate
        return None


def as_file(judge, prog, name):
    """The program as a scenario file that expects what the real kernel answers."""
    text, _ = program.to_yaml(prog, title=name)
    found = judge.kernels.compare([text])[0]
    rows = (found.get("kernel") or {}).get("script")
    if not rows or len(rows) != len(program.Rendered(prog).steps):
        return text
    return program.to_yaml(prog, title=name, expected=rows)[0]
