#include "sim/report/ss_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/spec/services.h"

namespace fourtuple::report {

namespace {

using observe::socket_row;

/// One printed line before its widths are known. Addresses are right-, ports left-aligned.
struct line {
  std::string netid, state, recv_q, send_q, local, local_port, peer, peer_port, process;
};

std::string port_text(std::uint16_t port, bool tcp, bool numeric) {
  if (port == 0) return "*";
  const auto over = tcp ? spec::transport::tcp : spec::transport::udp;
  const spec::service* known = numeric ? nullptr : spec::find_service(port, over);
  return known != nullptr && !known->name.empty() ? std::string(known->name) : fmt::to_string(port);
}

/// IPv6 in brackets; a listener on both families is "*".
std::string address_text(const ip_address& a, const socket_row& r, bool peer) {
  const bool v6_socket = r.local.address.family == family::inet6;
  if (a.is_any() && v6_socket) return r.v6only ? "[::]" : "*";
  if (a.is_any() && peer) return "0.0.0.0";
  return a.family == family::inet6 ? "[" + to_string(a) + "]" : to_string(a);
}

std::string process_text(const socket_row& r, const ss_options& o) {
  std::string out;
  if (o.processes && !r.holders.empty()) {
    out += "users:(";
    for (std::size_t i = 0; i < r.holders.size(); ++i) {
      const auto& h = r.holders[i];
      out += fmt::format("{}(\"{}\",pid={},fd={})", i == 0 ? "" : ",", h.program, h.pid, h.fd);
    }
    out += ")";
  }
  if (o.timers && !r.timer.empty()) {
    out += fmt::format("{}timer:({},{},{})", out.empty() ? "" : " ", r.timer,
                       ss_timer(r.timer_left), r.retransmits);
  }
  return out;
}

line line_of(const socket_row& r, const ss_options& o) {
  return {r.tcp ? "tcp" : "udp",
          std::string(state_word(r)),
          fmt::to_string(r.recv_q),
          fmt::to_string(r.send_q),
          address_text(r.local.address, r, false),
          port_text(r.local.port, r.tcp, o.numeric),
          address_text(r.remote.address, r, true),
          port_text(r.remote.port, r.tcp, o.numeric),
          process_text(r, o)};
}

observe::value value_of(const socket_row& r) {
  observe::value out = observe::value::map();
  out.set("netid", r.tcp ? "tcp" : "udp");
  out.set("state", state_word(r));
  out.set("recv_q", r.recv_q);
  out.set("send_q", r.send_q);
  out.set("local", to_string(r.local));
  out.set("peer", to_string(r.remote));
  out.set("uid", r.uid);
  observe::value& processes = out.set("processes", observe::value::list());
  for (const auto& h : r.holders) {
    observe::value one = observe::value::map();
    one.set("name", h.program);
    one.set("pid", h.pid);
    one.set("fd", h.fd);
    processes.push(std::move(one));
  }
  observe::value& timer = out.set("timer", observe::value());
  if (r.timer.empty()) return out;
  timer = observe::value::map();
  timer.set("name", r.timer);
  timer.set("left", r.timer_left);
  timer.set("retransmits", r.retransmits);
  return out;
}

std::uint16_t states_shown(const ss_options& o, const ss_filter& f) {
  if (f.states != 0) return f.states;
  if (o.listening) return ss_listen | ss_unconnected;
  return o.all ? ss_all : ss_connected;
}

bool is_shown(const socket_row& r, const ss_options& o, const ss_filter& f) {
  const bool both = o.tcp == o.udp;
  if (!both && r.tcp != o.tcp) return false;
  const bool v6 = r.local.address.family == family::inet6;
  if (o.v4 != o.v6 && v6 != o.v6) return false;
  // A TCP socket in CLOSED is in no table of the kernel that ss could read.
  if (r.tcp && state_bit(r) == ss_unconnected) return false;
  if ((state_bit(r) & states_shown(o, f)) == 0) return false;
  return !f.expression || f.expression->matches(r);
}

/// UDP before TCP and listeners first, as ss asks the kernel for them.
std::vector<const socket_row*> rows_shown(const std::vector<socket_row>& rows, const ss_options& o,
                                          const ss_filter& f) {
  std::vector<const socket_row*> out;
  for (const auto& r : rows) {
    if (is_shown(r, o, f)) out.push_back(&r);
  }
  std::stable_sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    if (a->tcp != b->tcp) return b->tcp;
    return (state_bit(*a) == ss_listen) > (state_bit(*b) == ss_listen);
  });
  return out;
}

std::string printed(const std::vector<line>& lines, bool netid, bool state) {
  struct column {
    std::string line::*left;
    std::string line::*right;  ///< after a colon; null for plain columns
    bool shown;
  };
  const std::array<column, 6> columns{{{&line::netid, nullptr, netid},
                                       {&line::state, nullptr, state},
                                       {&line::recv_q, nullptr, true},
                                       {&line::send_q, nullptr, true},
                                       {&line::local, &line::local_port, true},
                                       {&line::peer, &line::peer_port, true}}};
  std::array<std::size_t, 6> left{};
  std::array<std::size_t, 6> right{};
  for (const auto& l : lines) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
      left[c] = std::max(left[c], (l.*columns[c].left).size());
      if (columns[c].right) right[c] = std::max(right[c], (l.*columns[c].right).size());
    }
  }
  std::string out;
  for (const auto& l : lines) {
    std::string text;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (!columns[c].shown) continue;
      if (columns[c].right) {
        text += fmt::format("{:>{}}:{:<{}} ", l.*columns[c].left, left[c], l.*columns[c].right,
                            right[c]);
      } else {
        text += fmt::format("{:<{}} ", l.*columns[c].left, left[c]);
      }
    }
    text += l.process;
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  }
  return out;
}

std::string summary_text(const std::vector<socket_row>& rows) {
  std::array<std::array<unsigned, 2>, 2> n{};  // [tcp][v6]
  unsigned established = 0;
  unsigned time_wait = 0;
  unsigned orphaned = 0;
  for (const auto& r : rows) {
    if (r.tcp && state_bit(r) == ss_unconnected) continue;
    const bool is_time_wait = state_bit(r) == ss_time_wait;
    time_wait += is_time_wait ? 1 : 0;
    // Records of TIME-WAIT are no sockets: ss counts them in TCP's total only.
    if (!is_time_wait) ++n[r.tcp ? 1 : 0][r.local.address.family == family::inet6 ? 1 : 0];
    if (r.tcp && state_bit(r) == ss_established) ++established;
    const bool waits =
        (state_bit(r) & (ss_fin_wait_1 | ss_fin_wait_2 | ss_last_ack | ss_closing)) != 0;
    if (r.tcp && waits && r.holders.empty()) ++orphaned;
  }
  const unsigned tcp = n[1][0] + n[1][1];
  const unsigned udp = n[0][0] + n[0][1];
  std::string out =
      fmt::format("Total: {}\nTCP:   {} (estab {}, closed {}, orphaned {}, timewait {})\n\n",
                  tcp + udp, tcp + time_wait, established, time_wait, orphaned, time_wait);
  out += "Transport Total     IP        IPv6\n";
  const auto row = [&](std::string_view name, unsigned v4, unsigned v6) {
    out += fmt::format("{:<9} {:<9} {:<9} {}\n", name, v4 + v6, v4, v6);
  };
  row("RAW", 0, 0);
  row("UDP", n[0][0], n[0][1]);
  row("TCP", n[1][0], n[1][1]);
  row("INET", n[0][0] + n[1][0], n[0][1] + n[1][1]);
  row("FRAG", 0, 0);
  return out + '\n';
}

}  // namespace

std::string ss_text(const std::vector<socket_row>& rows, const ss_options& o, const ss_filter& f) {
  if (o.summary) return summary_text(rows);
  std::vector<line> lines;
  if (!o.no_header) {
    lines.push_back({"Netid", "State", "Recv-Q", "Send-Q", "Local Address", "Port", "Peer Address",
                     "Port", "Process"});
  }
  for (const auto* r : rows_shown(rows, o, f)) lines.push_back(line_of(*r, o));
  const std::uint16_t states = states_shown(o, f);
  const bool one_state = (states & (states - 1)) == 0;  // ss leaves the column out then
  return printed(lines, o.tcp == o.udp, !one_state);
}

observe::value ss_value(const std::vector<socket_row>& rows, const ss_options& o,
                        const ss_filter& f) {
  observe::value out = observe::value::list();
  for (const auto* r : rows_shown(rows, o, f)) out.push(value_of(*r));
  return out;
}

std::string ss_timer(duration left) {
  const std::int64_t total = std::max<std::int64_t>(0, ns(left)) / 1'000'000;
  std::int64_t ms = total % 1000;
  std::int64_t seconds = total / 1000 % 60;
  const std::int64_t minutes = total / 60'000;
  std::string out;
  if (minutes > 0) {
    ms = 0;
    out = fmt::format("{}min", minutes);
    if (minutes > 9) seconds = 0;
  }
  if (seconds > 0) {
    if (seconds > 9) ms = 0;
    out += fmt::format("{}{}", seconds, ms > 0 ? "." : "sec");
  }
  if (ms > 0) out += fmt::format("{:03}ms", ms);
  return out;
}

}  // namespace fourtuple::report
