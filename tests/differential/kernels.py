"""Files on both kernels, by `fourtuple crosscheck`.

A batch is one call of the program. Where that call is ended by a signal, hangs or reports an internal
error its files run one by one, so that the one that did it is known.
"""
import json
import os
import subprocess
import tempfile


class Kernels:
    def __init__(self, program, jobs=16):
        self.program = program
        self.jobs = jobs

    def why_not_here(self):
        """Why this machine cannot compare; empty where it can."""
        probe = ("fourtuple: 1\nhosts: { a: { address: 10.0.0.1 }, b: { address: 10.0.0.2 } }\n"
                 "links: [ { between: [a, b], latency: 1 ms } ]\n"
                 "script:\n  - { host: a, socket: S }\n")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "probe.yaml")
            with open(path, "w", encoding="utf-8") as f:
                f.write(probe)
            run = subprocess.run([self.program, "crosscheck", path], capture_output=True, text=True,
                                 check=False)
        return (run.stderr + run.stdout).strip().splitlines()[-1] if run.returncode == 3 else ""

    def compare(self, texts, jobs=None):
        """One comparison (the JSON of crosscheck) per text; {"broken": why} where there is none."""
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for i, text in enumerate(texts):
                paths.append(os.path.join(folder, f"{i:04}.yaml"))
                with open(paths[-1], "w", encoding="utf-8") as f:
                    f.write(text)
            return self._compare(paths, folder, jobs or self.jobs)

    def _compare(self, paths, folder, jobs):
        out = os.path.join(folder, "out.json")
        limit = 20 + 1.5 * len(paths)
        command = [self.program, "crosscheck", "--once", "--quiet", "--jobs", str(jobs), "--json", out, *paths]
        try:
            run = subprocess.run(command, capture_output=True, text=True, errors="replace",
                                 check=False, timeout=limit)
            code, said = run.returncode, run.stderr
        except subprocess.TimeoutExpired:
            code, said = -9, f"not ready after {limit} s"
        results = None
        if code in (0, 5, 1, 3):
            with open(out, encoding="utf-8") as f:
                results = json.load(f)
            results = results if isinstance(results, list) else [results]
        if results is not None and len(results) == len(paths):
            return results
        if len(paths) > 1:
            return [self._compare([path], folder, 1)[0] for path in paths]
        last = [line for line in said.splitlines() if "on the real kernel" not in line][-3:]
        return [{"broken": f"exit code {code}: " + " ".join(last)}]
