#include "sim/report/packet_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>

#include "sim/spec/services.h"

namespace fourtuple::report {
namespace {

using observe::packet_record;
using expression = std::shared_ptr<const packet_test>;
using predicate = std::function<bool(const packet_record&)>;

class leaf final : public packet_test {
 public:
  explicit leaf(predicate p) : holds_(std::move(p)) {}
  [[nodiscard]] bool holds(const packet_record& p) const override { return holds_(p); }

 private:
  predicate holds_;
};
expression make(predicate p) { return std::make_shared<leaf>(std::move(p)); }

struct bad_filter {
  std::string message;
};

enum class side : std::uint8_t { either, source, destination };

/// `what` of the ends that `s` means.
template <class Test>
expression at_ends(side s, Test what) {
  return make([s, what](const packet_record& p) {
    return (s != side::destination && what(p.packet.source, p.host)) ||
           (s != side::source && what(p.packet.destination, p.to));
  });
}

bool in_prefix(const ip_address& a, const ip_address& network, unsigned bits) {
  if (a.family != network.family) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    if (((a.bytes[bit / 8] ^ network.bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

std::optional<unsigned> number(std::string_view text, unsigned most) {
  unsigned n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc{} || end != text.data() + text.size() || n > most) return std::nullopt;
  return n;
}

/// `( tcp )` and `(tcp)` alike; a quoted expression is many words.
std::vector<std::string> split(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const auto& word : words) {
    std::string part;
    const auto flush = [&] {
      if (!part.empty()) out.push_back(part);
      part.clear();
    };
    for (const char c : word) {
      if (c == ' ' || c == '\t') {
        flush();
      } else if (c == '(' || c == ')' || c == '!') {
        flush();
        out.emplace_back(1, c);
      } else {
        part += c;
      }
    }
    flush();
  }
  return out;
}

class parser {
 public:
  explicit parser(std::vector<std::string> words) : words_(std::move(words)) {}

  expression whole() {
    expression e = all();
    if (!words_at_end()) throw bad_filter{fmt::format("'{}' is not expected there", here())};
    return e;
  }
  [[nodiscard]] const std::vector<std::string>& hosts() const { return hosts_; }

 private:
  /// terms joined by and, or: from left to right.
  expression all() {
    expression left = term();
    while (!words_at_end() && here() != ")") {
      const std::string word = here();
      const bool either = word == "or" || word == "||";
      if (either || word == "and" || word == "&&") ++next_;
      expression right = term();
      left = make([left, right, either](const packet_record& p) {
        return either ? left->holds(p) || right->holds(p) : left->holds(p) && right->holds(p);
      });
    }
    return left;
  }

  expression term() {
    const std::string word = take("a filter word");
    if (word == "not" || word == "!") {
      const expression inner = term();
      return make([inner](const packet_record& p) { return !inner->holds(p); });
    }
    if (word == "(") {
      expression inner = all();
      if (take("a )") != ")") throw bad_filter{"a ( has no )"};
      return inner;
    }
    return primitive(word);
  }

  expression primitive(const std::string& word) {
    if (auto e = protocol(word)) return e;
    if (word == "src" || word == "dst") {
      const side s = word == "src" ? side::source : side::destination;
      if (!words_at_end() &&
          (here() == "port" || here() == "portrange" || here() == "net" || here() == "host"))
        return at(s, take(""));
      return at(s, "host");
    }
    if (word == "host" || word == "net" || word == "port" || word == "portrange")
      return at(side::either, word);
    throw bad_filter{fmt::format(
        "unknown word '{}' (tcp, udp, icmp, icmp6, ip, ip6, host, net, port, portrange, src, dst, "
        "and, or, not)",
        word)};
  }

  static expression protocol(std::string_view word) {
    if (word == "tcp") return make([](const auto& p) { return p.packet.tcp() != nullptr; });
    if (word == "udp") return make([](const auto& p) { return p.packet.udp(); });
    const bool v6 = word.ends_with('6');
    const auto of_family = [v6](const packet_record& p) {
      return (p.packet.source.address.family == family::inet6) == v6;
    };
    if (word == "ip" || word == "ip6") return make(of_family);
    if (word == "icmp" || word == "icmp6")
      return make(
          [of_family](const auto& p) { return p.packet.icmp() != nullptr && of_family(p); });
    return nullptr;
  }

  expression at(side s, std::string_view what) {
    const std::string value = take(fmt::format("something after '{}'", what));
    if (what == "host") return host(s, value);
    if (what == "net") return net(s, value);
    const auto dash = what == "portrange" ? value.find('-') : std::string::npos;
    const unsigned low = port(value.substr(0, dash));
    const unsigned high = dash == std::string::npos ? low : port(value.substr(dash + 1));
    return make([s, low, high](const packet_record& p) {
      const auto fits = [&](const endpoint& e) { return e.port >= low && e.port <= high; };
      return p.packet.icmp() == nullptr && ((s != side::destination && fits(p.packet.source)) ||
                                            (s != side::source && fits(p.packet.destination)));
    });
  }

  expression host(side s, const std::string& value) {
    if (const auto address = parse_address(value))
      return at_ends(
          s, [a = *address](const endpoint& e, const std::string&) { return e.address == a; });
    hosts_.push_back(value);
    return at_ends(s, [value](const endpoint&, const std::string& name) { return name == value; });
  }

  static expression net(side s, const std::string& value) {
    const auto slash = value.find('/');
    const auto network = parse_address(value.substr(0, slash));
    const unsigned width = network && network->family == family::inet6 ? 128 : 32;
    const auto bits =
        slash == std::string::npos ? std::optional(width) : number(value.substr(slash + 1), width);
    if (!network || !bits) throw bad_filter{fmt::format("'{}' is not a prefix", value)};
    return at_ends(s, [n = *network, b = *bits](const endpoint& e, const std::string&) {
      return in_prefix(e.address, n, b);
    });
  }

  static unsigned port(const std::string& text) {
    if (const auto n = number(text, 65535)) return *n;
    if (const auto known = spec::service_port(text)) return *known;
    throw bad_filter{fmt::format("'{}' is neither a port nor a service", text)};
  }

  [[nodiscard]] bool words_at_end() const { return next_ == words_.size(); }
  [[nodiscard]] const std::string& here() const { return words_[next_]; }
  std::string take(const std::string& what) {
    if (words_at_end()) throw bad_filter{"the filter ends where " + what + " is expected"};
    return words_[next_++];
  }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
  std::vector<std::string> hosts_;
};

}  // namespace

packet_filter parse_packet_filter(const std::vector<std::string>& words) {
  auto parts = split(words);
  if (parts.empty()) return {};
  // Far more than anybody types; deep brackets cost stack.
  constexpr std::size_t most_words = 1000;
  if (parts.size() > most_words) return {nullptr, {}, "the filter has more than 1000 words"};
  try {
    parser p(std::move(parts));
    auto test = p.whole();
    return {std::move(test), p.hosts(), {}};
  } catch (const bad_filter& e) {
    return {nullptr, {}, e.message};
  }
}

}  // namespace fourtuple::report
