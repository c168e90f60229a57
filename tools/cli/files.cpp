#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "sim/profile/nearest.h"
#include "sim/spec/quantity.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::end(it);
       it.increment(error)) {
    const auto extension = it->path().extension();
    std::error_code ignored;
    if ((extension == ".yaml" || extension == ".yml") && it->is_regular_file(ignored)) {
      out.push_back(it->path().string());
    }
  }
  if (error) throw usage_error{folder + " cannot be read: " + error.message()};
  if (out.empty()) throw usage_error{folder + " holds no *.yaml or *.yml file"};
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

file_list expand_files(const std::vector<std::string>& named) {
  file_list out;
  out.as_list = named.size() > 1;
  for (const auto& name : named) {
    std::error_code ignored;
    if (name != "-" && fs::is_directory(name, ignored)) {
      const auto inside = files_in(name);
      out.paths.insert(out.paths.end(), inside.begin(), inside.end());
      out.as_list = true;
    } else {
      out.paths.push_back(name);
    }
  }
  if (std::count(out.paths.begin(), out.paths.end(), "-") > 1) {
    throw usage_error{"- (standard input) can be named once only"};
  }
  return out;
}

namespace {

/// The same file, also by another name; never a device or a pipe.
bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (a == "-" || b == "-" || a.empty() || b.empty()) return false;
  if (fs::exists(a, error) && !fs::is_regular_file(a, error)) return false;
  if (fs::equivalent(a, b, error)) return true;
  // Made absolute first: of a name alone that is no file yet there is nothing to resolve.
  return fs::weakly_canonical(fs::absolute(a, error), error) ==
         fs::weakly_canonical(fs::absolute(b, error), error);
}

}  // namespace

void check_outputs(const file_list& inputs, const std::vector<named_output>& outputs) {
  for (auto out = outputs.begin(); out != outputs.end(); ++out) {
    for (const auto& in : inputs.paths)
      if (same_file(out->path, in))
        throw usage_error{fmt::format("{} {}: that file is read", out->flag, out->path)};
    for (auto other = outputs.begin(); other != out; ++other)
      if (same_file(out->path, other->path))
        throw usage_error{
            fmt::format("{} {}: {} is written there", out->flag, out->path, other->flag)};
  }
}

std::vector<scenario::setting> parse_settings(const std::vector<std::string>& texts) {
  std::vector<scenario::setting> out;
  for (const auto& text : texts) {
    auto one = scenario::parse_setting(text);
    if (!one) {
      throw usage_error{
          fmt::format("--set {}: write path=value, as in apps.load.rate=500/s", text)};
    }
    out.push_back(std::move(*one));
  }
  return out;
}

duration parse_duration(std::string_view flag, const std::string& text) {
  const auto t = spec::parse_time(text);
  if (!t.value) throw usage_error{fmt::format("{} {}: {}", flag, text, t.error)};
  return *t.value;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  return profile::did_you_mean(word, views);
}

}  // namespace fourtuple::cli
