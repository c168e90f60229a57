"""Scenarios that draw many local ports, and the ports in what a kernel says of them.

The hash's secret and its table of starts belong to the real kernel, not to a network namespace: files that
run at the same time, and whatever else runs on the machine, may not share an address and a destination."""
import collections

HEAD = """fourtuple: 1
title: {title}
pace: 1 us
hosts:
  client: {{ address: 10.173.51.1, nofile: 20000, sysctls: {{ net.ipv4.ip_local_port_range: "{low} {high}" }} }}
  server: {{ address: 10.173.51.2, user: root, nofile: 20000 }}
apps:
  open: {{ host: server, listener: {{ ports: ["{first}-{last}"], accept: false }} }}
script:
"""
SOCKET = "  - {{ host: client, socket: s{0} }}\n"
REUSE = "  - {{ host: client, setsockopt: s{0}, option: SO_REUSEADDR, value: 1 }}\n"
BIND = "  - {{ host: client, bind: s{0}, to: \"0.0.0.0:0\" }}\n"
CONNECT = "  - {{ host: client, connect: s{0}, to: \"10.173.51.2:{1}\" }}\n"
ASK = "  - {{ host: client, getsockname: s{0} }}\n"
RESET = "  - {{ host: client, setsockopt: s{0}, option: SO_LINGER, value: {{ onoff: 1, linger: 0 }} }}\n"
CLOSE = "  - {{ host: client, close: s{0} }}\n"
PAUSE = "  - {{ wait: {0} ms }}\n"

RANGE = (32768, 60999)
NARROW = (40000, 40009)
WINDOW = 10           # seconds that one start of a destination is good for
CONNECTS = 2000       # to one destination, as fast as they go
PAUSES = 34           # of PAUSE_MS, each followed by BETWEEN connects
PAUSE_MS = 300
BETWEEN = 12
SLOW = 3              # destinations of those, in turn
DESTINATIONS = 1000   # one connect to each
NARROWS = 160         # destinations, to each of which the narrow range is used up
BINDS = 2000          # with SO_REUSEADDR and without


def scenario(title, first, last, lines, ports=RANGE):
    return HEAD.format(title=title, first=first, last=last, low=ports[0], high=ports[1]) + "".join(lines)


def connects(number, port_of, after=RESET + CLOSE):
    return [(SOCKET + CONNECT + ASK + after).format(i, port_of(i)) for i in range(number)]


def binds(option=""):
    return [(SOCKET + option + BIND + ASK + CLOSE).format(i) for i in range(BINDS)]


def scenarios():
    """name -> the text of a file. A port to connect() to occurs in one of them only."""
    tries = NARROW[1] - NARROW[0] + 2
    slowly = connects(PAUSES * BETWEEN, lambda i: 2000 + i % SLOW)
    slowly[::BETWEEN] = [PAUSE.format(PAUSE_MS) + first for first in slowly[::BETWEEN]]
    return {
        "one_destination": scenario("2,000 ports to one destination, each given back", 1000, 1000,
                                    connects(CONNECTS, lambda i: 1000)),
        "slowly": scenario("Ports to three destinations for longer than a window", 2000, 1999 + SLOW, slowly),
        "destinations": scenario("A port to each of 1,000 destinations", 3000, 2999 + DESTINATIONS,
                                 connects(DESTINATIONS, lambda i: 3000 + i)),
        "narrow": scenario("A narrow range used up to one destination after another, and one port more",
                           5000, 4999 + NARROWS, connects(NARROWS * tries, lambda i: 5000 + i // tries, after=""),
                           NARROW),
        "bind": scenario("2,000 times bind() to port 0", 1000, 1000, binds()),
        "bind_reuse": scenario("2,000 times bind() to port 0 with SO_REUSEADDR", 1000, 1000, binds(REUSE)),
    }


# `ports`: the local port of every socket in order, the errno where connect() or bind() failed;
# `seconds` of the kernel's own time from the first to the last.
Sample = collections.namedtuple("Sample", "ports seconds")


def sample(tree):
    found, error, times = [], None, []
    for row in tree["script"]:
        if row["call"] in ("connect", "bind"):
            error = row["error"]
            times.append(row["at"])
        if row["call"] == "getsockname":
            found.append(error or int(row["address"].rsplit(":", 1)[1]))
    return Sample(found, times[-1] - times[0])
