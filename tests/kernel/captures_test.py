"""What tshark says of the captures of both sides: nothing malformed, no bad checksum, and no
retransmission or reordering on a network that loses nothing."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None
SOURCE = None
FILES = ["scenarios/sockets/three_clients_of_one_echo_server.yaml",
         "scenarios/scan/well_known_ports_of_one_server.yaml",
         "tests/kernel/scripts/half_close_goes_on_talking.yaml",
         "tests/kernel/scripts/ipv6_handshake.yaml",
         "tests/kernel/scripts/far_half_close.yaml",
         "tests/kernel/scripts/fill_a_window.yaml"]
WRONG = " || ".join(["_ws.malformed", "tcp.analysis.retransmission", "tcp.analysis.out_of_order",
                     "tcp.checksum.status == 0", "ip.checksum.status == 0",
                     "udp.checksum.status == 0", "icmp.checksum.status == 0"])


def tshark(path, *flags):
    done = subprocess.run(["tshark", "-n", "-r", path, "-o", "tcp.check_checksum:TRUE", "-o",
                           "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", *flags],
                          capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


class Captures(unittest.TestCase):
    def test_tshark_finds_nothing_wrong_with_either_side(self):
        for name in FILES:
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                prefix = str(pathlib.Path(folder) / "packets")
                done = subprocess.run([PROGRAM, "crosscheck", "--quiet", "--pcapng", prefix,
                                       str(pathlib.Path(SOURCE) / name)], capture_output=True,
                                      text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                sides = [f"{prefix}.{side}.pcapng" for side in ("simulated", "kernel")]
                simulated, kernel = (len(tshark(each)) for each in sides)
                self.assertGreater(simulated, 0)
                self.assertGreater(kernel, 0)
                for each in sides:
                    self.assertEqual(tshark(each, "-Y", WRONG), [])


if __name__ == "__main__":
    PROGRAM, SOURCE = sys.argv[1:]
    del sys.argv[1:]
    if shutil.which("tshark") is None:
        print("skipped, because tshark is not installed")
        raise SystemExit(77)
    probe = subprocess.run([PROGRAM, "crosscheck", f"{SOURCE}/{FILES[2]}"], capture_output=True,
                           text=True, check=False)
    if probe.returncode == 3:
        print("skipped, because", probe.stdout.strip() or probe.stderr.strip())
        raise SystemExit(77)
    unittest.main()
