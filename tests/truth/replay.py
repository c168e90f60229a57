#!/usr/bin/env python3
"""Every measured case against the simulation.

  replay.py PROGRAM [CASE...]

Fails if a case disagrees that unequal.txt does not name, or agrees though it does.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from cases import script_of
from judge import complaints
from translate import Untranslatable

HERE = pathlib.Path(__file__).parent


def excused():
    """unequal.txt: `id: reason` a line."""
    lines = (HERE / "unequal.txt").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def ephemeral_of(case):
    ranges = case["setup"].get("sysctl", {}).get("client", {}).get("ip_local_port_range")
    low, high = map(int, (ranges or "32768 60999").split())
    return range(low, high + 1)


def run(program, folder):
    done = subprocess.run([program, "run", "--quiet", "--json", folder + "/results", folder],
                          capture_output=True, text=True, check=False)
    try:
        results = json.loads(pathlib.Path(folder + "/results").read_text())
    except (OSError, ValueError):
        sys.exit(done.stderr or done.stdout or "no results")
    return {pathlib.Path(r["file"]).stem: r for r in results}


def nstat_of(result):
    return {host: r["nstat"] for host, r in result["hosts"].items()}


def verdict(script, name, results, ephemeral):
    result = results.get(name)
    if result is None or "hosts" not in result:
        return [f"did not run: {result}"]
    if script.apps:
        return script.apps[1](result)
    wrong = complaints(script, result["script"], ephemeral)
    if script.counters:
        wrong += script.counters[1](nstat_of(results[name + "+"]))
    return wrong


def main(program, wanted):
    all_cases = json.loads((HERE / "cases.json").read_text())["cases"]
    excuses = excused()
    found, scripts, cases = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for case in all_cases:
            if wanted and case["id"] not in wanted:
                continue
            cases[case["id"]] = case
            try:
                scenario, script = script_of(case)
            except Untranslatable as why:
                found[case["id"]] = [f"cannot be written as a file: {why}"]
                continue
            scripts[case["id"]] = script
            (pathlib.Path(folder) / (case["id"] + ".yaml")).write_text(json.dumps(scenario))
            if script.counters:
                scenario["script"] = scenario["script"][:script.counters[0]]
                (pathlib.Path(folder) / (case["id"] + "+.yaml")).write_text(json.dumps(scenario))
        results = run(program, folder)
    for name, script in scripts.items():
        found[name] = verdict(script, name, results, ephemeral_of(cases[name]))
    bad = 0
    for name, wrong in sorted(found.items()):
        if wrong and name not in excuses:
            bad += 1
            print(f"{name}: differs")
            for w in wrong[:5]:
                print("   ", w[:230])
        elif not wrong and name in excuses:
            bad += 1
            print(f"{name}: agrees, so take it out of unequal.txt")
    agree = sum(not w for w in found.values())
    print(f"{len(found)} cases: {agree} agree, {len(found) - agree - bad} differ as listed, {bad} fail")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], set(sys.argv[2:])))
