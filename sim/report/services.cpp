#include "sim/report/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/profile/profile.h"
#include "sim/spec/services.h"

namespace fourtuple::report {

namespace {

struct ephemeral_range {
  std::string_view system;
  profile::port_range range;
  std::string_view where;
};

// What is not a profile yet, from the vendors' documentation.
constexpr std::array other_systems{
    ephemeral_range{"windows", {49152, 65535}, "netsh int ipv4 show dynamicport tcp"},
    ephemeral_range{"macos", {49152, 65535}, "net.inet.ip.portrange.first, .last"},
    ephemeral_range{"freebsd", {10000, 65535}, "net.inet.ip.portrange.first, .last"},
};

std::string_view iana_range(std::uint16_t port) {
  if (port <= 1023) return "system";
  return port <= 49151 ? "user" : "dynamic";
}

std::vector<ephemeral_range> all_systems() {
  std::vector<ephemeral_range> out;
  for (const auto& p : profile::all_profiles()) {
    out.push_back(
        {p.name, p.ports.default_range, p.is_linux ? "net.ipv4.ip_local_port_range" : "RFC 6335"});
  }
  for (const auto& system : other_systems) {
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&](const auto& row) { return row.system == system.system; });
    if (!known) out.push_back(system);
  }
  return out;
}

std::string ranges_text(const style& s) {
  table iana("llrl");
  iana.row({"IANA range", "ports", "number", "bind() without privilege"});
  iana.row({"system", "0-1023", grouped(1024), "no (Linux: net.ipv4.ip_unprivileged_port_start)"});
  iana.row({"user", "1024-49151", grouped(48128), "yes"});
  iana.row({"dynamic", "49152-65535", grouped(16384), "yes"});
  table ephemeral("llrl");
  ephemeral.row({"ephemeral", "ports", "number", "set by"});
  for (const auto& row : all_systems()) {
    ephemeral.row({std::string(row.system), fmt::format("{}-{}", row.range.low, row.range.high),
                   grouped(row.range.size()), std::string(row.where)});
  }
  return iana.text(s) + '\n' + ephemeral.text(s);
}

}  // namespace

std::string services_text(std::span<const std::uint16_t> ports, const style& s) {
  table rows("rlllll");
  rows.row({"port", "name", "transport", "service", "IANA range", "ephemeral on"});
  const auto add = [&](std::uint16_t port, const spec::service* known) {
    std::string systems;
    for (const auto& system : all_systems()) {
      if (!system.range.contains(port)) continue;
      systems += (systems.empty() ? "" : ", ") + std::string(system.system);
    }
    rows.row({fmt::to_string(port), std::string(known && !known->name.empty() ? known->name : "-"),
              std::string(known ? known->transports : "-"),
              std::string(known ? known->what : "no well-known service"),
              std::string(iana_range(port)), systems.empty() ? "-" : systems});
  };
  for (const auto port : ports) add(port, spec::find_service(port));
  if (!ports.empty()) return rows.text(s);
  for (const auto& row : spec::services()) add(row.port, &row);
  return rows.text(s) + '\n' + ranges_text(s);
}

}  // namespace fourtuple::report
