"""The backend that needs no privilege: this machine's own loopback."""

import json
import signal
import socket
import subprocess
import sys
import time
import unittest

PROGRAM = None
PORT = 18088
FILE = f"""fourtuple: 1
title: one connection
hosts: {{ client: {{ address: 10.0.0.1 }}, server: {{ address: 10.0.0.2 }} }}
script:
  - {{ host: server, socket: L }}
  - {{ host: server, bind: L, to: "server:{PORT}" }}
  - {{ host: server, listen: L }}
  - {{ host: client, socket: C }}
  - {{ host: client, connect: C, to: "10.0.0.2:{PORT}" }}
  - {{ host: client, getpeername: C }}
  - {{ host: server, accept: L, as: A }}
  - {{ host: FIRST, close: FIRST_SOCKET }}
  - {{ host: SECOND, close: SECOND_SOCKET }}
  - {{ host: client, count: TIME-WAIT }}
"""
CLIENT_CLOSES = (FILE.replace("FIRST_SOCKET", "C").replace("FIRST", "client")
                 .replace("SECOND_SOCKET", "A").replace("SECOND", "server"))
SERVER_CLOSES = (FILE.replace("FIRST_SOCKET", "A").replace("FIRST", "server")
                 .replace("SECOND_SOCKET", "C").replace("SECOND", "client"))
OTHER_PORT = str(PORT + 1)


def crosscheck(text, *flags, prefix=()):
    return subprocess.run([*prefix, PROGRAM, "crosscheck", *flags, "-"], input=text, text=True,
                          capture_output=True, check=False)


class Loopback(unittest.TestCase):
    def test_both_kernels_agree_and_the_machine_is_named_as_shared(self):
        done = crosscheck(CLIENT_CLOSES, "--backend", "loopback", "--quiet", "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        tree = json.loads(done.stdout)
        self.assertEqual(tree["backend"], "loopback")
        self.assertEqual(tree["kernel"]["script"][5]["address"], f"127.77.0.2:{PORT}")
        self.assertEqual(tree["kernel"]["hosts"]["loopback"]["time_wait"]["now"], 1)
        left = {each["path"]: each["why"] for each in tree["not_compared"]}
        self.assertIn("privilege", left["packets"])

    def test_the_file_may_ask_for_it(self):
        text = CLIENT_CLOSES.replace("script:", "real: { backend: loopback }\nscript:")
        done = crosscheck(text, "--quiet", "--json", "-")
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual(json.loads(done.stdout)["backend"], "loopback")

    def test_what_answers_there_already_is_not_asked(self):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", PORT))
            taken.listen()
            done = crosscheck(CLIENT_CLOSES, "--backend", "loopback")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn(f"TCP port {PORT} of this machine is held by another program", done.stdout)

    def test_nothing_outside_is_addressed(self):
        done = crosscheck(CLIENT_CLOSES.replace("10.0.0.2:", "192.0.2.1:"), "--backend", "loopback")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("192.0.2.1 is no host of the file", done.stdout)

    def test_without_namespaces_it_is_what_auto_takes(self):
        bare = ["unshare", "-Ur", "sh", "-c",
                "echo 0 > /proc/sys/user/max_user_namespaces; "
                'exec setpriv --bounding-set=-all --inh-caps=-all "$@"', "sh"]
        if subprocess.run([*bare, "true"], check=False, capture_output=True).returncode != 0:
            self.skipTest("user namespaces are not to be had here")
        done = crosscheck(CLIENT_CLOSES, prefix=bare)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertIn("backend loopback, because", done.stderr)
        linked = CLIENT_CLOSES.replace("script:",
                                       "links: [ { between: [client, server], latency: 1 ms } ]\nscript:")
        done = crosscheck(linked, prefix=bare)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("links: on loopback there are none", done.stdout)

    def test_waiting_for_an_earlier_run_can_be_interrupted(self):
        self.assertEqual(crosscheck(SERVER_CLOSES.replace(str(PORT), OTHER_PORT), "--backend",
                                    "loopback").returncode, 0)
        again = subprocess.Popen([PROGRAM, "crosscheck", "--backend", "loopback", "-"], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        again.stdin.write(SERVER_CLOSES.replace(str(PORT), OTHER_PORT))
        again.stdin.close()
        again.stderr.readline()
        self.assertIn("on the real kernel", again.stderr.readline())
        time.sleep(0.5)
        self.assertIsNone(again.poll(), "the TIME-WAIT is not waited for")
        again.send_signal(signal.SIGINT)
        self.assertEqual(again.wait(timeout=10), 130)
        again.stdout.close()
        again.stderr.close()


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    probe = crosscheck(CLIENT_CLOSES, "--backend", "loopback")
    if probe.returncode == 3:
        print("skipped, because", probe.stdout.strip() or probe.stderr.strip())
        raise SystemExit(77)
    unittest.main()
