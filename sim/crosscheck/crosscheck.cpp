#include "sim/crosscheck/crosscheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "sim/crosscheck/packet_diff.h"
#include "sim/net/topology.h"

namespace fourtuple::crosscheck {
namespace {

using observe::verdict;

/// The run gave a tree that can be compared: whether its expectations held is not asked here.
bool usable(const observe::outcome& o) {
  return o.result == verdict::as_expected || o.result == verdict::not_as_expected;
}

void give_up(result& r, const observe::outcome& o, const char* side) {
  r.verdict = o.result;
  r.stopped = o.result == verdict::not_possible_here
                  ? o.stopped
                  : std::string("the ") + side + " run: " + o.stopped;
}

bool has_path(const std::vector<difference>& all, const std::string& path) {
  return std::any_of(all.begin(), all.end(), [&](const difference& d) { return d.path == path; });
}

/// Differences of three runs: those of two or more, and the rest. Of one run: all of them.
void vote(const std::vector<std::vector<difference>>& runs, result& r) {
  const std::size_t enough = runs.size() == 1 ? 1 : 2;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (const difference& d : runs[i]) {
      if (has_path(r.differences, d.path) || has_path(r.unstable, d.path)) continue;
      std::size_t times = 0;
      for (const auto& each : runs) times += has_path(each, d.path) ? 1U : 0U;
      (times >= enough ? r.differences : r.unstable).push_back(d);
    }
  }
}

/// More packets than that nobody compares by eye: such files are compared by their counters.
constexpr std::uint64_t most_packets = 20'000;

/// A link that comes to lose some packets is chancy; one that is down, or loses all, is sure.
void apply_chances(spec::link& l, const link_change& change) {
  constexpr std::uint32_t all = 1'000'000;
  if (change.loss && *change.loss != 0 && *change.loss != all) l.loss = *change.loss;
  if (change.jitter && *change.jitter != duration{}) l.jitter = *change.jitter;
  if (change.duplicate && *change.duplicate != 0) l.duplicate = *change.duplicate;
  if (change.reorder && *change.reorder != 0) l.reorder = *change.reorder;
}

network links_of(const spec::scenario& s, spec::real_place place) {
  if (place == spec::real_place::loopback) return network::shared;
  std::vector<spec::link> links = s.links;  // as each is at its worst
  for (const spec::step& st : s.script)
    if (st.call == spec::call::link) apply_chances(links[st.link], st.change);
  for (const spec::change& c : s.changes)
    for (const auto& what : c.what)
      if (const auto* l = std::get_if<spec::link_setting>(&what))
        apply_chances(links[l->link], l->change);
  const bool sure =
      std::all_of(links.begin(), links.end(), [](const spec::link& l) { return l.plain(); });
  return sure ? network::sure : network::chancy;
}

/// How long after the end everything on its way has arrived, delayed ACKs among it: the two sides
/// end at moments that differ by the kernel's milliseconds, and are compared when they are at rest.
/// After a duration a connection may have just begun: it opens, asks, is answered and closes.
duration time_to_arrive(const spec::scenario& s) {
  constexpr std::chrono::milliseconds longest_delay_of_acks{300};
  duration longest = net::topology(s).longest_way();
  for (const auto& l : s.links) longest += l.jitter;
  if (s.duration) return 10 * longest + longest_delay_of_acks;
  return longest == duration{} ? longest : 4 * longest + longest_delay_of_acks;
}

/// Runs one side, with its packets.
observe::outcome run_recorded(const std::shared_ptr<const spec::scenario>& s,
                              run::run_options options, const run::parts& side,
                              observe::packet_log* log) {
  if (log != nullptr) {
    *log = {};
    log->most = most_packets;
  }
  options.packets = log;
  options.linger = time_to_arrive(*s);
  return run::run_scenario(s, options, side);
}

/// Adds what the packets say. Which pure ACKs are sent depends on how fast programs answer and on
/// the phase of a tick.
void compare_packets_of(const result& r, comparison_result& c) {
  c.compared += r.simulated_packets.packets.size();
  for (auto& d : compare_packets(r.simulated_packets, r.kernel_packets, {})) {
    std::string path = "packets: " + d.where;
    if (d.packet != 0) path += fmt::format(", packet {}", d.packet);
    if (d.acks_only) {
      c.not_compared.push_back({path, "pure ACKs depend on how fast programs answer"});
    } else {
      c.differences.push_back({path, d.simulated.empty() ? "none" : d.simulated,
                               d.kernel.empty() ? "none" : d.kernel, comparison::exact, d.ladders});
    }
  }
}

/// The step's socket is UDP's, whose ports are drawn without regard to parity (reference H.1).
bool about_udp(const spec::scenario& s, const spec::step& st) {
  if (st.call == spec::call::recvfrom) return true;
  return std::any_of(s.script.begin(), s.script.end(), [&](const spec::step& made) {
    return made.call == spec::call::socket && made.host == st.host && made.subject == st.subject &&
           made.transport == spec::transport::udp;
  });
}

/// "10.0.0.1:40000" in its quotes: one address, both ports drawn.
bool both_drawn(const difference& d) {
  const auto read = [](const std::string& json) {
    return parse_endpoint(std::string_view(json).substr(1, json.size() < 2 ? 0 : json.size() - 2));
  };
  const auto a = read(d.simulated);
  const auto b = read(d.kernel);
  constexpr std::uint16_t privileged = 1024;
  return a && b && a->address == b->address && a->port >= privileged && b->port >= privileged;
}

/// Drops differences in nothing but the parity of a UDP port.
void forgive_udp_parity(const spec::scenario& s, std::vector<difference>& all) {
  std::erase_if(all, [&](const difference& d) {
    unsigned n = 0;
    return d.how == comparison::by_property &&
           std::sscanf(d.path.c_str(), "script[%u].address", &n) == 1 && n < s.script.size() &&
           about_udp(s, s.script[n]) && both_drawn(d);
  });
}

/// Of virtual time.
duration time_taken(const observe::outcome& o) { return duration{o.tree.find("ended_at")->number}; }

}  // namespace

result crosscheck(std::shared_ptr<const spec::scenario> s, const run::run_options& options,
                  const sides& both, const std::function<void(int run, duration wait)>& told,
                  int most_runs) {
  result r;
  r.file = s->file;
  r.scenario = s;
  const network links = links_of(*s, both.place);
  r.backend = links == network::shared ? "loopback" : "namespaces";
  observe::outcome simulated = run_recorded(s, options, both.simulated, &r.simulated_packets);
  r.simulated_metrics = std::move(simulated.metrics);
  // Whoever looks at packets of the machine's own interfaces needs privilege.
  const bool packets = links != network::shared && r.simulated_packets.left_out == 0;
  if (!usable(simulated)) {
    give_up(r, simulated, "simulated");
    return r;
  }
  r.simulated = simulated.tree;
  // Looking at the real side's sockets takes time, which it has not.
  run::run_options of_the_kernel = options;
  of_the_kernel.metrics_every.reset();
  std::vector<std::vector<difference>> runs;
  for (int n = 0; n < most_runs; ++n) {
    told(n + 1, time_taken(simulated));
    const observe::outcome kernel =
        run_recorded(s, of_the_kernel, both.kernel, packets ? &r.kernel_packets : nullptr);
    if (!usable(kernel)) {
      give_up(r, kernel, "real");
      return r;
    }
    comparison_result c = compare(simulated.tree, kernel.tree, s->real.tolerance_ppm, links);
    forgive_udp_parity(*s, c.differences);
    if (links == network::chancy) {
      c.not_compared.push_back({"packets", "what a link loses by chance shifts all that follows"});
    } else if (links == network::shared) {
      c.not_compared.push_back({"packets", "a capture of loopback takes privilege"});
    } else if (packets) {
      compare_packets_of(r, c);
    } else {
      c.not_compared.push_back({"packets", fmt::format("there are more than {}", most_packets)});
    }
    runs.push_back(std::move(c.differences));
    if (n != 0) continue;
    r.kernel = kernel.tree;
    r.compared = c.compared;
    r.not_compared = std::move(c.not_compared);
    r.not_given = kernel.not_given;
    for (const auto& path : r.not_given)
      r.not_compared.push_back({path, "a network namespace of this kernel has it not"});
    if (runs.front().empty()) return r;
  }
  vote(runs, r);
  if (!r.differences.empty()) r.verdict = verdict::kernel_differs;
  return r;
}

}  // namespace fourtuple::crosscheck
