#include "sim/report/ss_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "sim/spec/services.h"

namespace fourtuple::report {

namespace {

using row = observe::socket_row;
using expression = std::unique_ptr<ss_expression>;

struct state_row {
  std::string_view state;  ///< RFC 9293
  std::string_view word;   ///< as ss prints it
  std::uint16_t bit;
};
constexpr state_row states[] = {
    {"ESTABLISHED", "ESTAB", ss_established},    {"ESTAB", "ESTAB", ss_established},
    {"SYN-SENT", "SYN-SENT", ss_syn_sent},       {"SYN-RECEIVED", "SYN-RECV", ss_syn_recv},
    {"FIN-WAIT-1", "FIN-WAIT-1", ss_fin_wait_1}, {"FIN-WAIT-2", "FIN-WAIT-2", ss_fin_wait_2},
    {"TIME-WAIT", "TIME-WAIT", ss_time_wait},    {"CLOSE-WAIT", "CLOSE-WAIT", ss_close_wait},
    {"LAST-ACK", "LAST-ACK", ss_last_ack},       {"LISTEN", "LISTEN", ss_listen},
    {"CLOSING", "CLOSING", ss_closing},          {"UNCONN", "UNCONN", ss_unconnected},
    {"CLOSED", "UNCONN", ss_unconnected},
};

/// Words of `state` and `exclude`: scan_state() of ss.c.
constexpr std::pair<std::string_view, std::uint16_t> state_words[] = {
    {"established", ss_established},
    {"estab", ss_established},
    {"syn-sent", ss_syn_sent},
    {"syn-recv", ss_syn_recv},
    {"syn-received", ss_syn_recv},
    {"fin-wait-1", ss_fin_wait_1},
    {"fin-wait-2", ss_fin_wait_2},
    {"time-wait", ss_time_wait},
    {"closed", ss_unconnected},
    {"close", ss_unconnected},
    {"unconnected", ss_unconnected},
    {"unconn", ss_unconnected},
    {"close-wait", ss_close_wait},
    {"last-ack", ss_last_ack},
    {"listening", ss_listen},
    {"listen", ss_listen},
    {"closing", ss_closing},
    {"all", ss_all},
    {"connected", ss_all & ~(ss_unconnected | ss_listen)},
    {"synchronized", ss_all & ~(ss_unconnected | ss_listen | ss_syn_sent)},
    {"bucket", ss_syn_recv | ss_time_wait},
    {"big", ss_all & ~(ss_syn_recv | ss_time_wait)},
};

enum class compare : std::uint8_t { eq, ne, lt, gt, le, ge };

struct both final : ss_expression {
  both(expression l, expression r, bool c) : left(std::move(l)), right(std::move(r)), all(c) {}
  [[nodiscard]] bool matches(const row& r) const override {
    return all ? left->matches(r) && right->matches(r) : left->matches(r) || right->matches(r);
  }
  expression left;
  expression right;
  bool all;
};

struct inverse final : ss_expression {
  explicit inverse(expression e) : inner(std::move(e)) {}
  [[nodiscard]] bool matches(const row& r) const override { return !inner->matches(r); }
  expression inner;
};

struct port_test final : ss_expression {
  port_test(bool l, compare o, std::uint16_t p) : local(l), op(o), port(p) {}
  [[nodiscard]] bool matches(const row& r) const override {
    const std::uint16_t mine = local ? r.local.port : r.remote.port;
    switch (op) {
      case compare::eq:
        return mine == port;
      case compare::ne:
        return mine != port;
      case compare::lt:
        return mine < port;
      case compare::gt:
        return mine > port;
      case compare::le:
        return mine <= port;
      case compare::ge:
        return mine >= port;
    }
    return false;
  }
  bool local;
  compare op;
  std::uint16_t port;
};

struct host_test final : ss_expression {
  [[nodiscard]] bool matches(const row& r) const override {
    const endpoint& mine = local ? r.local : r.remote;
    if (port && mine.port != *port) return negated;
    if (!address) return !negated;
    const ip_address a = address->family == family::inet ? mine.address.unmapped() : mine.address;
    if (a.family != address->family) return negated;
    for (unsigned bit = 0; bit < prefix; ++bit) {
      const unsigned mask = 0x80u >> (bit % 8);
      if (((a.bytes[bit / 8] ^ address->bytes[bit / 8]) & mask) != 0) return negated;
    }
    return !negated;
  }
  bool local = false;
  bool negated = false;
  std::optional<ip_address> address;
  unsigned prefix = 0;
  std::optional<std::uint16_t> port;
};

std::vector<std::string> tokens_of(std::span<const std::string> words) {
  std::vector<std::string> out;
  for (const auto& word : words) {
    std::string current;
    const auto flush = [&] {
      if (!current.empty()) out.push_back(std::exchange(current, {}));
    };
    for (std::size_t i = 0; i < word.size(); ++i) {
      const char c = word[i];
      const char next = i + 1 < word.size() ? word[i + 1] : '\0';
      const bool twin = (c == next && (c == '=' || c == '&' || c == '|')) ||
                        (next == '=' && (c == '!' || c == '<' || c == '>'));
      if (c == ' ' || c == '\t') {
        flush();
      } else if (twin) {
        flush();
        out.emplace_back(word, i, 2);
        ++i;
      } else if (std::string_view("()!=<>&|").find(c) != std::string_view::npos) {
        flush();
        out.emplace_back(1, c);
      } else {
        current += c;
      }
    }
    flush();
  }
  return out;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
  if (text.starts_with(':')) text.remove_prefix(1);
  unsigned n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error == std::errc{} && end == text.data() + text.size() && n <= 65535) {
    return static_cast<std::uint16_t>(n);
  }
  return spec::service_port(text);
}

/// Recursive descent; `or` binds least, then `and` (also by juxtaposition), then `not`.
class parser {
 public:
  explicit parser(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {}

  ss_filter parse() {
    ss_filter out;
    read_states(out);
    if (error_.empty() && !done()) out.expression = any();
    if (error_.empty() && !done()) fail(fmt::format("'{}' is not expected here", peek()));
    out.error = error_;
    return out;
  }

 private:
  [[nodiscard]] bool done() const { return at_ >= tokens_.size(); }
  [[nodiscard]] std::string_view peek() const {
    return done() ? std::string_view() : std::string_view(tokens_[at_]);
  }
  bool accept(std::initializer_list<std::string_view> words) {
    if (std::find(words.begin(), words.end(), peek()) == words.end() || done()) return false;
    ++at_;
    return true;
  }
  std::string next() { return done() ? std::string() : tokens_[at_++]; }
  expression fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return nullptr;
  }

  void read_states(ss_filter& out) {
    while (error_.empty()) {
      const bool excludes = accept({"exclude"});
      if (!excludes && !accept({"state"})) return;
      const std::string word = next();
      const auto* found = std::find_if(std::begin(state_words), std::end(state_words),
                                       [&](const auto& s) { return s.first == word; });
      if (found == std::end(state_words)) {
        fail(
            fmt::format("'{}' is no state of ss; known are established syn-sent syn-recv "
                        "fin-wait-1 fin-wait-2 time-wait closed close-wait last-ack listening "
                        "closing all connected synchronized bucket big",
                        word));
        return;
      }
      if (excludes) {
        out.states =
            static_cast<std::uint16_t>((out.states == 0 ? ss_all : out.states) & ~found->second);
      } else {
        out.states = static_cast<std::uint16_t>(out.states | found->second);
      }
    }
  }

  expression any() {
    expression left = all();
    while (left && accept({"or", "|", "||"})) {
      expression right = all();
      if (!right) return nullptr;
      left = std::make_unique<both>(std::move(left), std::move(right), false);
    }
    return left;
  }

  expression all() {
    expression left = one();
    while (left && !done() && peek() != ")" && peek() != "or" && peek() != "|" && peek() != "||") {
      accept({"and", "&", "&&"});
      expression right = one();
      if (!right) return nullptr;
      left = std::make_unique<both>(std::move(left), std::move(right), true);
    }
    return left;
  }

  expression one() {
    if (++depth_ > 100) return fail("the filter is nested too deeply");
    expression out = term();
    --depth_;
    return out;
  }

  expression term() {
    if (accept({"not", "!"})) {
      expression inner = one();
      return inner ? std::make_unique<inverse>(std::move(inner)) : nullptr;
    }
    if (accept({"("})) {
      expression inner = any();
      if (inner && !accept({")"})) return fail("a ( has no )");
      return inner;
    }
    const std::string word = next();
    if (word == "sport" || word == "dport") return port(word == "sport");
    if (word == "src" || word == "dst") return host(word == "src");
    if (word.empty()) return fail("the filter ends in the middle");
    return fail(
        fmt::format("'{}' is no word of a filter; known are sport dport src dst and or not", word));
  }

  std::optional<compare> comparison() {
    if (accept({"=", "==", "eq"})) return compare::eq;
    if (accept({"!=", "ne", "neq"})) return compare::ne;
    if (accept({"<=", "le", "leq"})) return compare::le;
    if (accept({">=", "ge", "geq"})) return compare::ge;
    if (accept({"<", "lt"})) return compare::lt;
    if (accept({">", "gt"})) return compare::gt;
    return std::nullopt;
  }

  expression port(bool local) {
    const compare op = comparison().value_or(compare::eq);
    const std::string word = next();
    const auto number = port_of(word);
    if (!number) return fail(fmt::format("'{}' is no port", word));
    return std::make_unique<port_test>(local, op, *number);
  }

  expression host(bool local) {
    const compare op = comparison().value_or(compare::eq);
    if (op != compare::eq && op != compare::ne) return fail("src and dst take = or !=");
    auto out = std::make_unique<host_test>();
    out->local = local;
    out->negated = op == compare::ne;
    std::string word = next();
    if (!read_host(word, *out))
      return fail(fmt::format("'{}' is no address[/prefix][:port]", word));
    return out;
  }

  /// 10.0.0.2, 10.0.0.0/8, 10.0.0.2:443, [::1]:80, ::1, :443, *:443.
  static bool read_host(std::string_view word, host_test& out) {
    std::string_view host = word;
    std::string_view port;
    if (word.starts_with('[')) {
      const auto end = word.find(']');
      if (end == std::string_view::npos) return false;
      host = word.substr(1, end - 1);
      port = word.substr(end + 1);
    } else if (std::count(word.begin(), word.end(), ':') == 1) {
      host = word.substr(0, word.find(':'));
      port = word.substr(word.find(':'));
    }
    if (!port.empty() && port != ":*") {
      out.port = port_of(port);
      if (!out.port) return false;
    }
    if (host.empty() || host == "*") return !word.empty();
    const auto slash = host.find('/');
    out.address = parse_address(host.substr(0, slash));
    if (!out.address) return false;
    const unsigned most = out.address->family == family::inet ? 32 : 128;
    out.prefix = most;
    if (slash == std::string_view::npos) return true;
    const auto bits = port_of(host.substr(slash + 1));
    if (!bits || *bits > most) return false;
    out.prefix = *bits;
    return true;
  }

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string error_;
};

const state_row* find_state(const row& r) {
  for (const auto& s : states) {
    if (s.state == r.state) return &s;
  }
  return nullptr;
}

}  // namespace

std::uint16_t state_bit(const row& r) {
  const auto* s = find_state(r);
  return s == nullptr ? 0 : s->bit;
}

std::string_view state_word(const row& r) {
  const auto* s = find_state(r);
  return s == nullptr ? std::string_view(r.state) : s->word;
}

ss_filter parse_ss_filter(std::span<const std::string> words) {
  return parser(tokens_of(words)).parse();
}

}  // namespace fourtuple::report
