#include "sim/scenario/scenario.h"

#include "sim/scenario/emit.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/settings.h"
#include "sim/scenario/tree.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <tuple>

namespace fourtuple::scenario {
namespace {

constexpr duration microsecond{1000};

void read_pace(mapping& m, spec::scenario& s) {
  const auto text = m.special("pace").value_or("auto");
  if (text == "auto") return;
  const auto t = spec::parse_time(text);
  if (!t.value) {
    m.error("pace", t.error);
  } else if (*t.value < microsecond) {
    m.error("pace", "must be at least 1 us");
  }
  s.pace = t.value;
}

void read_state(context& c, const node& root) {
  mapping m(c, root, top_table, "the file");
  if (root.kind == node::type::null) c.error(root.where, "the file is empty");
  if (!m.is_map()) return;
  if (const node* v = m.find("fourtuple");
      v != nullptr && (v->kind != node::type::scalar || !v->plain || v->text != "1"))
    m.error("fourtuple", "the format version is 1");
  auto& s = c.out;
  s.title = m.has("title") ? m.text("title") : "";
  s.why = m.has("why") ? m.text("why") : "";
  s.seed = static_cast<std::uint64_t>(m.whole("seed"));
  const std::size_t mistakes = c.errors.size();
  s.duration = m.maybe_time("duration");
  // One that cannot be read is long enough for everything that depends on it.
  if (c.errors.size() != mistakes) s.duration = spec::longest_time;
  if (s.duration && ns(*s.duration) == 0) {
    const auto& d = *m.find("duration");
    if (spec::parse_time(d.text).value) m.error("duration", "must be more than 0");
  }
  s.warmup = m.time("warmup");
  if (s.duration && s.warmup >= *s.duration && m.has("warmup"))
    m.error("warmup",
            "must be shorter than the run (duration: " + spec::time_text(*s.duration) + ")");
  read_pace(m, s);
  if (const node* n = m.find("hosts")) {
    load_hosts(c, *n);
    load_firewalls(c, *n);
  }
  if (const node* n = m.find("links"); n != nullptr && n->kind != node::type::null)
    load_links(c, *n);
  if (const node* n = m.find("apps")) load_apps(c, *n);
  if (const node* n = m.find("script")) load_script(c, *n);
  if (const node* n = m.find("expect")) load_expect(c, *n, std::nullopt);
  if (const node* n = m.find("expect_at")) load_expect_at(c, *n);
  if (const node* n = m.find("real")) load_real(c, *n, root);
  check_loads(c);
}

void read_top(context& c, const node& root) {
  read_state(c, root);
  if (const node* n = root.find("changes")) load_changes(c, *n, root, &read_state);
}

/// By place, each once: what stands behind an anchor is met at every alias.
void sort_errors(std::vector<config_error>& errors) {
  for (auto& e : errors)  // words of the file are quoted in them, and a message is one line
    for (auto& c : e.message)
      if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  const bool full = errors.size() >= limits::errors;
  const auto key = [](const config_error& e) { return std::tie(e.where, e.message); };
  std::stable_sort(errors.begin(), errors.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
  errors.erase(std::unique(errors.begin(), errors.end(),
                           [&](const auto& a, const auto& b) { return key(a) == key(b); }),
               errors.end());
  if (full)
    errors.push_back({errors.front().file, errors.back().where,
                      "here the list ends: it has room for 1000 mistakes"});
}

struct checked {
  node root;
  context c;
};

checked check_tree(std::string_view file_name, std::string_view text,
                   std::span<const setting> sets) {
  checked out;
  out.c.file = file_name;
  out.c.out.file = file_name;
  auto tree = parse_tree(file_name, text);
  out.c.errors = std::move(tree.errors);
  if (tree.usable) {
    out.root = std::move(tree.root);
    for (const auto& s : sets) apply_setting(out.root, s, out.c.errors);
    number_nodes(out.root);
    read_top(out.c, out.root);
  }
  sort_errors(out.c.errors);
  return out;
}

/// A mistake without a place came with a setting: the first with which it is there.
void name_settings(std::string_view file_name, std::string_view text, std::span<const setting> sets,
                   std::vector<config_error>& errors) {
  const auto is_open = [&](const config_error& e) {
    return e.where == spec::position{} && e.file == file_name;
  };
  for (std::size_t n = 1; n <= sets.size() && std::ranges::any_of(errors, is_open); ++n) {
    const auto so_far = check_tree(file_name, text, sets.first(n)).c.errors;
    for (auto& e : errors) {
      const bool here = std::ranges::any_of(
          so_far, [&](const auto& other) { return is_open(other) && other.message == e.message; });
      if (here && is_open(e)) e.file = "--set " + sets[n - 1].path + "=" + sets[n - 1].value;
    }
  }
}

checked check(std::string_view file_name, std::string_view text, std::span<const setting> sets) {
  checked out = check_tree(file_name, text, sets);
  name_settings(file_name, text, sets, out.c.errors);
  return out;
}

struct bytes {
  std::string text;
  std::string error;
};

bytes read_stream(std::istream& in) {
  bytes out;
  std::string block(64 * 1024, '\0');
  // one byte past the limit is enough for the loader to refuse it by name
  while (out.text.size() <= limits::file_bytes && in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    out.text.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) out.error = "cannot be read";
  return out;
}

bytes read_file(const std::string& path) {
  if (path == "-") return read_stream(std::cin);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return {{}, "is a directory, not a file"};
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return {{}, std::string("cannot be opened: ") + std::strerror(errno)};
  return read_stream(in);
}

}  // namespace

std::string config_error::text() const {
  std::string out = file;
  if (where.line > 0) out += ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
  return out + ": " + message;
}

std::optional<setting> parse_setting(std::string_view text) {
  // a condition after the path may hold '=' too; a path never does
  const auto at = text.find('=');
  if (at == std::string_view::npos || at == 0) return std::nullopt;
  return setting{std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

load_result load(std::string_view file_name, std::string_view text, std::span<const setting> sets) {
  auto done = check(file_name, text, sets);
  load_result out;
  out.errors = std::move(done.c.errors);
  if (out.errors.empty()) out.scenario = std::move(done.c.out);
  return out;
}

load_result load_file(const std::string& path, std::span<const setting> sets) {
  const auto file = read_file(path);
  if (!file.error.empty()) return {std::nullopt, {{path, {}, file.error}}};
  return load(path, file.text, sets);
}

resolved_result resolved(std::string_view file_name, std::string_view text,
                         std::span<const setting> sets) {
  auto done = check(file_name, text, sets);
  if (!done.c.errors.empty()) return {{}, std::move(done.c.errors)};
  return {emit_yaml(done.root, done.c.fills), {}};
}

resolved_result resolved_file(const std::string& path, std::span<const setting> sets) {
  const auto file = read_file(path);
  if (!file.error.empty()) return {{}, {{path, {}, file.error}}};
  return resolved(path, file.text, sets);
}

}  // namespace fourtuple::scenario
