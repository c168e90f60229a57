#include "sim/report/pcapng.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "sim/wire/codec.h"

namespace fourtuple::report {
namespace {

// Block and option codes of the format, section 4.
constexpr std::uint32_t section_header = 0x0a0d0d0a;
constexpr std::uint32_t interface_description = 1;
constexpr std::uint32_t enhanced_packet = 6;
constexpr std::uint16_t opt_comment = 1;
constexpr std::uint16_t if_name = 2;
constexpr std::uint16_t if_tsresol = 9;
constexpr std::uint16_t shb_userappl = 4;
constexpr std::uint16_t epb_flags = 2;
constexpr std::uint16_t linktype_raw = 101;

/// Little-endian, as the byte-order magic says.
void put16(std::string& to, std::uint32_t v) {
  to.push_back(static_cast<char>(v));
  to.push_back(static_cast<char>(v >> 8));
}
void put32(std::string& to, std::uint32_t v) {
  put16(to, v);
  put16(to, v >> 16);
}
void pad(std::string& to) { to.resize((to.size() + 3) / 4 * 4, '\0'); }

void put_option(std::string& to, std::uint16_t code, std::string_view value) {
  const std::string_view fits = value.substr(0, 0xffff);
  put16(to, code);
  put16(to, static_cast<std::uint32_t>(fits.size()));
  to += fits;
  pad(to);
}

std::string block(std::uint32_t type, const std::string& body) {
  std::string out;
  const auto length = static_cast<std::uint32_t>(12 + body.size());
  put32(out, type);
  put32(out, length);
  out += body;
  put32(out, length);
  return out;
}

std::string header() {
  std::string body;
  put32(body, 0x1a2b3c4d);
  put16(body, 1);
  put16(body, 0);
  put32(body, 0xffffffff);  // length of the section: not said
  put32(body, 0xffffffff);
  put_option(body, shb_userappl, "fourtuple");
  put32(body, 0);
  return block(section_header, body);
}

std::string interface(const std::string& name) {
  std::string body;
  put16(body, linktype_raw);
  put16(body, 0);
  put32(body, 0);  // no limit
  put_option(body, if_name, name);
  put_option(body, if_tsresol, std::string(1, 9));  // nanoseconds
  put32(body, 0);
  return block(interface_description, body);
}

enum class way : std::uint8_t { in = 1, out = 2 };

std::string packet(std::uint32_t number, instant at, way w, const wire::frame& f,
                   const std::string& comment) {
  const std::string bytes = wire::encode(f);
  const auto time = static_cast<std::uint64_t>(ns(at));
  std::string body;
  put32(body, number);
  put32(body, static_cast<std::uint32_t>(time >> 32));
  put32(body, static_cast<std::uint32_t>(time));
  put32(body, static_cast<std::uint32_t>(bytes.size()));
  put32(body, static_cast<std::uint32_t>(bytes.size()));
  body += bytes;
  pad(body);
  if (!comment.empty()) put_option(body, opt_comment, comment);
  std::string flags;
  put32(flags, static_cast<std::uint32_t>(w));
  put_option(body, epb_flags, flags);
  put32(body, 0);
  return block(enhanced_packet, body);
}

struct sight {
  instant at;
  std::uint64_t order;
  way w;
  const observe::packet_record* packet;
  [[nodiscard]] const std::string& host() const {
    return w == way::out ? packet->host : packet->to;
  }
};

std::vector<sight> sights(const observe::packet_log& log, const std::string& host) {
  std::vector<sight> all;
  for (const auto& p : log.packets) {
    if (host.empty() || p.host == host) all.push_back({p.at, p.order, way::out, &p});
    if (!host.empty() && p.to == host && p.host != host && p.arrived_at)
      all.push_back({*p.arrived_at, p.order, way::in, &p});
  }
  std::stable_sort(all.begin(), all.end(), [](const sight& a, const sight& b) {
    return a.at != b.at ? a.at < b.at : a.order < b.order;
  });
  return all;
}

/// Each host's calls, told at the first packet of the host that is not before them; the last ones
/// at its last packet.
class comments {
 public:
  comments(const observe::packet_log& log, const std::vector<sight>& all) {
    for (const auto& c : log.calls) calls_[c.host].waiting.push_back(&c);
    for (std::size_t i = 0; i < all.size(); ++i) calls_[all[i].host()].last = i;
  }
  std::string at(std::size_t i, const sight& s) {
    per_host& h = calls_[s.host()];
    std::string out;
    for (; h.next < h.waiting.size(); ++h.next) {
      const auto& c = *h.waiting[h.next];
      const bool before = c.at != s.at ? c.at < s.at : c.order <= s.order;
      if (!before && h.last != i) break;
      if (!out.empty()) out += '\n';
      out += fmt::format("{} {}: {} = {}", c.host, c.program, c.text, c.answer);
    }
    return out;
  }

 private:
  struct per_host {
    std::vector<const observe::call_record*> waiting;
    std::size_t next = 0;
    std::size_t last = 0;
  };
  std::map<std::string, per_host> calls_;
};

}  // namespace

std::string pcapng(const observe::packet_log& log, const std::string& host) {
  const std::vector<sight> all = sights(log, host);
  std::map<std::string, std::uint32_t> numbers;
  for (const auto& s : all) numbers.emplace(s.host(), 0);
  std::string out = header();
  std::uint32_t next = 0;
  for (auto& [name, number] : numbers) {
    number = next++;
    out += interface(name);
  }
  comments said(log, all);
  for (std::size_t i = 0; i < all.size(); ++i)
    out += packet(numbers[all[i].host()], all[i].at, all[i].w, all[i].packet->packet,
                  said.at(i, all[i]));
  return out;
}

}  // namespace fourtuple::report
