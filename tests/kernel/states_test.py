"""sim/tcp/STATES.md on the real kernel: the same sockets, the same segments of a peer made by hand.

Timers and what they send are left out, and where the table says DEVIATION."""

import ctypes
import os
import pathlib
import re
import socket
import struct
import subprocess
import sys
import unittest

import states_peer as peer
from states_peer import ACK, FAR, FIN, HERE, PEER_FIRST, PSH, RST, SYN, THERE, call

TABLE = pathlib.Path(__file__).resolve().parents[2] / "sim/tcp/STATES.md"
LIBC = ctypes.CDLL(None, use_errno=True)


def disconnect(s):
    unspecified = struct.pack("H14s", socket.AF_UNSPEC, b"")
    return "0" if LIBC.connect(s.fd.fileno(), unspecified, len(unspecified)) == 0 else "failed"


def reset(s):
    s.fd.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return call(s.close)


def listen(s):
    answer = call(s.fd.listen, 8)
    s.listens = s.fd.getsockname()[1]
    return answer


def to_a_listener(s):
    port = s.own or s.peer
    s.second = socket.socket()
    s.second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if call(s.second.bind, (HERE, port)) == "0":
        call(s.second.listen, 8)
        s.listens = port
    else:
        s.second.close()
    s.send(SYN, s.peer_next + 1000)


def after_shutdown(s):
    if s.fd is not None:
        call(s.fd.shutdown, socket.SHUT_RD)
    s.send(ACK | PSH, s.peer_next, s.acknowledged(), 1)


def text(flags, offset, length=1, age=0):
    return lambda s: s.send(flags, s.peer_next + offset, s.acknowledged(), length, age)


EVENTS = {
    "connect()": lambda s: call(s.fd.connect, (THERE, s.peer)),
    "listen()": listen,
    "accept()": lambda s: call(s.fd.accept),
    "send() of a byte": lambda s: call(s.fd.send, b"q", socket.MSG_NOSIGNAL),
    "recv()": lambda s: call(s.fd.recv, 1),
    "shutdown(RD)": lambda s: call(s.fd.shutdown, socket.SHUT_RD),
    "shutdown(WR)": lambda s: call(s.fd.shutdown, socket.SHUT_WR),
    "close()": lambda s: call(s.close),
    "close() with a byte unread": lambda s: call(s.close),
    "close() with SO_LINGER 0": reset,
    "connect(AF_UNSPEC)": disconnect,
    "SYN, the peer's first": lambda s: s.send(SYN, PEER_FIRST),
    "SYN, a new one": lambda s: s.send(SYN, s.peer_next + 1000),
    "SYN, a new one, and the port has a listener": to_a_listener,
    "SYN, ACK of our SYN": lambda s: s.send(SYN | ACK, PEER_FIRST, s.next),
    "ACK of all that was sent": lambda s: s.send(ACK, s.peer_next, s.next),
    "ACK that says nothing new": lambda s: s.send(ACK, s.peer_next, s.una),
    "ACK far below SND.UNA": lambda s: s.send(ACK, s.peer_next, s.una - FAR),
    "ACK of what was never sent": lambda s: s.send(ACK, s.peer_next, s.next + 1000),
    "ACK before the window (a keepalive probe)": lambda s: s.send(ACK, s.peer_next - 1, s.una),
    "text in order": text(ACK | PSH, 0),
    "text in order after shutdown(RD)": after_shutdown,
    "text received before": text(ACK | PSH, -1),
    "text beyond a gap": text(ACK | PSH, 1),
    "text beyond the window": text(ACK | PSH, FAR),
    "text without the ACK bit": text(PSH, 0),
    "text in order with an old time stamp": text(ACK | PSH, 0, age=100_000),
    "FIN in order": text(FIN | ACK, 0, 0),
    "FIN in order, ACK of all that was sent": lambda s: s.send(FIN | ACK, s.peer_next, s.next),
    "FIN before the window (sent again)": text(FIN | ACK, -1, 0),
    "FIN beyond a gap": text(FIN | ACK, 1, 0),
    "RST, exact": lambda s: s.send(RST | ACK, s.peer_next, s.next),
    "RST, ACK of what was never sent": lambda s: s.send(RST | ACK, s.peer_next, s.next + 1000),
    "RST in the window": lambda s: s.send(RST, s.peer_next + 1),
    "RST outside the window": lambda s: s.send(RST, s.peer_next + FAR),
}


def rows():
    """(place, event, answer, next state) of the cells that can be played here."""
    place = None
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("### "):
            place = line[4:]
        cells = line.strip("| ").split(" | ")
        if place is None or len(cells) != 4 or cells[0] not in EVENTS:
            continue
        if cells[1] != "there is no descriptor" and "DEVIATION" not in cells[3]:
            yield place, cells[0], cells[1], cells[2]


def comparable(answer):
    """Without order and without what only a clock tells."""
    parts = [p for p in answer.split("; ") if p not in ("nothing", "its time begins anew", "")]
    return sorted(p.replace(", delayed", "").replace(", after 8 ms", "") for p in parts)


def states():
    """(own port, peer's port) -> state by RFC 9293's name; of listeners (port, 0)."""
    listing = subprocess.run(["ss", "-tanH"], capture_output=True, text=True, check=True).stdout
    found = {}
    for line in listing.splitlines():
        state, _, _, own, other = line.split()[:5]
        ports = [int(re.sub(r".*:", "", end).replace("*", "0")) for end in (own, other)]
        found[tuple(ports)] = {"ESTAB": "ESTABLISHED", "SYN-RECV": "SYN-RECEIVED"}.get(state, state)
    return found


class States(unittest.TestCase):
    wire = None
    scenes = 0

    def make(self, place, unread):
        """Two scenes for each event: one that is only looked at."""
        made = []
        for _ in range(2 * len(unread)):
            States.scenes += 1
            made.append(peer.Scene(self.wire, place, States.scenes))
        both = [*zip(made[::2], made[1::2])]
        waits = {s for pair, yes in zip(both, unread) if yes for s in pair}
        peer.bring(self.wire, made, place, waits)
        return both

    def play(self, place, events):
        orphan = "after close()" in place
        unread = [e == "close() with a byte unread" and not orphan for e, _, _ in events]
        both = self.make(place, unread)
        before = [still.found() for _, still in both]
        for s, _ in both:
            s.said.clear()
        called = [EVENTS[e](s) for (s, _), (e, _, _) in zip(both, events)]
        self.wire.hear(0.02)
        listing = states()
        # An ACK may be delayed; what a timer sends again is no answer.
        early = [list(s.said) for s, _ in both]
        found = [s.found() for s, _ in both]
        self.wire.hear(0.15)
        for n, ((s, _), (event, answer, following)) in enumerate(zip(both, events)):
            got = [called[n]] if isinstance(called[n], str) else []
            if place == "SYN-SENT" and called[n] is None:
                got += s.said
            else:
                got += early[n] or [x for x in s.said if x == "ACK" and called[n] is None][:1]
            if event != "recv()" and found[n] != before[n]:
                got.append(found[n])
            state = listing.get((s.own, s.peer)) or listing.get((s.listens, 0), "CLOSED")
            with self.subTest(place=place, event=event):
                self.assertEqual(comparable("; ".join(got)), comparable(answer))
                self.assertEqual(state, following)
        for each in (s for pair in both for s in pair):
            del self.wire.scenes[each.peer]
            for fd in filter(None, (each.fd, each.second)):
                fd.close()

    def test_every_cell(self):
        places = {}
        for place, event, answer, following in rows():
            places.setdefault(place, []).append((event, answer, following))
        self.assertEqual(len(places), 14)
        for place, events in places.items():
            self.play(place, events)


def set_up():
    """A namespace of its own with the device in it; or why not."""
    if os.environ.get("FOURTUPLE_INSIDE") is None:
        inside = ["unshare", "-Urn", sys.executable, "-B", __file__, *sys.argv[1:]]
        env = {**os.environ, "FOURTUPLE_INSIDE": "1"}
        raise SystemExit(subprocess.run(inside, check=False, env=env).returncode)
    if not os.access("/dev/net/tun", os.W_OK):
        return "there is no /dev/net/tun"
    States.wire = peer.Wire()
    for line in ("link set lo up", f"addr add {HERE}/24 dev t0", "link set t0 up"):
        subprocess.run(["ip", *line.split()], check=True)
    return None


if __name__ == "__main__":
    if not os.uname().release.startswith("6.18."):
        print("skipped, because the table is of Linux 6.18, and this is", os.uname().release)
        raise SystemExit(77)
    if subprocess.run(["unshare", "-Urn", "true"], check=False, capture_output=True).returncode != 0:
        print("skipped, because network namespaces are not to be had here")
        raise SystemExit(77)
    reason = set_up()
    if reason is not None:
        print("skipped, because", reason)
        raise SystemExit(77)
    unittest.main(argv=sys.argv[:1])
