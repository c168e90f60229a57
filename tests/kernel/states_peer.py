"""A peer made by hand for one kernel: TCP segments over a TUN device, and sockets in a state of RFC 9293."""

import errno
import fcntl
import os
import select
import socket
import struct
import time

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
HERE, THERE = "10.9.0.1", "10.9.0.2"
FAR = 1_000_000
PEER_FIRST = 5000
HALF_OPEN = ("SYN-RECEIVED, a request of a listener",)
OPENING = HALF_OPEN + ("SYN-SENT", "SYN-RECEIVED, a simultaneous open")


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def words(flags, length, sack):
    names = [n for bit, n in ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST")) if flags & bit]
    names += ["text"] * (length > 0) + ["ACK"] * bool(flags & ACK)
    return ", ".join(names) + (" (SACK)" if sack else "")


class Wire:
    """The device; what the kernel sends goes to the scene of that connection."""

    def __init__(self):
        self.device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.device, 0x400454ca, struct.pack("16sH22s", b"t0", 0x1001, b""))
        self.begin = time.monotonic()
        self.scenes = {}

    def clock(self):
        return 1_000_000 + int((time.monotonic() - self.begin) * 1000)

    def write(self, ports, flags, seq, ack, length, stamps):
        options = b"\2\4\5\xb4\4\2" if flags & SYN else b"\1\1"
        options += b"\x08\x0a" + struct.pack("!II", *stamps)
        options += b"\1\3\3\7" if flags & SYN else b""
        head = struct.pack("!HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff,
                           (5 + len(options) // 4) << 4, flags, 500, 0, 0) + options
        text = b"z" * length
        ends = socket.inet_aton(THERE) + socket.inet_aton(HERE)
        both = head + text
        pseudo = ends + struct.pack("!BBH", 0, 6, len(both))
        head = head[:16] + struct.pack("!H", checksum(pseudo + both)) + head[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(both), 0, 0, 64, 6, 0)
        ip = ip[:10] + struct.pack("!H", checksum(ip + ends)) + ends
        os.write(self.device, ip + head + text)

    def hear(self, seconds):
        """What comes within that time, each to its scene."""
        end = time.monotonic() + seconds
        while True:
            ready, _, _ = select.select([self.device], [], [], max(0, end - time.monotonic()))
            if not ready:
                return
            packet = os.read(self.device, 4096)
            if packet[0] >> 4 != 4 or packet[9] != 6:
                continue
            own, peer = struct.unpack("!HH", packet[20:24])
            scene = self.scenes.get(peer)
            if scene is not None and scene.own in (0, own):
                scene.own = own
                scene.take(packet[20:])


class Scene:
    """One connection of the kernel. Every scene has a port of the peer to itself."""

    def __init__(self, wire, place, number):
        self.wire, self.place = wire, place
        self.peer, self.own, self.listens = 20000 + number, 0, 0
        self.una, self.next, self.echo = 7000, 7001, 0
        self.peer_next = PEER_FIRST + 1
        self.said = []
        self.second = None
        self.fd = socket.socket()
        self.fd.setblocking(False)
        self.fd.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        wire.scenes[self.peer] = self

    # ---- segments
    def send(self, flags, seq, ack=0, length=0, age=0):
        self.wire.write((self.peer, self.own or self.peer), flags, seq, ack, length,
                        (self.wire.clock() - age, self.echo))

    def accepted(self, flags, ack, length=0):
        """Says it, and moves on."""
        self.send(flags, self.peer_next, ack, length)
        self.peer_next += length + bool(flags & SYN) + bool(flags & FIN)
        if flags & ACK:
            self.una = ack

    def take(self, tcp):
        seq, ack, offset, flags = struct.unpack("!IIBB", tcp[4:14])
        end = (offset >> 4) * 4
        kinds, at = {}, 20
        while at < end and tcp[at] != 0:
            size = 1 if tcp[at] == 1 else tcp[at + 1]
            kinds[tcp[at]] = tcp[at + 2:at + size]
            at += size
        if 8 in kinds:
            self.echo = struct.unpack("!I", kinds[8][:4])[0]
        length = len(tcp) - end
        if not flags & RST:
            last = (seq + length + bool(flags & SYN) + bool(flags & FIN)) & 0xffffffff
            if flags & SYN:
                self.una = seq
            if flags & SYN or (last - self.next) & 0xffffffff < 0x80000000:
                self.next = last
        self.said.append(words(flags, length, 5 in kinds))

    def acknowledged(self):
        return self.next if self.place in OPENING else self.una

    # ---- the application
    def found(self):
        """SO_ERROR, and what there is to read."""
        if self.fd is None:
            return ""
        error = self.fd.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        parts = [errno.errorcode[error]] if error else []
        try:
            n = len(self.fd.recv(10))
            parts.append({0: "end of file", 1: "a byte to read"}.get(n, f"{n} bytes to read"))
        except OSError:
            pass
        return ", ".join(parts)

    def close(self):
        fd, self.fd = self.fd, None
        fd.close()


def call(function, *arguments):
    """What a call answers, as the table writes it."""
    try:
        answer = function(*arguments)
    except OSError as problem:
        return errno.errorcode[problem.errno]
    if isinstance(answer, tuple):
        return "a descriptor"
    return str(len(answer) if isinstance(answer, bytes) else answer or 0)


def begin(scene):
    """From nothing to the handshake's first half."""
    if scene.place in ("LISTEN",) + HALF_OPEN:
        scene.fd.bind((HERE, scene.peer))
        scene.fd.listen(8)
        scene.own = scene.listens = scene.peer
    elif scene.place != "CLOSED":
        call(scene.fd.connect, (THERE, scene.peer))


def bring(wire, scenes, place, unread):
    """All scenes to that place, step by step, with the pauses that delayed ACKs need."""
    def each(step, pause=0.05):
        for scene in scenes:
            step(scene)
        wire.hear(pause)

    each(begin)
    if place in ("CLOSED", "LISTEN", "SYN-SENT"):
        return
    for scene in scenes:
        scene.peer_next = PEER_FIRST
    if place in OPENING:
        each(lambda s: s.accepted(SYN, 0))
        return
    each(lambda s: s.accepted(SYN | ACK, s.next))
    each(lambda s: call(s.fd.connect, (THERE, s.peer)))
    each(lambda s: s.fd.send(b"x"))
    each(lambda s: s.accepted(ACK | PSH, s.next, 1))
    each(lambda s: s in unread or s.fd.recv(1), 0.3)
    if place in ("CLOSE-WAIT", "LAST-ACK, after shutdown(WR)"):
        each(lambda s: s.accepted(FIN | ACK, s.una), 0.3)
    if place in ("ESTABLISHED", "CLOSE-WAIT"):
        return
    closes = "after close()" in place
    each(lambda s: s.close() if closes else s.fd.shutdown(socket.SHUT_WR), 0.02)
    if place.startswith("CLOSING"):
        each(lambda s: s.accepted(FIN | ACK, s.una), 0.02)
    if place.startswith(("FIN-WAIT-2", "TIME-WAIT")):
        each(lambda s: s.accepted(ACK, s.next), 0.02)
    if place.startswith("TIME-WAIT"):
        each(lambda s: s.accepted(FIN | ACK, s.una), 0.02)
