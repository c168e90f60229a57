"""What programs have been through: call x state x option.

A call is counted with the state that its socket was last seen in (TCP_INFO, on the real kernel) and
with the options that had been set on it.
"""
import program
import vocabulary as v

CALLS = ["socket", "bind", "listen", "connect", "accept", "send", "fill", "recv", "sendto",
         "recvfrom", "shutdown", "close", "dup", "getsockname", "getpeername", "setsockopt",
         "getsockopt", "poll", "state"]


class Coverage:
    def __init__(self, data=None):
        data = data or {}
        self.pairs = data.get("pairs", {})      # "call|state" -> calls
        self.triples = data.get("triples", {})  # "call|state|option" -> calls
        self.answers = data.get("answers", {})  # "call|answer" -> calls

    def data(self):
        return {"pairs": self.pairs, "triples": self.triples, "answers": self.answers}

    @staticmethod
    def count(table, *words):
        key = "|".join(words)
        table[key] = table.get(key, 0) + 1

    def note(self, rendered, rows):
        """The rows of one side's tree, one per step."""
        state, options = {}, {}
        for step, row in zip(rendered.steps, rows):
            who = program.subject(step)
            if who is None or row["result"] == "skipped":
                continue
            call = program.call_name(step)
            if call == "state":
                if row["result"] in v.STATES:
                    state[who] = row["result"]
                continue
            at = "-" if call == "socket" else state.get(who, "CLOSED")
            self.count(self.pairs, call, at)
            answer = row["result"] if isinstance(row["result"], str) else "number"
            self.count(self.answers, call, answer)
            named = [step["option"]] if "option" in step else options.get(who, ())
            for option in named:
                self.count(self.triples, call, at, option)
            self.follow(step, call, who, answer, state, options)

    @staticmethod
    def follow(step, call, who, answer, state, options):
        if call == "socket" and answer == "ok":
            state[who] = "UDP" if step.get("type") == "udp" else "CLOSED"
            options[who] = ()
        elif call == "close" and answer == "ok":
            state[who] = "closed fd"
        elif call == "setsockopt" and answer == "ok":
            options[who] = (*[o for o in options.get(who, ()) if o != step["option"]],
                            step["option"])
        elif call in ("accept", "dup") and answer == "ok" and "as" in step:
            made = (step["host"], step["as"])
            options[made] = options.get(who, ())
            state[made] = "ESTABLISHED" if call == "accept" else state.get(who, "CLOSED")

    def table(self):
        """Lines: one call each, by state; then what options have been through."""
        states = [s for s in v.STATES if any(k.endswith("|" + s) for k in self.pairs)]
        width = max(len(s) for s in states) if states else 0
        lines = [" " * 12 + " ".join(f"{s:>{max(7, len(s))}}" for s in states)]
        for call in CALLS:
            if call in ("socket", "state"):
                continue
            row = [self.pairs.get(f"{call}|{s}", 0) for s in states]
            lines.append(f"{call:12}" + " ".join(
                f"{n or '.':>{max(7, len(s))}}" for n, s in zip(row, states)))
        del width
        possible = len([c for c in CALLS if c not in ("socket", "state")]) * len(v.STATES)
        pairs = len([k for k in self.pairs if not k.startswith("socket|")])
        lines.append(f"call x state: {pairs} of {possible}; call x state x option: "
                     f"{len(self.triples)}; answers of calls (call x errno): {len(self.answers)}")
        unseen = [o for o in v.OPTIONS if not any(k.endswith("|" + o) for k in self.triples)]
        lines.append("options not met: " + (", ".join(unseen) or "none"))
        return lines
