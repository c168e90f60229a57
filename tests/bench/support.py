"""How the benchmarks run the program: instructions by cachegrind, CPU time and peak memory by the
operating system. Every figure is a difference of two run lengths, so that set-up cancels."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

here = pathlib.Path(__file__).parent


CONNECTIONS = "apps.load.limit"  # what makes a run longer


def command(program, scenario, length, *more, of=CONNECTIONS):
    return [str(program), "run", "--quiet", "--json", "-", "--set", f"{of}={length}", *more,
            str(here / scenario)]


def instructions(program, scenario, length, of=CONNECTIONS):
    """Of the whole process; repeatable for one binary."""
    with tempfile.NamedTemporaryFile() as out:
        run = subprocess.run(
            ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={out.name}",
             *command(program, scenario, length, of=of)],
            capture_output=True, text=True, check=True)
    return int(re.search(r"I +refs: +([\d,]+)", run.stderr).group(1).replace(",", ""))


def per_connection(program, scenario, short, long):
    return (instructions(program, scenario, long) - instructions(program, scenario, short)) / (
        long - short)


def cpu_seconds(arguments):
    before = os.times()
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return (after.children_user - before.children_user) + (
        after.children_system - before.children_system)


def peak_bytes(program, scenario, length, of=CONNECTIONS):
    run = subprocess.run(command(program, scenario, length, of=of), capture_output=True, text=True,
                         check=True)
    return json.loads(run.stdout)["run"]["peak_rss_bytes"]
