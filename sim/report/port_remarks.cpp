#include "sim/report/port_remarks.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/port_cures.h"
#include "sim/report/port_text.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

using remarks = std::vector<remark>;

std::string measured_text(const observe::outcome& o, const app_failure& f) {
  const std::string& app = o.scenario->apps[f.app].name;
  const std::uint64_t attempted = count(o.tree, {"apps", app, "attempted"});
  const std::uint64_t connected = count(o.tree, {"apps", app, "connected"});
  const double lost = attempted == 0
                          ? 0
                          : static_cast<double>(attempted - std::min(attempted, connected)) /
                                static_cast<double>(attempted);
  return fmt::format("{} of {} attempts connected, {} lost", grouped(connected), grouped(attempted),
                     percent(lost));
}

void add_cures(remarks& to, const std::vector<cure>& cures) {
  const char* label = "cures";
  for (const auto& c : cures) {
    std::string text = c.name + ": ";
    if (c.rate) text += least_rate_text(*c.rate);
    if (c.room) text += grouped(*c.room) + " at one time";
    if (c.no_limit()) text += "no limit from ports";
    if (!c.enough) text += c.perhaps ? ", perhaps not enough" : ", not enough";
    if (!c.remark.empty()) text += " (" + c.remark + ")";
    to.push_back({label, text});
    label = "";
  }
}

/// Its causes; the cures below are those of the ports.
void add_silence(remarks& to, remarks silence) {
  for (auto& r : silence)
    if (r.label == "why" || r.label.empty()) to.push_back({"", std::move(r.text)});
}

/// The state that most of its ports are in, as ss(8) has it; empty: not known.
std::string state_held(const port_budget& b) {
  if (b.unanswered) return "syn-sent";
  if (!b.hold) return "established";
  if (b.time_wait == duration::zero()) return "";
  return b.left_open_by.empty() ? "time-wait" : "fin-wait-2";
}

/// As ss(8) wants it: in brackets where it has colons.
std::string ss_address(const ip_address& a) {
  return a.family == family::inet6 ? "[" + to_string(a) + "]" : to_string(a);
}

/// The lowest port that the file itself names; 0: it leaves them all to the kernel.
std::uint16_t fixed_port_of(const spec::app& a) {
  std::uint16_t lowest = 0;
  if (const auto* binds = binds_of(a)) {
    for (const endpoint& e : *binds)
      if (e.port != 0 && (lowest == 0 || e.port < lowest)) lowest = e.port;
  }
  return lowest;
}

/// bind() to an address that the host does not have.
remarks foreign_address(const observe::outcome& o, const app_failure& f,
                        const std::vector<endpoint>& binds) {
  const auto on = member_called(*o.scenario, f.member);
  if (!on) return {};
  for (const endpoint& e : binds) {
    const auto owner = spec::owner_of(*o.scenario, e.address);
    if (e.address.is_any() || e.address.is_loopback() || (owner && *owner == *on)) continue;
    return {{"why", fmt::format("{} is no address of {}", to_string(e.address), f.member)},
            {"cure", "bind: an address of its own, net.ipv4.ip_nonlocal_bind: 1, or IP_FREEBIND"},
            {"check", "ip -brief address"}};
  }
  return {};
}

/// A port of the file's own choosing is one four-tuple to each destination.
remarks fixed_port(const observe::outcome& o, const app_failure& f, std::uint16_t port) {
  const spec::host& h = o.scenario->hosts[o.scenario->apps[f.app].host.host];
  const bool in_bind = f.call == "bind";
  remarks out{
      {"why", fmt::format("every connection is bound to port {}: one at a time, and {}", port,
                          in_bind ? "none while the port is held, by TIME-WAIT too"
                                  : "none to a destination until its TIME-WAIT is over")},
      {"", fmt::format("TIME-WAIT lasts {} where the client closes first",
                       time_text(ns(h.profile->time_wait.length)))},
      {"cures", "port 0, or no bind(): the kernel chooses"}};
  if (in_bind)
    out.push_back({"", "options: [SO_REUSEADDR]: beside TIME-WAIT, to other destinations"});
  out.push_back({"check", fmt::format("ss -tan sport = :{}", port)});
  return out;
}

}  // namespace

std::string privilege_text(std::uint16_t port) {
  return fmt::format("user: root, a port from 1024 on, or net.ipv4.ip_unprivileged_port_start: {}",
                     port);
}

std::vector<remark> ports_explanation(const observe::outcome& o, const app_failure& f,
                                      std::vector<remark> silence) {
  const spec::app& a = o.scenario->apps[f.app];
  const auto* binds = binds_of(a);
  if (binds != nullptr && f.call == "bind" && f.error == "EADDRNOTAVAIL") {
    if (remarks found = foreign_address(o, f, *binds); !found.empty()) return found;
  }
  const auto b = budget_at(o, a, f.member, at_ns(f.at));
  if (!b) {
    const std::uint16_t port = fixed_port_of(a);
    return port == 0 ? remarks{} : fixed_port(o, f, port);
  }
  remarks out{{"why", budget_text(*b)}, {"", measured_text(o, f)}};
  if (b->unanswered) add_silence(out, std::move(silence));
  add_cures(out, cures_of(*b));
  const std::string state = state_held(*b);
  if (f.to && !state.empty()) {
    out.push_back({"check", fmt::format("ss -tan state {} dst {} | wc -l", state,
                                        ss_address(f.to->address))});
  }
  return out;
}

std::vector<remark> privileged_port(const observe::outcome& o, const app_failure& f) {
  const std::uint16_t port = fixed_port_of(o.scenario->apps[f.app]);
  if (port == 0) return {};
  return {{"why", fmt::format("port {} is below net.ipv4.ip_unprivileged_port_start", port)},
          {"cure", privilege_text(port)}};
}

std::vector<remark> datagram_explanation(const datagram_ports& p, const spec::udp_client& c) {
  if (p.ports == 0 || p.asked <= 0) return {};
  const double each = static_cast<double>(p.ports) / p.asked * 1e9;
  const auto longest = static_cast<std::int64_t>(each);
  remarks out{
      {"why", fmt::format("{} ports (range {}-{}) for all UDP sockets of an address, whatever the "
                          "destination",
                          grouped(p.ports), p.low, p.high)},
      {"",
       fmt::format("at {} a socket may stay open for {} at most, from its request to its answer",
                   rate_text(p.asked), time_text(longest))},
      {"cures", "sockets: one (one port for all requests, told apart by what they ask)"}};
  if (ns(c.timeout) > longest) {
    out.push_back({"", fmt::format("timeout: {} (below {}): silence holds no port for longer",
                                   time_text(longest), time_text(ns(c.timeout)))});
  }
  constexpr double widest = 64'512;
  if (static_cast<double>(p.ports) < widest) {
    out.push_back({"", fmt::format("net.ipv4.ip_local_port_range: \"1024 65535\": {} each",
                                   time_text(static_cast<std::int64_t>(widest / p.asked * 1e9)))});
  }
  out.push_back({"check", "ss -uan | wc -l"});
  return out;
}

}  // namespace fourtuple::report
