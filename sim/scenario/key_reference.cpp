// The reference of keys as Markdown. scenarios/README.md holds this text; a test compares.
#include "sim/scenario/keys.h"
#include "sim/scenario/scenario.h"

namespace fourtuple::scenario {
namespace {

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string default_cell(const key& k) {
  if (k.need == presence::required) return "required";
  if (k.need == presence::later) return "not yet modelled";
  return code(k.fallback);
}

std::string value_cell(const key& k) {
  std::string out = cell(k.syntax);
  if (k.type == value_type::whole && k.least != k.most)
    out += ", " + std::to_string(k.least) + " .. " + std::to_string(k.most);
  return out;
}

std::string rows(const table& t) {
  std::string out = "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const auto& k : t.keys)
    out += "| `" + std::string(k.name) + "` | " + value_cell(k) + " | " + default_cell(k) + " | " +
           cell(k.doc) + " |\n";
  return out;
}

bool common(std::string_view name) {
  for (const std::string_view c :
       {"host", "process", "expect", "nonblocking", "within", "background"})
    if (c == name) return true;
  return false;
}

/// One row per call: its own keys in words; those that calls share stand in a table of their own.
std::string calls() {
  std::string out = "| call | keys of its own | waits | meaning |\n|---|---|---|---|\n";
  for (const auto& t : step_tables()) {
    const auto& first = t.keys.front();
    if (first.need == presence::later) {
      out +=
          "| `" + std::string(t.name) + "` |  |  | not yet modelled: " + cell(first.doc) + " |\n";
      continue;
    }
    std::string own;
    for (const auto& k : t.keys.subspan(1)) {
      if (common(k.name) && !(t.name == "socket" && k.name == "nonblocking")) continue;
      own += (own.empty() ? "`" : ", `") + std::string(k.name) + "` ";
      own += k.name == "option" ? "a socket option" : cell(k.syntax);
      if (k.need == presence::required) own += " (required)";
      if (!k.fallback.empty()) own += " (" + cell(k.fallback) + ")";
    }
    out += "| `" + std::string(t.name) + "` " + cell(first.syntax) + " | " + own + " | " +
           (t.find("within") != nullptr ? "yes" : "") + " | " + cell(first.doc) + " |\n";
  }
  return out;
}

std::string common_keys() {
  std::string out = "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const auto& t : step_tables()) {
    if (t.name != "connect") continue;
    for (const auto& k : t.keys)
      if (common(k.name))
        out += "| `" + std::string(k.name) + "` | " + value_cell(k) + " | " + default_cell(k) +
               " | " + cell(k.doc) + " |\n";
  }
  return out;
}

std::string changeable() {
  std::string out = "What may change:\n\n| of | keys |\n|---|---|\n";
  for (const table* t : all_tables()) {
    const std::string keys = changeable_keys(t->name);
    if (!keys.empty()) out += "| " + std::string(t->name) + " | " + keys + " |\n";
  }
  return out;
}

}  // namespace

std::span<const table* const> all_tables() {
  static constexpr const table* list[] = {
      &top_table,   &host_table,        &firewall_table,    &link_table,
      &app_table,   &echo_server_table, &echo_client_table, &load_table,
      &stage_table, &pool_table,        &listener_table,    &scan_table,
      &proxy_table, &udp_server_table,  &udp_client_table,  &change_table,
      &real_table,  &step_expect_table};
  return list;
}

std::string key_reference() {
  std::string out;
  for (const table* t : all_tables()) {
    if (t == &step_expect_table) {
      out +=
          "### step\nOne element of `script:` or of a repeat's `steps:`; the call's own key says "
          "what it is done to.\n\n";
      out += calls() +
             "\nKeys that calls share (the last three: calls that wait; `background` also "
             "`poll`):\n\n" +
             common_keys() + "\n";
    }
    out += "### " + std::string(t->name) + "\n" + std::string(t->doc) + "\n\n" + rows(*t) + "\n";
    if (t == &change_table) out += changeable() + "\n";
  }
  return out;
}

}  // namespace fourtuple::scenario
