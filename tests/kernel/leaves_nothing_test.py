"""A crosscheck leaves the machine as it was, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = None
WAITS = """fourtuple: 1
title: waits
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2 }, third: { address: 10.0.0.3 } }
script:
  - { host: client, socket: C }
  - { wait: %s }
"""


def interfaces():
    return sorted(os.listdir("/sys/class/net"))


def namespaces():
    """Network namespaces that any process is in or holds open."""
    seen = set()
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for link in [process / "ns" / "net", *process.glob("fd/*")]:
            try:
                name = os.readlink(link)
            except OSError:
                continue
            if name.startswith("net:["):
                seen.add(name)
    return seen


class LeavesNothing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.before = (interfaces(), namespaces())

    def file(self, wait):
        path = pathlib.Path(self.folder.name) / "waits.yaml"
        path.write_text(WAITS % wait, encoding="utf-8")
        return str(path)

    def check_clean(self):
        for _ in range(100):  # a killed process's namespaces end a moment after it
            if (interfaces(), namespaces()) == self.before:
                return
            time.sleep(0.05)
        self.assertEqual((interfaces(), namespaces()), self.before)

    def start_and_wait_for_the_real_run(self):
        run = subprocess.Popen([PROGRAM, "crosscheck", self.file("60 s")], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        self.assertIn("on the real kernel, about 61 s", run.stderr.readline())
        for _ in range(100):
            if len(namespaces()) > len(self.before[1]) + 2:
                break
            time.sleep(0.05)
        return run

    def test_after_fifty_runs(self):
        path = self.file("1 ms")
        for _ in range(50):
            done = subprocess.run([PROGRAM, "crosscheck", "--quiet", path], capture_output=True,
                                  text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        self.check_clean()

    def test_after_an_interruption(self):
        run = self.start_and_wait_for_the_real_run()
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(timeout=10), 130)
        self.check_clean()

    def test_after_being_killed(self):
        run = self.start_and_wait_for_the_real_run()
        run.kill()
        run.wait(timeout=10)
        self.check_clean()

    def test_a_user_without_privilege_is_told(self):
        done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               "--bounding-set=-all", PROGRAM, "crosscheck", "-"],
                              input=WAITS % "1 ms", capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("network namespaces need root (CAP_SYS_ADMIN) here", done.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    probe = subprocess.run([PROGRAM, "crosscheck", "-"], input=WAITS % "1 ms", text=True,
                           capture_output=True, check=False)
    if probe.returncode == 3:
        print("skipped, because", probe.stdout.strip() or probe.stderr.strip())
        raise SystemExit(77)
    unittest.main()
