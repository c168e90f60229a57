"""A case of cases.json as a script with its checks."""
import chance
import loops
from observe import end_states, observe, state_check, timeline
from translate import Script, Untranslatable, call, scenario


def script_of(case):
    """(scenario, script); raises Untranslatable."""
    script = Script(case)
    observed = case["observed"]
    end = None  # of the previous call, in the measurement's seconds
    looks = timeline(case)
    for tag, row in enumerate(case["steps"]):
        t, _, _, what, args, result = row[:6]
        more = row[6] if len(row) > 6 else {}
        gap = max(0.0, t - end) if t is not None and end is not None else 0.0
        while looks and t is not None and looks[0][0] < t:
            at, host, state = looks.pop(0)
            if at > end:
                script.wait(at - end)
                gap, end = t - at, at
                state_check(script, f"{host} at {at:.3f} s", state)
        if what == "observe":
            taken = 0.0
            if args[0].startswith("transitions"):
                taken = observe(script, args[0], more.get("value"))
                script.wait(gap - taken)
            else:
                script.wait(gap)
                observe(script, args[0], more.get("value"))
        elif what == "sleep":
            script.wait(gap)
            script.wait(args[0])
            end = (t or 0.0) + args[0]
            continue
        elif described(script, case, row, more, tag):
            pass
        else:
            script.wait(gap)
            call(script, row, more)
        if t is not None:
            end = t + more.get("dur", 0.0)
        elif "dur" in more and end is not None:
            end += more["dur"]
        if what == "shell" and case["id"].startswith("synack_retransmission"):
            loops.half_open(script, case)
            break
    end_states(script, observed)
    if case["id"].startswith("reuseport_close_listener"):
        loops.migration(script)
    return scenario(case, script), script


def described(script, case, row, more, tag):
    """A loop that the case has in words."""
    _, _, _, what, args, result = row[:6]
    observed = case["observed"]
    name = case["id"]
    if what == "churn_loop" and isinstance(args, dict):
        loops.churn(script, args, observed)
    elif what == "poll_loop" and args[0].startswith("every 0.01 s"):
        lo = case["setup"]["net"] == "lo"
        loops.reuse_poll(script, "127.0.0.1:5000" if lo else "10.77.0.2:5000", observed,
                         "127.0.0.1:40000" if lo else "10.77.0.1:40000")
    elif what == "poll_loop":
        return True  # its transitions follow as an observation
    elif what == "script" and args[0].startswith("10 x"):
        chance.parity(script, observed)
    elif what == "script" and "TCP_LINGER2" in args[0]:
        loops.lingering_orphans(script, observed)
    elif what == "exchange":
        loops.exchange(script, args, result)
    elif what == "process":
        loops.process(script, args)
    elif what == "process_end":
        script.add({"host": "client", "exit": "child"}, "ok")
        script.wait(0.2)
    elif what == "churn_loop":
        loops.reuse_by_rate(script)
    elif what == "send_bulk":
        loops.bulk(script, args[0])
    elif what == "note" and name == "portchoice_start_offsets":
        chance.offsets(script)
    elif what != "repeat":
        return False
    elif name.startswith("reuseport"):
        chance.listeners(script, name.startswith("reuseport_udp"))
    elif name.startswith("syn_queue"):
        loops.syn_queue(script, more["max"])
    elif name.startswith("tw_lifetime"):
        loops.lifetimes(script)
    elif name.startswith("odd_width"):
        chance.first_failures(script, case, observed)
    elif name.startswith("self_connect_by_chance"):
        chance.by_chance(script, result, more["body"])
    elif name.startswith("portchoice"):
        chance.choice(script, more["body"][0], result["ok"], observed)
    elif "ok" not in (result if isinstance(result, dict) else {}):
        raise Untranslatable("a loop in words")
    else:
        width = loops.odd_width(case)
        if width and result["ok"] in (width - 1, width):
            loops.first_failure(script, result, more, tag, width)
            return True
        if case["id"].startswith("tw_buckets") and more["max"] < 100:
            result = {**result, "ok": result["ok"] - 2}  # the first two stand before it
        named = loops.repeat(script, result, more, tag, ports="ports_in_order" in observed)
        if named:
            udp = isinstance(more["body"], dict) and more["body"].get("type") == "udp"
            chance.check_ports(script, named, observed, udp)
    return True
