"""What programs are made of: addresses, ports, options with their values, sysctls, firewall rules.

Ports that a program names (80, 5000 ..) and ports that a kernel draws (from 32768 up) are apart, so
that what a bind() meets does not hang on a draw. Of ranges with more than one port only how many
there are is determined, never which one comes first.
"""

HOSTS = ("a", "b")
ADDRESSES = {
    "a": {4: ["10.0.0.1", "10.0.0.3"], 6: ["fd00::1"]},
    "b": {4: ["10.0.0.2"], 6: ["fd00::2"]},
}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}
ANY = {4: "0.0.0.0", 6: "::"}
NOBODYS = {4: ["10.0.0.9", "192.0.2.1"], 6: ["fd00::9"]}

PORTS = [5000, 5000, 5000, 5001, 5001, 5002, 80]
DRAWN_FROM = 10000  # a port from here on was chosen by a kernel

FLAG = [1, 1, 1, 0]
OPTIONS = {
    "SO_REUSEADDR": FLAG,
    "SO_REUSEPORT": FLAG,
    "SO_LINGER": [{"onoff": 1, "linger": 0}, {"onoff": 1, "linger": 1}, {"onoff": 0, "linger": 0},
                  {"onoff": 0, "linger": 5}],
    "SO_RCVBUF": [0, 1, 2304, 5000, 20000, 1048576, -1, 2147483647],
    "SO_SNDBUF": [0, 1, 4608, 5000, 20000, 1048576, -1, 2147483647],
    "SO_KEEPALIVE": FLAG,
    "SO_BROADCAST": FLAG,
    "SO_RCVTIMEO": ["20 ms", "100 ms", "0 s", "1.5 s"],
    "SO_SNDTIMEO": ["20 ms", "100 ms", "0 s", "1.5 s"],
    "TCP_NODELAY": FLAG,
    "TCP_CORK": FLAG,
    "TCP_SYNCNT": [1, 3, 127, 0, 128, -1],
    "TCP_USER_TIMEOUT": [0, 600, 30000, -1],
    "TCP_DEFER_ACCEPT": [1, 5, 0, -1, 200],
    "TCP_LINGER2": [-1, 0, 1, 30, 60, 61, 120, 121],
    "TCP_MAXSEG": [0, 87, 88, 536, 1000, 32767, 32768, -1],
    "TCP_KEEPIDLE": [1, 7200, 32767, 0, 32768, -1],
    "TCP_KEEPINTVL": [1, 75, 32767, 0, 32768, -1],
    "TCP_KEEPCNT": [1, 9, 127, 0, 128, -1],
    "IP_BIND_ADDRESS_NO_PORT": FLAG,
    "IP_LOCAL_PORT_RANGE": ["41000 .. 41003", "41000 .. 41000", "0", "41003 .. 41000"],
    "IP_FREEBIND": FLAG,
    "IPV6_V6ONLY": FLAG,
}
READABLE = [*OPTIONS, "SO_ERROR", "SO_ERROR", "SO_ERROR"]

RANGES = ["40000 40003", "40000 40001", "40001 40002", "40000 40000", "40002 40004", "5001 5001"]
SYSCTLS = {
    "net.ipv4.ip_local_reserved_ports": ["40001", "40000-40002", "5001,40002"],
    "net.ipv4.ip_unprivileged_port_start": [0, 80, 81],
    "net.ipv4.ip_autobind_reuse": [1],
    "net.ipv4.ip_nonlocal_bind": [1],
    "net.ipv4.tcp_tw_reuse": [0, 1, 2],
    "net.ipv4.tcp_tw_reuse_delay": [1, 200],
    "net.ipv4.tcp_fin_timeout": [1, 30],
    "net.ipv4.tcp_max_tw_buckets": [0, 1],
    "net.ipv4.tcp_orphan_retries": [0, 1],
    "net.ipv4.tcp_rfc1337": [1],
    "net.core.somaxconn": [0, 1, 2],
    "net.ipv4.tcp_max_syn_backlog": [1, 2],
    "net.ipv4.tcp_syncookies": [0, 1, 2],
    "net.ipv4.tcp_abort_on_overflow": [1],
    "net.ipv4.tcp_timestamps": [0, 2],
    "net.ipv4.tcp_sack": [0],
    "net.ipv4.tcp_window_scaling": [0],
    "net.ipv4.tcp_ecn": [0, 1],
    "net.ipv4.tcp_migrate_req": [1],
    "net.ipv4.tcp_moderate_rcvbuf": [0],
    "net.ipv4.tcp_rmem": ["4096 8192 65536", "2304 4096 4096"],
    "net.ipv4.tcp_wmem": ["4096 8192 65536"],
}
# Those a program may change on its way.
LIVE_SYSCTLS = [
    "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_fin_timeout", "net.core.somaxconn",
    "net.ipv4.tcp_syncookies", "net.ipv4.tcp_abort_on_overflow", "net.ipv4.ip_nonlocal_bind",
    "net.ipv4.ip_autobind_reuse", "net.ipv4.tcp_timestamps", "net.ipv4.ip_unprivileged_port_start",
]
FIREWALLS = [
    [{"drop": "tcp/5001"}],
    [{"drop": "udp/5000"}],
    [{"reject": "tcp/5000"}],
    [{"reject": "tcp/5001", "with": "tcp-reset"}],
    [{"reject": "tcp/5002", "with": "icmp-admin-prohibited"}],
    [{"reject": "udp/5001"}],
    [{"reject": "udp/5000", "with": "icmp-host-unreachable"}],
    [{"reject": "tcp/5000", "direction": "out"}],
    [{"drop": "udp/5000", "direction": "out"}],
    [{"reject": "all"}],
]
TEXTS = ["x", "hello", "0123456789"]
TCP_SIZES = [1, 100, 536, 1000, 1448, 1460, 2000, 5000, 20000, 70000]
UDP_SIZES = [0, 1, 100, 1472, 1473, 9000, 65507, 65508]
READ_SIZES = [0, 1, 3, 100, 1000, 65536, 65536, 65536]
BACKLOGS = [0, 1, 1, 2, 5, 4096]

STATES = ["CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
          "CLOSE-WAIT", "CLOSING", "LAST-ACK", "UDP", "closed fd"]
