#include "sim/report/tested.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "sim/observe/value.h"

namespace fourtuple::report {

namespace {

/// Text of XML 1.0: what it has no character for becomes '?'.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\n') {
      out += "&#10;";
    } else {
      out += byte < 0x20 && c != '\t' ? '?' : c;
    }
  }
  return observe::is_utf8(out) ? out : std::string("(not UTF-8)");
}

/// What kept the file from being tested to its end: an error, in JUnit's words.
std::string error_of(const tested_file& f) {
  std::string error = f.stopped;
  for (const auto& e : f.errors) error += (error.empty() ? "" : "\n") + e;
  return error.empty() ? f.broken : error;
}

/// The test case of a file as a whole.
std::string whole(const tested_file& f) {
  std::string out = fmt::format("    <testcase classname=\"{}\" name=\"runs\"", xml(f.file));
  if (!f.broken.empty())
    return out + fmt::format("><error message=\"{}\"/></testcase>\n", xml(error_of(f)));
  if (!f.skipped.empty())
    return out + fmt::format("><skipped message=\"{}\"/></testcase>\n", xml(f.skipped));
  return out + "/>\n";
}

std::string place(const tested_file& f, int line) {
  return line > 0 ? fmt::format("{}:{}", f.file, line) : f.file;
}

std::string suite(const tested_file& f) {
  const auto failures = std::count_if(f.tests.begin(), f.tests.end(),
                                      [](const auto& t) { return !t.failure.empty(); });
  const bool alone = !f.broken.empty() || f.tests.empty();
  std::string out = fmt::format(
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\"{} time=\"{}\">\n",
      xml(f.file), f.tests.size() + (alone ? 1 : 0), failures, f.broken.empty() ? 0 : 1,
      f.skipped.empty() ? "" : " skipped=\"1\"", observe::exact_decimal(ns(f.wall)));
  if (alone) out += whole(f);
  for (const auto& t : f.tests) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(f.file), xml(t.name));
    out += t.failure.empty() ? "/>\n"
                             : fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                                           xml(t.failure), xml(place(f, t.line)));
  }
  return out + "  </testsuite>\n";
}

std::string annotation(const std::string& file, int line, int column, std::string_view message) {
  const auto escaped = [](std::string_view text, bool property) {
    std::string out;
    for (const char c : text) {
      if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
        out += fmt::format("%{:02X}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
    }
    return out;
  };
  std::string where = "file=" + escaped(file, true);
  if (line > 0) where += fmt::format(",line={}", line);
  if (column > 0) where += fmt::format(",col={}", column);
  return fmt::format("::error {}::{}\n", where, escaped(message, false));
}

/// "FILE:LINE:COLUMN: message" of the loader, taken apart again.
std::string config_annotation(const std::string& file, const std::string& error) {
  int line = 0;
  int column = 0;
  int length = 0;
  const std::string rest = error.starts_with(file + ":") ? error.substr(file.size() + 1) : error;
  if (std::sscanf(rest.c_str(), "%d:%d: %n", &line, &column, &length) == 2 && length > 0) {
    return annotation(file, line, column,
                      std::string_view(rest).substr(static_cast<std::size_t>(length)));
  }
  return annotation(file, 0, 0, error);
}

}  // namespace

std::string junit(std::span<const tested_file> all) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"fourtuple\">\n";
  for (const auto& f : all) out += suite(f);
  return out + "</testsuites>\n";
}

std::string github(std::span<const tested_file> all) {
  std::string out;
  for (const auto& f : all) {
    for (const auto& e : f.errors) out += config_annotation(f.file, e);
    for (const auto& t : f.tests) {
      if (!t.failure.empty()) out += annotation(f.file, t.line, 0, t.name + ": " + t.failure);
    }
    if (!f.stopped.empty()) out += annotation(f.file, 0, 0, f.stopped);
  }
  return out;
}

}  // namespace fourtuple::report
