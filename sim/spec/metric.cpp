// A path exists where a pattern of its root (metric_table.h) matches it segment by segment.
#include "sim/spec/metric.h"

#include "sim/profile/nearest.h"
#include "sim/spec/metric_table.h"
#include "sim/spec/quantity.h"
#include "sim/spec/spec.h"

#include <fourtuple/errc.h>

#include <algorithm>
#include <array>

namespace fourtuple::spec {
namespace {

using namespace metrics;

std::string quoted(std::string_view t) { return "'" + std::string(t) + "'"; }

/// "a.<b>.[]" at its dots.
std::vector<std::string_view> segments(std::string_view pattern) {
  std::vector<std::string_view> out;
  while (true) {
    const auto dot = pattern.find('.');
    out.push_back(pattern.substr(0, dot));
    if (dot == std::string_view::npos) return out;
    pattern.remove_prefix(dot + 1);
  }
}

bool is_error_word(std::string_view word) {
  return word == "timeout" || word == "eof" || (errc_from_name(word) && word != "EWOULDBLOCK");
}

bool one_of(std::span<const std::string_view> names, std::string_view word) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

bool segment_matches(std::string_view pattern, const path_segment& s) {
  if (pattern == "[]") return s.key.empty();
  if (s.key.empty()) return false;
  if (pattern == "<errno>") return is_error_word(s.key);
  if (pattern == "<state>") return one_of(states, s.key);
  if (pattern == "<nstat>") return one_of(counters, s.key);
  if (pattern == "<port>") return parse_whole(s.key, 1, 65535).value.has_value();
  return pattern == s.key;
}

/// Adds the words a pattern segment allows, for "did you mean".
void add_words(std::string_view pattern, std::vector<std::string_view>& out) {
  if (pattern == "<errno>") {
    for (std::size_t i = 1; i < errc_count; ++i) out.push_back(name(static_cast<errc>(i)));
    out.push_back("timeout");
    out.push_back("eof");
  } else if (pattern == "<state>") {
    out.insert(out.end(), states.begin(), states.end());
  } else if (pattern == "<nstat>") {
    out.insert(out.end(), std::begin(counters), std::end(counters));
  } else if (pattern == "<port>") {
    out.push_back("PORT");
  } else if (pattern != "[]") {
    out.push_back(pattern);
  }
}

class matcher {
 public:
  matcher(const metric_path& path, std::size_t from) : path_(path), from_(from) {}

  void add(std::span<const row> rows) {
    for (const auto& r : rows) consider(r);
  }

  [[nodiscard]] metric_lookup result() const {
    if (found_) return {path_, *found_, {}};
    const auto written = quoted(to_string(path_));
    const auto at = from_ + deepest_;
    metric_path before(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(at));
    if (at >= path_.size() && next_.empty())
      return {
          {},
          list,
          "metric " + written + " is a list: test an element, like " + to_string(path_) + "[0]"};
    if (at >= path_.size())
      return {{}, list, "metric " + written + " is not one value; it has " + some(next_)};
    if (path_[at].key.empty())
      return {{}, list, "unknown metric " + written + ": " + to_string(before) + " is not a list"};
    const auto hint = hint_for(path_[at].key);
    if (next_.empty())
      return {{}, list, "unknown metric " + written + ": " + to_string(before) + " has no parts"};
    return {{},
            list,
            "unknown metric " + written + ": " + to_string(before) + " has no " +
                quoted(path_[at].key) + (hint.empty() ? "; it has " + some(next_) : hint)};
  }

 private:
  /// nstat names are known without their Tcp, TcpExt or Udp, too.
  [[nodiscard]] std::string hint_for(std::string_view word) const {
    const auto whole = std::find_if(next_.begin(), next_.end(), [word](std::string_view known) {
      return known.size() > word.size() && known.ends_with(word) &&
             (known.starts_with("Tcp") || known.starts_with("Udp") || known.starts_with("Ip"));
    });
    return profile::did_you_mean(whole == next_.end() || word.size() < 2 ? word : *whole, next_);
  }
  void consider(const row& r) {
    const auto parts = segments(r.pattern);
    std::size_t n = 0;
    while (n < parts.size() && from_ + n < path_.size() &&
           segment_matches(parts[n], path_[from_ + n]))
      ++n;
    if (n == parts.size() && from_ + n == path_.size()) found_ = r.kind;
    if (n > deepest_) {
      deepest_ = n;
      next_.clear();
    }
    if (n == deepest_ && n < parts.size()) add_words(parts[n], next_);
  }

  static std::string some(std::vector<std::string_view> words) {
    constexpr std::size_t shown = 12;
    std::string out;
    std::vector<std::string_view> seen;
    for (const auto w : words) {
      if (one_of(seen, w)) continue;
      if (seen.size() == shown) return out + " ...";
      out += (out.empty() ? "" : " ") + std::string(w);
      seen.push_back(w);
    }
    return out;
  }

  const metric_path& path_;
  std::size_t from_;
  std::size_t deepest_ = 0;
  std::optional<value_kind> found_;
  std::vector<std::string_view> next_;
};

metric_lookup failure(const metric_path& path, const std::string& why) {
  return {{}, list, "unknown metric " + quoted(to_string(path)) + ": " + why};
}

void add_app_rows(matcher& m, const app_kind& kind) {
  m.add(app_rows);
  const bool proxies = std::holds_alternative<proxy>(kind);
  if (proxies || std::holds_alternative<echo_server>(kind) ||
      std::holds_alternative<listener>(kind))
    m.add(server_rows);
  if (proxies) m.add(proxy_rows);
  if (std::holds_alternative<echo_client>(kind)) m.add(client_rows);
  const bool udp_app = std::holds_alternative<udp_server>(kind);
  if (udp_app) m.add(udp_server_rows);
  if (udp_app || std::holds_alternative<udp_client>(kind)) m.add(udp_rows);
  if (std::holds_alternative<pool>(kind)) m.add(pool_rows);
  if (std::holds_alternative<scan>(kind)) m.add(scan_rows);
}

/// The port of `ports.N...` must be one that the scan looks at; empty where it is.
std::string port_problem(const app& a, const metric_path& path, std::size_t from) {
  const auto* s = std::get_if<scan>(&a.kind);
  if (s == nullptr || path.size() <= from + 1 || path[from].key != "ports") return {};
  const auto port = parse_whole(path[from + 1].key, 1, 65535);
  if (!port.value || s->looks_at(static_cast<std::uint16_t>(*port.value))) return {};
  return quoted(a.name) + " does not look at port " + path[from + 1].key;
}

metric_lookup app_metric(const scenario& s, const metric_path& path) {
  if (path.size() < 2 || path[1].key.empty()) return failure(path, "write apps.NAME.METRIC");
  const app* a = find_app(s, path[1].key);
  if (a == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& other : s.apps) names.push_back(other.name);
    return failure(
        path, "there is no app " + quoted(path[1].key) + profile::did_you_mean(path[1].key, names));
  }
  std::size_t from = 2;
  if (path.size() > 3 && path[2].key == "on") {
    const auto member = find_host(s, path[3].key);
    const bool runs_there = member && member->host == a->host.host &&
                            (member->member || !s.hosts[member->host].count) &&
                            (!a->host.member || a->host.member == member->member);
    if (!runs_there)
      return failure(path, quoted(a->name) + " does not run on " + quoted(path[3].key));
    from = 4;
  }
  if (const auto why = port_problem(*a, path, from); !why.empty()) return failure(path, why);
  matcher m(path, from);
  add_app_rows(m, a->kind);
  return m.result();
}

metric_lookup host_metric(const scenario& s, const metric_path& path) {
  if (path.size() < 2 || path[1].key.empty()) return failure(path, "write hosts.NAME.METRIC");
  if (!find_host(s, path[1].key)) {
    std::vector<std::string_view> names;
    for (const auto& h : s.hosts) names.push_back(h.name);
    return failure(path, "there is no host " + quoted(path[1].key) +
                             profile::did_you_mean(path[1].key, names));
  }
  matcher m(path, 2);
  m.add(host_rows);
  return m.result();
}

metric_lookup script_metric(const scenario& s, const metric_path& path) {
  if (path.size() < 2 || !path[1].key.empty())
    return failure(path, "write script[N].result; step 1 is script[0]");
  if (path[1].index >= s.script.size())
    return failure(path, "the script has " + std::to_string(s.script.size()) +
                             " steps, and step 1 is script[0]");
  matcher m(path, 2);
  m.add(script_rows);
  return m.result();
}

metric_lookup top_metric(const metric_path& path) {
  constexpr row top_rows[] = {{"ended_at", time}, {"digest", text}, {"seed", count},
                              {"title", text},    {"apps", list},   {"hosts", list},
                              {"script", list},   {"run", list}};
  matcher m(path, 0);
  m.add(top_rows);
  auto found = m.result();
  if (found.error.empty() && found.kind == list)
    return failure(path, quoted(path[0].key) + " needs a name and a metric after it");
  if (!found.error.empty()) {
    std::vector<std::string_view> words;
    for (const auto& r : top_rows) words.push_back(r.pattern);
    const auto hint = profile::did_you_mean(path[0].key, words);
    found.error = "unknown metric " + quoted(to_string(path)) +
                  (hint.empty() ? " (metrics begin with apps., hosts., script[N]. or run., or are "
                                  "ended_at, digest, seed "
                                  "or title)"
                                : hint);
  }
  return found;
}

}  // namespace

std::span<const std::string_view> socket_states() { return states; }
std::span<const std::string_view> nstat_names() { return counters; }

std::optional<metric_path> parse_path(std::string_view text, std::string& why) {
  metric_path out;
  bool want_key = true;
  while (!text.empty() || want_key) {
    if (want_key) {
      const auto end = std::min(text.find_first_of(".["), text.size());
      if (end == 0) {
        why = "a name is missing";
        return std::nullopt;
      }
      out.push_back({std::string(text.substr(0, end)), 0});
      text.remove_prefix(end);
      want_key = false;
    } else if (text.front() == '.') {
      text.remove_prefix(1);
      want_key = true;
    } else if (text.front() == '[') {
      const auto end = text.find(']');
      if (end == std::string_view::npos || end == 1) {
        why = "a [ has no ]";
        return std::nullopt;
      }
      const auto inside = text.substr(1, end - 1);
      const auto n = parse_whole(inside, 0, INT32_MAX);
      if (n.value) {
        out.push_back({{}, static_cast<std::uint32_t>(*n.value)});
      } else {
        out.push_back({std::string(inside), 0});
      }
      text.remove_prefix(end + 1);
    } else {
      why = "a dot is missing after ]";
      return std::nullopt;
    }
  }
  return out;
}

std::string to_string(const metric_path& p) {
  std::string out;
  for (const auto& s : p) {
    if (s.key.empty()) {
      out += "[" + std::to_string(s.index) + "]";
    } else if (s.key.find('.') != std::string::npos) {
      out += "[" + s.key + "]";
    } else {
      out += (out.empty() ? "" : ".") + s.key;
    }
  }
  return out;
}

metric_lookup find_metric(const scenario& s, std::string_view text) {
  std::string why;
  auto path = parse_path(trimmed(text), why);
  if (!path) return {{}, list, quoted(text) + " is not a metric: " + why};
  const auto& root = path->front().key;
  if (root == "apps" && path->size() > 1) return app_metric(s, *path);
  if (root == "hosts" && path->size() > 1) return host_metric(s, *path);
  if (root == "script" && path->size() > 1) return script_metric(s, *path);
  if (root == "run" && path->size() > 1) {
    matcher m(*path, 1);
    m.add(run_rows);
    return m.result();
  }
  return top_metric(*path);
}

}  // namespace fourtuple::spec
