#include "sim/report/topology_dot.h"

#include <fmt/format.h>

#include "sim/report/text.h"

namespace fourtuple::report {
namespace {

/// A DOT string: quoted, with quotes and backslashes escaped. `\n` in `lines` stays a line break.
std::string quoted(const std::vector<std::string>& lines) {
  std::string out = "\"";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i != 0) out += "\\n";
    for (const char c : one_line(lines[i])) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

std::string node_name(const spec::scenario& s, const spec::host_selection& which) {
  return s.hosts[which.host].name;
}

/// A counted host is one node that says how many it stands for.
std::string host_node(const spec::host& h) {
  std::vector<std::string> lines{h.members() > 1 ? fmt::format("{} ({})", h.name, h.members())
                                                 : h.name};
  const auto addresses = spec::addresses_of(h, 0);
  constexpr std::size_t most = 4;
  for (std::size_t i = 0; i < addresses.size() && i < most; ++i)
    lines.push_back(to_string(addresses[i]));
  if (h.members() > 1) lines.push_back("...");
  if (addresses.size() > most) lines.push_back(fmt::format("{} more", addresses.size() - most));
  return fmt::format("  {} [label={}];\n", quoted({h.name}), quoted(lines));
}

std::string share_text(std::uint32_t millionths) {
  std::string t = fmt::format("{}.{:04}", millionths / 10'000, millionths % 10'000);
  t.erase(t.find_last_not_of('0') + 1);
  if (t.back() == '.') t.pop_back();
  return t + " %";
}

/// What the link does to packets, a line each.
std::vector<std::string> link_lines(const spec::link& l) {
  std::vector<std::string> out{l.latency.count() == 0 ? "no delay" : time_text(l.latency.count())};
  if (!l.up) out.emplace_back("down");
  if (l.jitter.count() != 0) out.push_back("jitter " + time_text(l.jitter.count()));
  if (l.bandwidth != 0) out.push_back(fmt::format("{} bit/s", l.bandwidth));
  if (l.loss != 0) out.push_back("loss " + share_text(l.loss));
  if (l.duplicate != 0) out.push_back("duplicate " + share_text(l.duplicate));
  if (l.reorder != 0) out.push_back("reorder " + share_text(l.reorder));
  if (l.mtu != 1500) out.push_back(fmt::format("mtu {}", l.mtu));
  return out;
}

}  // namespace

std::string topology_dot(const spec::scenario& s) {
  std::string out = fmt::format("graph {} {{\n  node [shape=box];\n", quoted({s.title}));
  for (const auto& h : s.hosts) out += host_node(h);
  if (s.links.empty() && s.hosts.size() > 1) {
    out += "  \"one segment\" [shape=point, xlabel=\"one segment\"];\n";
    for (const auto& h : s.hosts)
      out += fmt::format("  {} -- \"one segment\";\n", quoted({h.name}));
  }
  for (const auto& l : s.links) {
    out +=
        fmt::format("  {} -- {} [label={}];\n", quoted({node_name(s, l.between[0])}),
                    quoted({node_name(s, l.between[1])}),
                    quoted(link_lines(l)));
  }
  return out + "}\n";
}

}  // namespace fourtuple::report
