// What a report says of ports: why there were none left, what would help, how much is left.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/report/headline.h"
#include "sim/report/port_budget.h"

namespace fourtuple::report {

/// Of bind() or connect() that found no port: EADDRNOTAVAIL, EADDRINUSE. `silence`: what keeps
/// answers from coming, told where the ports wait for them.
[[nodiscard]] std::vector<remark> ports_explanation(const observe::outcome& o, const app_failure& f,
                                                    std::vector<remark> silence);
/// UDP has no TIME-WAIT and no four-tuples: a socket has its port for itself until it is closed.
[[nodiscard]] std::vector<remark> datagram_explanation(const datagram_ports& p,
                                                       const spec::udp_client& c);
/// Of a client's bind() to a port for root only.
[[nodiscard]] std::vector<remark> privileged_port(const observe::outcome& o, const app_failure& f);
/// What lets a program have such a port.
[[nodiscard]] std::string privilege_text(std::uint16_t port);
/// Nothing failed: how far each load's rate is from what its ports sustain, and whether the run was
/// long enough to show it.
[[nodiscard]] std::vector<remark> outlook(const observe::outcome& o);

}  // namespace fourtuple::report
