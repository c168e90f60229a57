"""What a crosscheck says where the machine has not what it takes."""

import os
import subprocess
import sys
import unittest

PROGRAM = None
FILE = """fourtuple: 1
title: one socket
hosts: { client: { address: 10.0.0.1, sysctls: { SYSCTL } } }
script:
  - { host: client, socket: C }
"""
PLAIN = FILE.replace("SYSCTL", "net.ipv4.tcp_tw_reuse: 0")
WITHOUT_USER_NAMESPACES = [
    "unshare", "-Ur", "sh", "-c",
    "echo 0 > /proc/sys/user/max_user_namespaces; "
    'exec setpriv --bounding-set=-all --inh-caps=-all "$@"', "sh"]


def crosscheck(text, *flags, prefix=(), environment=None):
    return subprocess.run([*prefix, PROGRAM, "crosscheck", *flags, "-"], input=text, text=True,
                          capture_output=True, check=False, env=environment)


class BadSituations(unittest.TestCase):
    def test_the_ip_command_is_missing(self):
        done = crosscheck(PLAIN, environment={**os.environ, "PATH": "/nowhere"})
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("the ip command is missing", done.stdout)

    def test_no_namespaces_and_nothing_else_wanted(self):
        if subprocess.run([*WITHOUT_USER_NAMESPACES, "true"], check=False,
                          capture_output=True).returncode != 0:
            self.skipTest("user namespaces are not to be had here")
        done = crosscheck(PLAIN, "--backend", "namespaces", prefix=WITHOUT_USER_NAMESPACES)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("network namespaces need root (sudo), or user namespaces", done.stdout)

    def test_a_sysctl_that_exists_once_for_the_machine_is_listed(self):
        done = crosscheck(FILE.replace("SYSCTL", "net.ipv4.tcp_max_orphans: 5"))
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("not set on the kernel, whose namespaces have it not: "
                      "hosts.client.sysctls.net.ipv4.tcp_max_orphans", done.stdout)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    probe = crosscheck(PLAIN)
    if probe.returncode == 3:
        print("skipped, because", probe.stdout.strip() or probe.stderr.strip())
        raise SystemExit(77)
    unittest.main()
