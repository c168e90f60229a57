"""Compares what the simulation answered with what the kernel had answered."""


def address_agrees(got, want, ephemeral):
    """Ports that the kernel chose are chance: they agree if both are of the range."""
    address, port = want[0], want[1]
    got_address, _, got_port = (got or ":").rpartition(":")
    if got_address.strip("[]") != address:
        return False
    if isinstance(port, str):  # "port set", "port 0"
        return (int(got_port) != 0) == (port == "port set")
    return int(got_port) == port or \
        (int(got_port) in ephemeral and port in ephemeral)


def took_agrees(took, dur):
    """Timers run up to an eighth late by the wheel, so does a loaded machine."""
    return dur * 0.93 - 0.09 <= took <= dur * 1.07 + 0.05


def complaints(script, rows, ephemeral):
    wrong = []
    if len(rows) != len(script.steps):
        return [f"{len(rows)} of {len(script.steps)} steps ran"]
    for i, (row, want) in enumerate(zip(rows, script.expected)):
        where = f"step {i + 1} ({row.get('host')} {row['call']} {subject(script.steps[i])})"
        if want["result"] is not None and row["result"] != want["result"]:
            wrong.append(f"{where}: {row['result']}, the kernel {want['result']}")
            continue
        if "events" in want and sorted(row["events"] or []) != want["events"]:
            wrong.append(f"{where}: {row['events']}, the kernel {want['events']}")
        if "address" in want and not address_agrees(row["address"], want["address"], ephemeral):
            wrong.append(f"{where}: {row['address']}, the kernel {want['address']}")
        if "dur" in want and not took_agrees(row["took"], want["dur"]):
            wrong.append(f"{where}: took {row['took']} s, the kernel {want['dur']} s")
    for check in script.checks:
        wrong += check(rows)
    return wrong


def subject(step):
    return next((str(v) for k, v in step.items() if k not in ("host", "process")), "")
