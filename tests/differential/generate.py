"""Random programs of socket calls: mostly what a program would do, and a share of misuse.

The generator guesses what each socket has become (a guess costs nothing: on a socket that is
something else the call is misuse, and compared as well) and picks calls by that. What would make
the answer a matter of chance it leaves out; see README.md, "what is determined".
"""
import random

import vocabulary as v

# How often each call is made on a socket that is taken to be ...
WEIGHTS = {
    "tcp new": {"bind": 30, "connect": 30, "listen": 12, "setsockopt": 22, "getsockopt": 6,
                "getsockname": 2, "getpeername": 1, "accept": 2, "send": 2, "recv": 2,
                "shutdown": 2, "close": 3, "dup": 1, "unconnect": 1, "sendto": 1, "fill": 1},
    "tcp bound": {"listen": 34, "connect": 26, "setsockopt": 16, "getsockopt": 5, "bind": 3,
                  "getsockname": 4, "accept": 2, "recv": 1, "shutdown": 1, "close": 5,
                  "unconnect": 2, "dup": 1},
    "listening": {"accept": 50, "setsockopt": 6, "getsockopt": 4, "listen": 5, "bind": 1,
                  "connect": 2, "send": 1, "recv": 1, "shutdown": 4, "close": 6, "dup": 1,
                  "getsockname": 2, "unconnect": 2, "getpeername": 1},
    "connected": {"send": 26, "recv": 26, "shutdown": 12, "close": 11, "setsockopt": 9,
                  "getsockopt": 9, "getsockname": 3, "getpeername": 3, "connect": 4, "bind": 1,
                  "listen": 1, "accept": 1, "dup": 2, "fill": 2, "unconnect": 3, "sendto": 2,
                  "recvfrom": 2},
    "udp": {"bind": 18, "connect": 14, "sendto": 26, "send": 12, "recv": 10, "recvfrom": 14,
            "setsockopt": 12, "getsockopt": 8, "getsockname": 5, "getpeername": 2, "shutdown": 5,
            "close": 5, "unconnect": 5, "dup": 2, "listen": 1, "accept": 1, "fill": 1},
    "closed": {"close": 2, "bind": 1, "send": 1, "recv": 1, "getsockopt": 1, "setsockopt": 1,
               "getsockname": 1, "accept": 1, "connect": 1, "listen": 1, "dup": 1, "shutdown": 1},
}
MOVES_PACKETS = {"connect", "accept", "send", "fill", "recv", "sendto", "recvfrom", "shutdown",
                 "close", "exit", "listen"}
WAITS = {"connect", "accept", "send", "recv", "sendto", "recvfrom"}
# A delayed ACK comes 40 to 48 ms after its segment: looks are well before or well after.
SETTLED = "60 ms"
BURST = 60  # steps between two waits: some 20 ms


class Socket:
    def __init__(self, host, name, tcp, family):
        self.host, self.name, self.tcp, self.family = host, name, tcp, family
        self.guess = "tcp new" if tcp else "udp"
        self.port = None
        self.defers = False  # has TCP_DEFER_ACCEPT: made for listening


class Generator:
    def __init__(self, seed, number):
        self.dice = random.Random(f"{seed}/{number}")
        self.seed, self.number = seed, number
        self.calls = []
        self.sockets = []
        self.names = 0
        self.burst = 0
        self.values = 0
        self.kept = []  # names of addresses kept by getsockname
        self.most = self.dice.randint(3, 8)
        self.latency = self.dice.choice([None] * 7 + ["3 ms"])
        self.background = []

    def chance(self, p):
        return self.dice.random() < p

    def pick(self, items):
        return self.dice.choice(list(items))

    def weighed(self, weights):
        return self.dice.choices(list(weights), list(weights.values()))[0]

    # --- hosts

    def hosts(self):
        return {name: self.host(name) for name in v.HOSTS}

    def host(self, name):
        host = {"address": v.ADDRESSES[name][4] + v.ADDRESSES[name][6]}
        if self.chance(0.5):
            host["user"] = "root"
        sysctls = {}
        if self.chance(0.4):
            sysctls["net.ipv4.ip_local_port_range"] = self.pick(v.RANGES)
        while self.chance(0.35):
            key = self.pick(v.SYSCTLS)
            sysctls[key] = self.pick(v.SYSCTLS[key])
        if sysctls:
            host["sysctls"] = sysctls
        if self.chance(0.1):
            host["firewall"] = self.pick(v.FIREWALLS)
        return host

    # --- addresses

    def address_of(self, host, family, mapped=0.1):
        if family == 6 and self.chance(mapped):
            return "::ffff:" + self.pick(v.ADDRESSES[host][4])
        return self.pick(v.ADDRESSES[host][family])

    @staticmethod
    def endpoint(address, port):
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    def own_endpoint(self, s):
        """To bind to."""
        other = [h for h in v.HOSTS if h != s.host][0]
        address = self.weighed({v.ANY[s.family]: 40, self.address_of(s.host, s.family): 40,
                                v.LOOPBACK[4] if s.family == 4 else v.ANY[6]: 8, self.address_of(other, s.family): 3,
                                self.pick(v.NOBODYS[s.family]): 3})
        port = 0 if self.chance(0.2) else self.pick(v.PORTS)
        if s.family == 6 and self.chance(0.03):
            address = self.pick(v.ADDRESSES[s.host][4])  # of the wrong family
        s.port = port
        return self.endpoint(address, port)

    def far_endpoint(self, s):
        """To connect or send to: mostly where somebody is."""
        there = [t for t in self.sockets if t.port and t.tcp == s.tcp and t is not s and
                 t.guess in ("listening", "udp", "tcp bound")]
        listening = [t for t in there if t.guess != "tcp bound"]
        if self.kept and self.chance(0.06):
            return "${" + self.pick(self.kept) + "}"
        if there and self.chance(0.85):
            target = self.pick(listening or there)
            host, port = target.host, target.port
        else:
            host, port = self.pick(v.HOSTS), self.pick(v.PORTS + [0])
        address = self.address_of(host, s.family)
        if host == s.host and self.chance(0.4):
            address = v.LOOPBACK[s.family]
        if self.chance(0.03):
            address = v.ANY[s.family]
        if self.chance(0.03):
            address = self.pick(v.NOBODYS[s.family])
        if self.chance(0.01):
            address = {4: v.ADDRESSES[host][6][0], 6: v.ADDRESSES[host][4][0]}[s.family]
        return self.endpoint(address, port)

    # --- calls

    def new_name(self):
        self.names += 1
        return f"S{self.names}"

    def make_socket(self):
        listening = [s for s in self.sockets if s.guess == "listening"]
        tcp = self.chance(0.72)
        family = 4 if self.chance(0.6) else 6
        host = self.pick(v.HOSTS)
        if listening and self.chance(0.5):
            target = self.pick(listening)
            tcp, family = True, target.family
            host = self.pick([h for h in v.HOSTS if h != target.host] * 3 + [target.host])
        s = Socket(host, self.new_name(), tcp, family)
        step = {"host": host, "socket": s.name}
        if not tcp:
            step["type"] = "udp"
        if family == 6:
            step["family"] = "inet6"
        if self.chance(0.1):
            step["nonblocking"] = True
        if self.chance(0.03):
            step["as_user"] = "nobody"
        self.sockets.append(s)
        self.add(step)

    def add(self, step, look="one"):
        """Appends a call. Packets on their way: all sockets are looked at, and perhaps later."""
        moves = any(c in step for c in MOVES_PACKETS)
        if moves:
            look = "all" if self.chance(0.6) else "one"
        call = {"step": step, "look": look}
        if self.sends_fin(step):
            call["look"], call["settle"] = "none", SETTLED
            self.burst = 0
            self.calls.append(call)
            self.look_around()
            return
        looked = {"all": 2 * len(self.sockets), "one": 2, "none": 0}[look]
        self.burst += 1 + looked
        far = self.latency and moves
        if self.latency:
            call["look"] = "one" if moves else "none"
        if (far and self.chance(0.8)) or (moves and self.chance(0.25)) or self.burst > BURST:
            call["settle"] = SETTLED
            if self.chance(0.04):
                call["settle"] = self.pick(["260 ms", "1250 ms"])
            self.burst = 0
            self.calls.append(call)
            if moves and self.sockets:
                self.look_around()
            return
        self.calls.append(call)

    def sends_fin(self, step):
        """Its acknowledgement comes with a tick of the peer's clock: at once, or 4 ms later."""
        name = step.get("close") or (step.get("shutdown") if step.get("how") != "rd" else None)
        return any(s.name == name and s.tcp for s in self.sockets)

    def look_around(self):
        """A look at all sockets after a wait, hung on a call that changes nothing."""
        s = self.pick(self.sockets)
        self.calls.append({"step": {"host": s.host, "getsockname": s.name}, "look": "all"})
        self.burst += 1 + 2 * len(self.sockets)

    def call_on(self, s):
        getattr(self, "do_" + self.weighed(WEIGHTS[s.guess]))(s)

    def waiting(self, step, within="30 ms"):
        if self.chance(0.7):
            step["nonblocking"] = True
        else:
            step["within"] = "300 ms" if self.latency else within
        return step

    def do_bind(self, s):
        self.add({"host": s.host, "bind": s.name, "to": self.own_endpoint(s)})
        if s.guess == "tcp new":
            s.guess = "tcp bound"

    def do_listen(self, s):
        self.add({"host": s.host, "listen": s.name, "backlog": self.pick(v.BACKLOGS)})
        if s.guess in ("tcp new", "tcp bound"):
            s.guess = "listening"

    def do_connect(self, s):
        if s.defers:
            self.do_listen(s)
            return
        step = {"host": s.host, "connect": s.name, "to": self.far_endpoint(s)}
        if s.tcp:
            self.waiting(step)
            if s.guess.startswith("tcp"):
                s.guess = "connected"
        self.add(step)

    def do_unconnect(self, s):
        self.add({"host": s.host, "connect": s.name, "to": "unspec"})
        if s.tcp:
            s.guess = "tcp new"

    def do_accept(self, s):
        step = {"host": s.host, "accept": s.name}
        made = None
        if len([t for t in self.sockets if t.guess != "closed"]) < self.most or self.chance(0.3):
            made = Socket(s.host, self.new_name(), True, s.family)
            made.guess = "connected"
            step["as"] = made.name
        if made and self.chance(0.06) and not self.latency:
            name = f"B{len(self.calls)}"
            self.background.append(name)
            self.calls.append({"step": {**step, "background": name, "within": "600 ms"},
                               "look": "none"})
        else:
            self.add(self.waiting(step))
        if made:
            self.sockets.append(made)

    def amount(self, s):
        if self.chance(0.5):
            return {"data": self.pick(v.TEXTS)}
        return {"size": self.pick(v.TCP_SIZES if s.tcp else v.UDP_SIZES)}

    def do_send(self, s):
        self.add(self.waiting({"host": s.host, "send": s.name, **self.amount(s)}))

    def do_sendto(self, s):
        self.add(self.waiting({"host": s.host, "sendto": s.name, "to": self.far_endpoint(s),
                               **self.amount(s)}))

    def do_fill(self, s):
        if s.tcp:
            self.add({"host": s.host, "fill": s.name})
        else:
            self.do_send(s)

    def do_recv(self, s):
        self.add(self.waiting({"host": s.host, "recv": s.name, "max": self.pick(v.READ_SIZES)}))

    def do_recvfrom(self, s):
        self.add(self.waiting({"host": s.host, "recvfrom": s.name, "max": self.pick(v.READ_SIZES)}))

    def do_shutdown(self, s):
        self.add({"host": s.host, "shutdown": s.name, "how": self.pick(["rd", "wr", "wr", "rdwr"])})

    def do_close(self, s):
        self.add({"host": s.host, "close": s.name})
        s.guess = "closed"

    def do_dup(self, s):
        copy = Socket(s.host, self.new_name(), s.tcp, s.family)
        copy.guess, copy.port, copy.defers = s.guess, s.port, s.defers
        self.add({"host": s.host, "dup": s.name, "as": copy.name})
        self.sockets.append(copy)

    def do_getsockname(self, s):
        step = {"host": s.host, "getsockname": s.name}
        if self.chance(0.4):
            self.values += 1
            step["as"] = f"me{self.values}"
            self.kept.append(step["as"])
        self.add(step)

    def do_getpeername(self, s):
        self.add({"host": s.host, "getpeername": s.name})

    def do_setsockopt(self, s):
        names = [o for o in v.OPTIONS if s.tcp or not o.startswith("TCP_") or self.chance(0.1)]
        name = self.pick(names + ["SO_REUSEADDR", "SO_REUSEPORT", "SO_LINGER"])
        if name == "TCP_DEFER_ACCEPT" and s.guess == "connected":
            name = "TCP_CORK"
        s.defers = s.defers or name == "TCP_DEFER_ACCEPT"
        self.add({"host": s.host, "setsockopt": s.name, "option": name,
                  "value": self.pick(v.OPTIONS[name])})

    def do_getsockopt(self, s):
        self.add({"host": s.host, "getsockopt": s.name, "option": self.pick(v.READABLE)})

    # --- what most programs do, so that there are connections to misuse

    def begin_with_a_connection(self):
        family = 4 if self.chance(0.65) else 6
        there, here = self.dice.sample(v.HOSTS, 2)
        if self.chance(0.2):
            here = there
        listener = self.begin_socket(there, True, family)
        if self.chance(0.4):
            self.add({"host": there, "setsockopt": listener.name, "option": "SO_REUSEADDR",
                      "value": 1})
        if self.chance(0.3):
            self.do_setsockopt(listener)
        listener.port = self.pick([5000, 5001])
        to = self.pick([v.ANY[family], v.ADDRESSES[there][family][0]])
        self.add({"host": there, "bind": listener.name, "to": self.endpoint(to, listener.port)})
        self.add({"host": there, "listen": listener.name, "backlog": self.pick(v.BACKLOGS)})
        listener.guess = "listening"
        for _ in range(self.pick([1, 1, 2, 3])):
            client = self.begin_socket(here, True, family)
            if self.chance(0.4):
                self.do_setsockopt(client)
            address = v.ADDRESSES[there][family][0]
            self.add(self.waiting({"host": here, "connect": client.name,
                                   "to": self.endpoint(address, listener.port)}))
            client.guess = "connected"
            if self.chance(0.75):
                self.do_accept(listener)

    def begin_with_datagrams(self):
        family = 4 if self.chance(0.65) else 6
        there, here = self.dice.sample(v.HOSTS, 2)
        server, client = (self.begin_socket(h, False, family) for h in (there, here))
        server.port = self.pick([5000, 5001])
        self.add({"host": there, "bind": server.name,
                  "to": self.endpoint(v.ANY[family], server.port)})
        to = self.endpoint(v.ADDRESSES[there][family][0], server.port)
        if self.chance(0.6):
            self.add({"host": here, "connect": client.name, "to": to})
        self.add({"host": here, "sendto": client.name, "to": to, "data": "hello",
                  "nonblocking": True})

    def begin_socket(self, host, tcp, family):
        s = Socket(host, self.new_name(), tcp, family)
        step = {"host": host, "socket": s.name}
        if not tcp:
            step["type"] = "udp"
        if family == 6:
            step["family"] = "inet6"
        self.sockets.append(s)
        self.add(step)
        return s

    # --- the whole

    def something_else(self):
        """A step that is no socket call: a sysctl, the firewall, the end of a process."""
        host = self.pick(v.HOSTS)
        if self.chance(0.5):
            key = self.pick(v.LIVE_SYSCTLS)
            self.add({"host": host, "sysctl": key, "value": self.pick(v.SYSCTLS[key])}, "none")
        else:
            self.add({"host": host, "firewall": self.pick(v.FIREWALLS + [[], []])}, "none")

    def step(self):
        alive = [s for s in self.sockets if s.guess != "closed"]
        room = len(alive) < self.most
        if not self.sockets or (room and self.chance(0.75 / (1 + len(alive)) + 0.08)):
            self.make_socket()
        elif self.background and self.chance(0.3):
            self.calls.append({"step": {"join": self.background.pop(0)}, "look": "none"})
        elif self.chance(0.015):
            self.something_else()
        elif not alive or self.chance(0.02):
            self.call_on(self.pick(self.sockets))
        else:
            fresh = alive[-3:]
            self.call_on(self.pick(fresh if self.chance(0.5) else alive))

    def program(self):
        length = self.dice.randint(8, 60)
        hosts = self.hosts()
        if self.latency:
            length = min(length, 25)
        if self.chance(0.6):
            self.begin_with_a_connection()
        if self.chance(0.25):
            self.begin_with_datagrams()
        while len(self.calls) < length:
            self.step()
        for name in self.background:
            self.calls.append({"step": {"join": name}, "look": "none"})
        self.calls.append({"step": {"wait": SETTLED}, "look": "all"})
        for s in self.sockets:
            self.calls.append({"step": {"host": s.host, "getsockopt": s.name,
                                        "option": "SO_ERROR"}, "look": "none"})
        return {"seed": self.seed, "number": self.number, "hosts": hosts, "latency": self.latency,
                "calls": self.calls}


def generate(seed, number):
    return Generator(seed, number).program()
