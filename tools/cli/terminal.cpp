#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

std::atomic<bool> interrupt_flag{false};
std::atomic<int> waiting_reads{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

extern "C" void on_signal(int number) {
  if (waiting_reads.load(std::memory_order_relaxed) > 0)
    ::_exit(static_cast<int>(verdict::interrupted));
  interrupt_flag.store(true, std::memory_order_relaxed);
  std::signal(number, SIG_DFL);  // the next one ends the program
}

bool is_set(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && *text != '\0';
}

}  // namespace

report::style style_of_stdout(bool no_color) {
  report::style s;
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::strcmp(term, "dumb") == 0;
  s.colour = terminal && !no_color && !is_set("NO_COLOR") && !dumb;
  s.unicode =
      std::setlocale(LC_CTYPE, "") != nullptr && std::strcmp(::nl_langinfo(CODESET), "UTF-8") == 0;
  winsize size{};
  if (terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    s.width = std::clamp<std::size_t>(size.ws_col, 40, 100);
  }
  return s;
}

const std::atomic<bool>& interrupted() { return interrupt_flag; }

reading_input::reading_input(const std::string& path) {
  std::error_code ignored;
  may_wait_ = path == "-" || !std::filesystem::is_regular_file(path, ignored);
  if (may_wait_) waiting_reads.fetch_add(1, std::memory_order_relaxed);
}
reading_input::~reading_input() {
  if (may_wait_) waiting_reads.fetch_sub(1, std::memory_order_relaxed);
}

void catch_signals() {
  std::signal(SIGPIPE, SIG_IGN);  // a closed pipe is an error of write()
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

progress_line::progress_line(bool wanted) : wanted_(wanted && ::isatty(STDERR_FILENO) == 1) {}

progress_line::~progress_line() {
  if (shown_) (void)!::write(STDERR_FILENO, "\r\x1b[K", 4);
}

void progress_line::show(const run::progress& p) {
  constexpr std::int64_t second = 1'000'000'000;
  if (!wanted_ || p.wall_ns < second || p.wall_ns - last_ns_ < second / 5) return;
  last_ns_ = p.wall_ns;
  shown_ = true;
  std::string text = report::time_text(ns(p.now));
  if (p.end && ns(*p.end) > 0) {
    text += fmt::format(
        " of {} ({})", report::time_text(ns(*p.end)),
        report::percent(static_cast<double>(ns(p.now)) / static_cast<double>(ns(*p.end))));
  }
  const double rate = static_cast<double>(p.events) / (static_cast<double>(p.wall_ns) / 1e9);
  text = fmt::format("\r{}, {} events/s\x1b[K", text,
                     report::grouped(static_cast<std::uint64_t>(rate)));
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace fourtuple::cli
