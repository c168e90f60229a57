#include "sim/report/packet_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sim/wire/codec.h"

namespace fourtuple::report {
namespace {

std::string address_text(const endpoint& e) {
  return e.port == 0 ? to_string(e.address) : fmt::format("{}.{}", to_string(e.address), e.port);
}

/// ICMP has no ports.
std::string endpoint_text(const endpoint& e) {
  return e.port == 0 ? to_string(e.address) : to_string(e);
}

std::string sequence_text(const wire::frame& f, const wire::segment& s,
                          const relative_numbers& numbers) {
  const std::uint32_t first = numbers.seq(f);
  std::string out;
  if (s.length != 0) {
    out += fmt::format(", seq {}:{}", first, first + s.length);
  } else if (s.has(wire::syn) || s.has(wire::fin) || s.has(wire::rst)) {
    out += fmt::format(", seq {}", first);
  }
  if (s.has(wire::ack)) out += fmt::format(", ack {}", numbers.ack(f));
  return out;
}

std::string sack_text(const wire::frame& f, const wire::segment& s,
                      const relative_numbers& numbers) {
  std::string out = fmt::format("nop,nop,sack {} ", s.sack_count);
  for (unsigned i = 0; i < s.sack_count; ++i)
    out += fmt::format("{{{}:{}}}", numbers.of(f.destination, f.source, s.sack[i].left),
                       numbers.of(f.destination, f.source, s.sack[i].right));
  return out;
}

std::string tcp_text(const wire::frame& f, const wire::segment& s,
                     const relative_numbers& numbers) {
  std::string options = options_text(s);
  if (s.sack_count != 0) options += (options.empty() ? "" : ",") + sack_text(f, s, numbers);
  return fmt::format("Flags [{}]{}, win {}{}, length {}", flags_text(s),
                     sequence_text(f, s, numbers), s.window,
                     options.empty() ? "" : ", options [" + options + "]", s.length);
}

/// The words of tcpdump for destination-unreachable codes; {} is the host.
constexpr std::array<const char*, 16> unreachable_v4 = {
    "net {} unreachable",
    "host {} unreachable",
    "{} protocol 6 unreachable",
    "{} port unreachable",
    "{} unreachable - need to frag",
    "{} unreachable - source route failed",
    "net {} unreachable - unknown",
    "host {} unreachable - unknown",
    "{} unreachable - source host isolated",
    "net {} unreachable - admin prohibited",
    "host {} unreachable - admin prohibited",
    "net {} unreachable - tos prohibited",
    "host {} unreachable - tos prohibited",
    "host {} unreachable - admin prohibited filter",
    "host {} unreachable - host precedence violation",
    "host {} unreachable - precedence cutoff",
};
constexpr std::array<const char*, 7> unreachable_v6 = {
    "unreachable route {}",   "unreachable prohibited {}", "beyond scope {}",
    "unreachable address {}", "unreachable port {}",       "ingress/egress policy {}",
    "reject route {}",
};

std::string unreachable_text(const wire::icmp_message& m) {
  const std::string host = to_string(m.quoted_destination.address);
  const char* protocol = m.about_tcp ? "tcp" : "udp";
  if (m.quoted_source.address.family == family::inet6) {
    if (m.type == 2) return fmt::format("packet too big, mtu {}", m.mtu);
    if (m.type == 3) return "time exceeded in-transit";
    if (m.type != 1 || m.code >= unreachable_v6.size()) return fmt::format("type {}", m.type);
    if (m.code == 4)
      return fmt::format("destination unreachable, unreachable port, {} {} port {}", host, protocol,
                         m.quoted_destination.port);
    return "destination unreachable, " + fmt::format(fmt::runtime(unreachable_v6[m.code]), host);
  }
  if (m.type == 11) return "time exceeded in-transit";
  if (m.type != 3 || m.code >= unreachable_v4.size()) return fmt::format("type {}", m.type);
  if (m.code == 2) return fmt::format("{} protocol {} unreachable", host, m.about_tcp ? 6 : 17);
  if (m.code == 3)
    return fmt::format("{} {} port {} unreachable", host, protocol, m.quoted_destination.port);
  if (m.code == 4) return fmt::format("{} unreachable - need to frag (mtu {})", host, m.mtu);
  return fmt::format(fmt::runtime(unreachable_v4[m.code]), host);
}

/// In the words of the list; nothing to say of a packet that arrived.
const char* what_became_of(const observe::packet_record& p) {
  if (p.arrived_at) return "";
  return p.lost ? " (lost)" : " (under way)";
}

struct line {
  instant at;
  std::uint64_t order;
  std::string text;
};

}  // namespace

void relative_numbers::see(const wire::frame& f) {
  const wire::segment* s = f.tcp();
  if (s == nullptr) return;
  const std::pair key{f.source, f.destination};
  if (s->has(wire::syn)) {
    first_[key] = s->seq_number;
    if (!s->has(wire::ack) && f.source != f.destination) first_.erase({f.destination, f.source});
  } else {
    first_.try_emplace(key, s->seq_number);
  }
  if (s->has(wire::ack)) first_.try_emplace({f.destination, f.source}, s->ack_number - 1);
}

std::uint32_t relative_numbers::of(const endpoint& from, const endpoint& to, wire::seq n) const {
  const auto found = first_.find({from, to});
  return found == first_.end() ? n : n - found->second;
}

std::uint32_t relative_numbers::seq(const wire::frame& f) const {
  const wire::segment& s = *f.tcp();
  // The reset of a SYN begins at 0 (RFC 9293 3.10.7.1), whatever was said before.
  if (s.has(wire::rst) && s.has(wire::ack) && s.seq_number == 0) return 0;
  return of(f.source, f.destination, s.seq_number);
}

std::uint32_t relative_numbers::ack(const wire::frame& f) const {
  return of(f.destination, f.source, f.tcp()->ack_number);
}

std::string clock_text(instant at) {
  constexpr std::int64_t second = 1'000'000'000;
  return fmt::format("{}.{:06}", ns(at) / second, ns(at) % second / 1000);
}

std::string flags_text(const wire::segment& s) {
  std::string out;
  if (s.has(wire::syn)) out += 'S';
  if (s.has(wire::fin)) out += 'F';
  if (s.has(wire::rst)) out += 'R';
  if (s.has(wire::psh)) out += 'P';
  if (s.has(wire::ack)) out += '.';
  if (s.has(wire::ece)) out += 'E';
  if (s.has(wire::cwr)) out += 'W';
  return out.empty() ? "none" : out;
}

std::string options_text(const wire::segment& s) {
  std::vector<std::string> all;
  if (s.mss != 0) all.push_back(fmt::format("mss {}", s.mss));
  if (s.sack_permitted) all.push_back(s.has_timestamps ? "sackOK" : "nop,nop,sackOK");
  if (s.has_timestamps) {
    const char* pad = s.sack_permitted ? "" : "nop,nop,";
    all.push_back(fmt::format("{}TS val {} ecr {}", pad, s.ts_value, s.ts_echo));
  }
  if (s.window_scale != wire::segment::no_window_scale)
    all.push_back(fmt::format("nop,wscale {}", s.window_scale));
  return fmt::format("{}", fmt::join(all, ","));
}

std::string packet_text(const wire::frame& f, const relative_numbers& numbers) {
  if (const auto* s = f.tcp()) return tcp_text(f, *s, numbers);
  if (const auto* m = f.icmp()) {
    const bool v4 = f.source.address.family == family::inet;
    return fmt::format("{} {}, length {}", v4 ? "ICMP" : "ICMP6,", unreachable_text(*m),
                       wire::encode(f).size() - (v4 ? 20U : 40U));
  }
  return fmt::format("UDP, length {}", f.payload.size());
}

std::string fragments_text(const observe::packet_record& p) {
  return p.fragments > 1 ? fmt::format(", in {} fragments", p.fragments) : std::string();
}

std::string packet_list(const observe::packet_log& log, const std::string& host) {
  relative_numbers numbers;
  std::vector<line> lines;
  const auto add = [&](instant at, std::uint64_t order, const std::string& seen,
                       const observe::packet_record& p) {
    const bool v4 = p.packet.source.address.family == family::inet;
    lines.push_back({at, order,
                     fmt::format("{} {} {} {} > {}: {}\n", clock_text(at), seen, v4 ? "IP" : "IP6",
                                 address_text(p.packet.source), address_text(p.packet.destination),
                                 packet_text(p.packet, numbers) + fragments_text(p))});
  };
  for (const auto& p : log.packets) {
    numbers.see(p.packet);
    if (host.empty()) {
      add(p.at, p.order, p.host + what_became_of(p), p);
      continue;
    }
    if (p.host == host) add(p.at, p.order, p.to == host ? "lo" : "Out", p);
    if (p.to == host && p.host != host && p.arrived_at) add(*p.arrived_at, p.order, "In ", p);
  }
  std::stable_sort(lines.begin(), lines.end(), [](const line& a, const line& b) {
    return a.at != b.at ? a.at < b.at : a.order < b.order;
  });
  std::string out;
  for (const auto& l : lines) out += l.text;
  return out;
}

observe::value packets_value(const observe::packet_log& log) {
  relative_numbers numbers;
  observe::value out = observe::value::list();
  for (const auto& p : log.packets) {
    numbers.see(p.packet);
    const wire::segment* const segment = p.packet.tcp();
    observe::value one = observe::value::map();
    one.set("at", p.at);
    one.set("host", p.host);
    one.set("to", p.to);
    one.set("arrived_at", p.arrived_at);
    one.set("lost", p.lost);
    one.set("protocol", segment != nullptr ? "tcp" : p.packet.udp() ? "udp" : "icmp");
    one.set("source", endpoint_text(p.packet.source));
    one.set("destination", endpoint_text(p.packet.destination));
    one.set("length",
            segment != nullptr ? std::uint64_t{segment->length} : p.packet.payload.size());
    if (segment != nullptr) one.set("flags", flags_text(*segment));
    one.set("text", packet_text(p.packet, numbers) + fragments_text(p));
    out.push(std::move(one));
  }
  return out;
}

}  // namespace fourtuple::report
