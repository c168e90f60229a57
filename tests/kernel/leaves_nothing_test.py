"""A crosscheck leaves the machine as it was, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

PROGRAM = None
WAITS = """fourtuple: 1
title: waits
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2 }, third: { address: 10.0.0.3 } }
script:
  - { host: client, socket: C }
  - { wait: %s }
"""


def interfaces():
    return set(os.listdir("/sys/class/net"))


def mounted_namespaces():
    """Namespaces that somebody has given a name (ip netns add)."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return {line for line in lines if " nsfs " in line}


def processes_with(mark):
    """A namespace without a name lives as long as a process is in it or holds it open; whoever was
    started by a run carries its mark in the environment."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "environ").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def what_of(process, *names):
    """Lines of /proc/PID/status, and what it is called and waits for in the kernel."""
    folder = pathlib.Path("/proc", process)
    try:
        status = (folder / "status").read_text(encoding="utf-8").splitlines()
        told = [line for line in status if line.split(":")[0] in names]
        return [(folder / "cmdline").read_bytes(), *told, (folder / "wchan").read_text(encoding="utf-8")]
    except OSError:
        return ["ended"]


def in_the_kernels_hands(process):
    """Cannot end, not even killed, before the kernel has done what it was asked for."""
    return "State:\tD (disk sleep)" in what_of(process, "State")


def namespaces_held_by(pid):
    held = set()
    for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
        try:
            name = os.readlink(link)
        except OSError:
            continue
        if name.startswith("net:["):
            held.add(name)
    return held


class LeavesNothing(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.before = (interfaces(), mounted_namespaces())
        self.mark = f"FOURTUPLE_TEST_RUN={uuid.uuid4()}"
        name, value = self.mark.split("=")
        self.environment = {**os.environ, name: value}

    def file(self, wait):
        path = pathlib.Path(self.folder.name) / "waits.yaml"
        path.write_text(WAITS % wait, encoding="utf-8")
        return str(path)

    def check_clean(self):
        # What a killed process leaves ends after it: its ip(8) may wait for the kernel's one lock of
        # networks while namespaces of earlier runs are taken apart, on a busy machine for a minute.
        tries_left = 600
        left = processes_with(self.mark)
        while left and tries_left > 0:
            tries_left -= 0.1 if all(map(in_the_kernels_hands, left)) else 1
            time.sleep(0.05)
            left = processes_with(self.mark)
        self.assertEqual([what_of(process, "State", "PPid") for process in left], [])
        self.assertEqual(interfaces() - self.before[0], set())
        self.assertEqual(mounted_namespaces() - self.before[1], set())

    def start_and_wait_for_the_real_run(self):
        run = subprocess.Popen([PROGRAM, "crosscheck", self.file("60 s")], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=self.environment)
        self.addCleanup(run.stdout.close)
        self.addCleanup(run.stderr.close)
        self.assertIn("backend namespaces", run.stderr.readline())
        self.assertIn("on the real kernel, about 61 s", run.stderr.readline())
        for _ in range(100):
            if len(namespaces_held_by(run.pid)) >= 3:
                break
            time.sleep(0.05)
        self.assertGreaterEqual(len(namespaces_held_by(run.pid)), 3)
        return run

    def test_after_two_hundred_runs(self):
        path = self.file("1 ms")
        for _ in range(200):
            done = subprocess.run([PROGRAM, "crosscheck", "--quiet", path], capture_output=True,
                                  text=True, check=False, env=self.environment)
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

    def as_nobody(self, text):
        return subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                               PROGRAM, "crosscheck", "-"], input=text, capture_output=True,
                              text=True, check=False, env=self.environment)

    def test_a_user_without_privilege_has_a_user_namespace(self):
        if subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                           "unshare", "-U", "true"], check=False).returncode != 0:
            self.skipTest("user namespaces are not to be had here")
        done = self.as_nobody(WAITS % "1 ms")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertIn("in a user namespace", done.stderr)
        self.assertIn("both kernels agree", done.stdout)
        self.check_clean()

    def test_a_uid_that_is_not_there_is_no_agreement(self):
        done = self.as_nobody(WAITS.replace("third: {", "third: { user: nobody,").replace(
            "host: client, socket", "host: third, socket") % "1 ms")
        self.assertEqual(done.returncode, 3, done.stderr + done.stdout)
        self.assertIn("cannot be run here: uid 65534", done.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    probe = subprocess.run([PROGRAM, "crosscheck", "-"], input=WAITS % "1 ms", text=True,
                           capture_output=True, check=False)
    if probe.returncode == 3:
        print("skipped, because", probe.stdout.strip() or probe.stderr.strip())
        raise SystemExit(77)
    unittest.main()
