// A world of few ports, and what the report says of a run of it.
#pragma once

#include <string>
#include <vector>

#include "sim/report/headline.h"
#include "tests/unit/run_text.h"

namespace fourtuple {

/// One client with 60 ports and one server, without delay; these keys and lines more.
struct small_world {
  std::string client = "";   ///< sysctls of the client
  std::string server = "";   ///< keys of the server's host
  std::string service = "";  ///< keys of echo_server
  std::string load = "rate: 4/s";
  std::string rest = "";
  std::string duration = "20 s";
  std::string to = "10.0.0.2:80";

  [[nodiscard]] std::string text() const {
    return "fourtuple: 1\nduration: " + duration +
           "\nhosts:\n  c: { address: [10.0.0.1, 10.0.0.11], sysctls: { "
           "net.ipv4.ip_local_port_range: \"40000 40059\"" +
           client + " } }\n  s: { address: [10.0.0.2, 10.0.0.12], user: root" + server +
           " }\napps:\n  srv: { host: s, echo_server: { port: 80" + service +
           " } }\n  l: { host: c, load: { to: " + to + ", " + load + " } }\n" + rest;
  }
};

inline std::vector<report::remark> said_of(const small_world& w) {
  return report::explanation(run_text(w.text()));
}

/// The first remark with these words; empty: there is none.
inline std::string with(const std::vector<report::remark>& all, const std::string& words) {
  for (const auto& r : all)
    if (r.text.find(words) != std::string::npos) return r.text;
  return {};
}

/// The first line and the remarks, a line each.
inline std::string everything(const small_world& w) {
  const auto o = run_text(w.text());
  std::string out = report::headline(o) + '\n';
  for (const auto& r : report::explanation(o)) out += r.text + '\n';
  return out;
}

inline bool has(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

/// The cure of these words, as a report says it.
inline std::string cure_of(const small_world& w, const std::string& words) {
  return with(said_of(w), words);
}

/// What is said where the load has these keys of its app.
inline std::vector<report::remark> said_with(const small_world& w, const std::string& keys) {
  auto text = w.text();
  text.insert(text.find("l: { ") + 5, keys);
  return report::explanation(run_text(text));
}

}  // namespace fourtuple
