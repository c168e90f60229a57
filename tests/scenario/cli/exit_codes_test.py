"""Exit codes of FORMAT 1, what is said beside them, and where it is said."""

import os
import signal
import subprocess
import time
import unittest

import support
from support import BAD, FAILS, LONG, OK, CommandTest


class ExitCodes(CommandTest):
    def test_all_as_expected_is_0_and_the_report_is_on_stdout(self):
        done = self.call("run", self.file("ok.yaml", OK))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertTrue(done.stdout.startswith("no failure: "), done.stdout)
        self.assertIn("✓ apps.load.failed: 0", done.stdout)

    def test_a_failed_expectation_is_1_with_file_and_line(self):
        path = self.file("fails.yaml", FAILS)
        done = self.call("run", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{path}:8: apps.load.failed: 1", done.stdout)

    def test_a_listener_that_cannot_bind_is_1_and_the_first_line(self):
        text = OK.replace("  load:", "  second: { host: server, echo_server: { port: 443 } }\n  load:")
        done = self.call("run", self.file("two.yaml", text))
        self.assertEqual(done.returncode, 1)
        self.assertIn("second on server: bind to 0.0.0.0:443 failed at 0 s with EADDRINUSE: api",
                      done.stdout.splitlines()[0])

    def test_every_mistake_of_a_file_is_said_at_once_and_is_2(self):
        path = self.file("bad.yaml", BAD)
        for verb in ("run", "lint"):
            done = self.call(verb, path)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(f"{path}:3:", done.stderr)
            self.assertIn(f"{path}:4:", done.stderr)
            self.assertIn("'address'", done.stderr)

    def test_bad_usage_is_2_and_helps(self):
        ok = self.file("ok.yaml", OK)
        for arguments, words in [
            ((), "verb is missing"),
            (("rn", ok), "did you mean 'run'"),
            ((ok,), "fourtuple run"),
            (("run",), "FILE"),
            (("run", ok, "--wibble"), "wibble"),
            (("run", ok, "--seed", "x"), "--seed"),
            (("run", ok, "--seed", "-1"), "negative"),
            (("run", ok, "--seed", "99999999999999999999"), "outside the limit"),
            (("run", ok, "--event-limit", "0"), "outside the limit"),
            (("trace", ok, "--limit", "-1"), "--limit"),
            (("trace", ok, "--port", "70000"), "outside the limit of 0 .. 65535"),
            (("run", ok, "--json", ok), "that file is read"),
            (("run", ok, "--html", f"{self.path}/./ok.yaml"), "that file is read"),
            (("trace", ok, "--pcapng", ok), "that file is read"),
            (("run", ok, "--json", f"{self.path}/new.out", "--junit", f"{self.path}/./new.out"),
             "--json is written there"),
            (("run", ok, "--json", "no_such_file", "--junit", "./no_such_file"),
             "--json is written there"),
            (("run", ok, "--set", "nothing"), "path=value"),
            (("run", ok, "--set", "apps.load.rat=1/s"), "rate"),
            (("run", ok, "--wall-limit", "60"), "--wall-limit"),
            (("run", ok, "--jobs", "0"), "--jobs"),
            (("sweep", ok), "not yet built"),
            (("run", str(self.path / "none.yaml")), "none.yaml"),
            (("run", "-", "-"), "once"),
            (("ss", ok), "--at"),
            (("ss", ok, "--at", "2 s"), "after the end"),
            (("ss", ok, "--at", "1 s", "--host", "sever"), "did you mean 'server'"),
            (("ss", ok, "--at", "1 s", "state", "open"), "'open'"),
            (("services", "70000"), "70000"),
        ]:
            with self.subTest(arguments=arguments):
                done = self.call(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertEqual(done.stdout, "")
        with open(ok, encoding="utf-8") as still:
            self.assertEqual(still.read(), OK)

    def test_devices_may_be_written_twice(self):
        done = self.call("run", self.file("ok.yaml", OK), "--json", "/dev/null", "--junit", "/dev/null")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_help_documents_the_exit_codes(self):
        for arguments in (("--help",), ("run", "--help"), ("ss", "-h")):
            done = self.call(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("130  interrupted", done.stdout)

    def test_an_empty_folder_is_2(self):
        (self.path / "empty").mkdir()
        done = self.call("run", str(self.path / "empty"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("no *.yaml", done.stderr)

    def test_limits_are_6_and_what_is_known_is_reported(self):
        path = self.file("long.yaml", LONG)
        for flags in (("--wall-limit", "300ms"), ("--event-limit", "5000")):
            done = self.call("run", path, *flags)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertIn("stopped by a limit", done.stdout)
            self.assertIn("limit", done.stderr)

    def test_sigint_is_130_and_what_is_known_is_reported(self):
        running = self.start("run", self.file("long.yaml", LONG), "--json", "-")
        time.sleep(0.7)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, err)
        self.assertIn('"stopped": "interrupted at', out)

    def test_the_first_signal_ends_who_waits_for_a_file(self):
        pipe = str(self.path / "pipe.yaml")
        os.mkfifo(pipe)
        for verb in ("lint", "run", "crosscheck"):
            waiting = self.start(verb, pipe)
            with open(pipe, "wb"):  # which succeeds once the program reads it
                waiting.send_signal(signal.SIGTERM)
                waiting.communicate(timeout=60)
            self.assertEqual(waiting.returncode, 130)

    def test_several_files_give_the_most_severe(self):
        ok, fails = self.file("ok.yaml", OK), self.file("fails.yaml", FAILS)
        bad, long = self.file("bad.yaml", BAD), self.file("long.yaml", LONG)
        self.assertEqual(self.call("run", ok, fails).returncode, 1)
        self.assertEqual(self.call("run", fails, bad, ok).returncode, 2)
        self.assertEqual(self.call("run", fails, long, "--event-limit", "5000").returncode, 6)


class Streams(CommandTest):
    def test_a_closed_stdout_is_3_and_said(self):
        read, write = os.pipe()
        os.close(read)
        with os.fdopen(write, "w") as broken:
            done = self.call("run", self.file("ok.yaml", OK), stdout=broken)
        self.assertEqual(done.returncode, 3)
        self.assertIn("standard output cannot be written: Broken pipe", done.stderr)

    def test_no_stdout_at_all_is_3(self):
        path = self.file("ok.yaml", OK)
        done = subprocess.run(["sh", "-c", '"$0" run "$1" >&-', support.PROGRAM, path], text=True,
                              stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 3)
        self.assertIn("standard output", done.stderr)

    def test_a_full_disk_is_3_and_said(self):
        path = self.file("ok.yaml", OK)
        for flag in ("--json", "--junit"):
            done = self.call("run", path, flag, "/dev/full")
            self.assertEqual(done.returncode, 3)
            self.assertIn("/dev/full cannot be written: No space left", done.stderr)
        with open("/dev/full", "w") as full:
            self.assertEqual(self.call("services", stdout=full).returncode, 3)

    def test_a_folder_that_is_missing_is_said_before_the_run(self):
        done = self.call("run", self.file("ok.yaml", OK), "--json", str(self.path / "no/x.json"))
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("no/x.json", done.stderr)

    def test_a_bad_file_is_more_severe_than_a_full_disk(self):
        self.assertEqual(self.call("run", self.file("bad.yaml", BAD), "--json", "/dev/full").returncode, 2)


if __name__ == "__main__":
    support.main()
