"""What the tests of the command share: the program, a folder of files, calling it."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None

OK = """fourtuple: 1
title: fine
duration: 1 s
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 100/s } }
expect: { apps.load.failed: 0 }
"""
FAILS = OK.replace("apps.load.failed: 0", "apps.load.failed: 1").replace("fine", "not fine")
BAD = OK.replace("duration: 1 s", "duration: 1").replace("address: 10.0.0.1 ", "adress: 10.0.0.1 ")
# Millions of events: long enough to be stopped on any machine.
LONG = """fourtuple: 1
title: long
duration: 100000 s
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 400/s } }
"""


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)

    def file(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def call(self, *arguments, env=None, **more):
        """CompletedProcess of the program, with text streams."""
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **(env or {})}
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        if "input" not in more:
            more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([PROGRAM, *arguments], env=environment, text=True, timeout=120,
                              encoding="utf-8", **more)

    def start(self, *arguments, **more):
        return subprocess.Popen([PROGRAM, *arguments], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def main():
    global PROGRAM
    PROGRAM = sys.argv.pop(1)
    sys.modules["support"].PROGRAM = PROGRAM
    unittest.main(module="__main__")
