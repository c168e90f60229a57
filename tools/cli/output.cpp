#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

/// All of it; 0 or the errno.
int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

}  // namespace

void complain(std::string_view text) { write_error("fourtuple: " + std::string(text) + "\n"); }

void write_error(std::string_view text) {
  // Nothing can be done where standard error fails too.
  (void)write_all(STDERR_FILENO, text);
}

sink::sink(const std::string& path) : name_(path == "-" ? "standard output" : path) {
  if (path == "-") {
    fd_ = STDOUT_FILENO;
    return;
  }
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    throw usage_error{path + " cannot be written: " + std::strerror(errno),
                      verdict::not_possible_here};
  }
  owned_ = true;
}

sink::~sink() {
  if (owned_ && fd_ >= 0) ::close(fd_);
}

void sink::write(std::string_view text) {
  if (error_ == 0) error_ = write_all(fd_, text);
}

bool sink::finish() {
  if (owned_ && fd_ >= 0) {
    if (::close(fd_) != 0 && error_ == 0) error_ = errno;
    fd_ = -1;
  }
  if (error_ == 0) return true;
  complain(name_ + " cannot be written: " + std::strerror(error_));
  return false;
}

void guard_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) continue;
    // Read-only as standard output: writing there must fail, not vanish.
    const int stand_in = ::open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY);
    if (stand_in >= 0 && stand_in != fd) {
      ::dup2(stand_in, fd);
      ::close(stand_in);
    }
  }
}

}  // namespace fourtuple::cli
