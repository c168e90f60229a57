#include "sim/real/process.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <set>
#include <thread>
#include <utility>

#include "sim/core/random.h"
#include "sim/real/at_limit.h"
#include "sim/real/names.h"

namespace fourtuple::real {
namespace {

/// One call moves no more than the largest buffers hold.
constexpr std::size_t most_at_once = std::size_t{16} << 20;

/// Sockets made meanwhile belong to that user (setfsuid(2) is of the thread).
class as_user {
 public:
  explicit as_user(std::uint32_t uid) : before_(::setfsuid(uid)) {}
  ~as_user() { ::setfsuid(static_cast<uid_t>(before_)); }
  as_user(const as_user&) = delete;
  as_user& operator=(const as_user&) = delete;

 private:
  int before_;
};

/// Without CAP_NET_BIND_SERVICE, as every user but root (capset(2) is of the thread).
class unprivileged {
 public:
  explicit unprivileged(bool wanted) : wanted_(wanted) {
    if (!wanted_) return;
    __user_cap_header_struct h{_LINUX_CAPABILITY_VERSION_3, 0};
    ::syscall(SYS_capget, &h, before_.data());
    auto less = before_;
    less[0].effective &= ~(1U << CAP_NET_BIND_SERVICE);
    ::syscall(SYS_capset, &h, less.data());
  }
  ~unprivileged() {
    if (!wanted_) return;
    __user_cap_header_struct h{_LINUX_CAPABILITY_VERSION_3, 0};
    ::syscall(SYS_capset, &h, before_.data());
  }
  unprivileged(const unprivileged&) = delete;
  unprivileged& operator=(const unprivileged&) = delete;

 private:
  bool wanted_;
  std::array<__user_cap_data_struct, 2> before_{};
};

result<> answer(int r) {
  if (r < 0) return errc_of(errno);
  return {};
}
result<std::size_t> bytes(ssize_t n) {
  if (n < 0) return errc_of(errno);
  return static_cast<std::size_t>(n);
}

}  // namespace

/// One descriptor. `closing`: a close() that SO_LINGER makes wait, in a thread of its own.
struct real_process::open_socket : watched {
  event_loop& loop;
  bool tcp = true;
  std::uint32_t uid = 0;  ///< whose it is: the process's, or as_user's
  std::thread closing;
  std::atomic<bool> closed = false;

  open_socket(event_loop& l, int kernel_fd, bool is_tcp) : loop(l), tcp(is_tcp) {
    fd = kernel_fd;
    loop.add(*this);
  }
  ~open_socket() {
    if (closing.joinable()) closing.join();
    if (fd >= 0) ::close(take());
  }
  open_socket(const open_socket&) = delete;
  open_socket& operator=(const open_socket&) = delete;

  /// The descriptor, no longer watched, for whoever closes it.
  int take() {
    loop.drop(*this);
    return std::exchange(fd, -1);
  }
};

real_process::real_process(surroundings around, const network_namespace* where,
                           const process_identity& who)
    : around_(around), where_(where), who_(who), table_(3) {}

real_process::~real_process() {
  tasks_.destroy_all();
  for (auto& s : table_) s.reset();
}

real_process::open_socket* real_process::find(descriptor fd) const {
  const auto i = static_cast<std::size_t>(fd);
  return fd >= 0 && i < table_.size() ? table_[i].get() : nullptr;
}

result<descriptor> real_process::add(bool tcp, const std::function<int()>& call) {
  if (open_ >= who_.nofile) {
    const int error = errno_at_the_limit(call);
    return errc_of(error == 0 ? EMFILE : error);
  }
  const int kernel_fd = call();
  if (kernel_fd < 0) return errc_of(errno);
  std::size_t i = 3;
  while (i < table_.size() && table_[i]) ++i;
  if (i == table_.size()) table_.emplace_back();
  table_[i] = std::make_unique<open_socket>(around_.loop, kernel_fd, tcp);
  peak_ = std::max(peak_, ++open_);
  return static_cast<descriptor>(i);
}

void real_process::remove(descriptor fd) {
  around_.loop.forget(*find(fd));  // whoever waits for it finds EBADF
  table_[static_cast<std::size_t>(fd)].reset();
  --open_;
}

result<descriptor> real_process::socket(family f, transport t, std::optional<std::uint32_t> uid) {
  if (where_ == nullptr) return errc::eopnotsupp;
  const bool tcp = t == transport::tcp;
  const auto inside = where_->enter();
  const auto made = [&] {
    const as_user owner(uid.value_or(who_.uid));
    return add(tcp, [f, tcp] {
      return ::socket(f == family::inet ? AF_INET : AF_INET6,
                      (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    });
  }();
  if (!made) return made;
  find(*made)->uid = uid.value_or(who_.uid);
  if (tcp && who_.congestion != nullptr) who_.congestion->apply(find(*made)->fd);
  return made;
}

result<> real_process::bind(descriptor fd, const endpoint& to) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  const auto a = to_kernel(to);
  const unprivileged user(s->uid != 0);
  return answer(::bind(s->fd, a.get(), a.size));
}

result<> real_process::listen(descriptor fd, int backlog) {
  const auto* s = find(fd);
  return s == nullptr ? result<>{errc::ebadf} : answer(::listen(s->fd, backlog));
}

result<> real_process::connect(descriptor fd, const endpoint& to) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  const auto a = to_kernel(to);
  return answer(::connect(s->fd, a.get(), a.size));
}

result<> real_process::disconnect(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  sockaddr none{};
  none.sa_family = AF_UNSPEC;
  return answer(::connect(s->fd, &none, sizeof none));
}

result<accepted> real_process::accept(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  socket_address peer;
  const auto made = add(true, [s, &peer] {
    const as_user owner(s->uid);  // sock_graft(): whose the new inode is
    return ::accept4(s->fd, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  if (!made) return made.error();
  find(*made)->uid = s->uid;
  return accepted{*made, from_kernel(peer)};
}

result<std::size_t> real_process::send(descriptor fd, payload p) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  if (p.data == nullptr) {
    const std::size_t size = std::min(p.size, most_at_once);
    if (scratch_.size() < size) scratch_.resize(size, 'x');
    p = {scratch_.data(), size};
  }
  return bytes(::send(s->fd, p.data, p.size, MSG_NOSIGNAL));
}

result<std::size_t> real_process::recv(descriptor fd, buffer b) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  std::string forgotten;
  if (b.data == nullptr) {
    forgotten.resize(std::min(b.size, most_at_once));
    b = {forgotten.data(), forgotten.size()};
  }
  return bytes(::recv(s->fd, b.data, b.size, 0));
}

result<std::size_t> real_process::sendto(descriptor fd, payload p, const endpoint& to) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  const std::string filler = p.data == nullptr ? std::string(p.size, 'x') : std::string();
  const auto a = to_kernel(to);
  return bytes(::sendto(s->fd, p.data == nullptr ? filler.data() : p.data, p.size, MSG_NOSIGNAL,
                        a.get(), a.size));
}

result<datagram> real_process::recvfrom(descriptor fd, buffer b) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  std::string forgotten;
  if (b.data == nullptr) {
    forgotten.resize(b.size);
    b = {forgotten.data(), forgotten.size()};
  }
  socket_address from;
  from.storage.ss_family = AF_UNSPEC;
  const auto n = bytes(::recvfrom(s->fd, b.data, b.size, 0, from.get(), &from.size));
  if (!n) return n.error();
  return datagram{*n, from.size == 0 ? endpoint{} : from_kernel(from)};
}

result<> real_process::shutdown(descriptor fd, shutdown_how how) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  return answer(::shutdown(s->fd, how == shutdown_how::rd   ? SHUT_RD
                                  : how == shutdown_how::wr ? SHUT_WR
                                                            : SHUT_RDWR));
}

result<> real_process::close(descriptor fd) {
  auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  if (s->closing.joinable()) {
    if (!s->closed) return errc::einprogress;
    remove(fd);
    return {};
  }
  const auto linger = get_option(s->fd, option::so_linger);
  if (s->tcp && linger && linger->number != 0 && linger->second > 0) {
    // close(2) waits whether or not the socket blocks; the others of this thread must not.
    s->closing = std::thread([s, going = s->take()] {
      ::close(going);
      s->closed = true;
    });
    around_.loop.watch_for(*s, s->closed);
    return errc::einprogress;
  }
  remove(fd);
  return {};
}

result<descriptor> real_process::dup(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  const auto made = add(s->tcp, [s] {
    const int copy = ::dup(s->fd);
    if (copy >= 0) ::fcntl(copy, F_SETFD, FD_CLOEXEC);
    return copy;
  });
  if (made) find(*made)->uid = s->uid;
  return made;
}

result<> real_process::setsockopt(descriptor fd, option o, option_value v) {
  const auto* s = find(fd);
  return s == nullptr ? result<>{errc::ebadf} : set_option(s->fd, o, v);
}

result<option_value> real_process::getsockopt(descriptor fd, option o) {
  const auto* s = find(fd);
  return s == nullptr ? result<option_value>{errc::ebadf} : get_option(s->fd, o);
}

result<endpoint> real_process::getsockname(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  socket_address a;
  if (::getsockname(s->fd, a.get(), &a.size) < 0) return errc_of(errno);
  return from_kernel(a);
}

result<endpoint> real_process::getpeername(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  socket_address a;
  if (::getpeername(s->fd, a.get(), &a.size) < 0) return errc_of(errno);
  return from_kernel(a);
}

result<std::string_view> real_process::state(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0) return errc_of(errno);
  return state_name(info.tcpi_state);
}

result<ready_mask> real_process::poll(descriptor fd) {
  const auto* s = find(fd);
  if (s == nullptr) return errc::ebadf;
  return event_loop::level(*s);
}

void real_process::wait(waiter& w) {
  bool ready_now = false;
  for (watch* each = w.watches(); each != nullptr; each = each->following()) {
    each->owner = &w;
    auto* const s = find(each->fd);
    if (s == nullptr) {
      each->now = ready_err;
      ready_now = true;
      continue;
    }
    each->now = s->closing.joinable() ? ready_mask{s->closed ? ready_hup : ready_none}
                                      : event_loop::level(*s);
    // An ICMP error about a SYN is on the error queue until the connect() has ended: that alone is
    // no news, and who looked again and again would keep the socket owned when the next error
    // comes.
    if (s->tcp && each->now == ready_err) each->now = ready_none;
    const bool moved = !each->edge || s->wakes != each->seen;
    if (moved && (each->now & (each->mask | ready_err | ready_hup)) != 0) ready_now = true;
    each->seen = s->wakes;
    s->ring.add(*each);
  }
  around_.loop.arm(w, ready_now);
}

std::uint64_t real_process::random() { return core::philox(who_.random_key, draws_++, 0); }

std::uint64_t real_process::closed_sockets() const {
  std::set<ino_t> seen;  // a socket counts once, however many descriptors it has
  for (const auto& s : table_) {
    if (!s || !s->tcp || s->closing.joinable()) continue;
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
        state_name(info.tcpi_state) == "CLOSED") {
      struct stat what {};
      ::fstat(s->fd, &what);
      seen.insert(what.st_ino);
    }
  }
  return seen.size();
}

void real_process::abort_all() {
  const linger at_once{1, 0};
  for (const auto& s : table_)
    if (s && s->tcp && !s->closing.joinable())
      ::setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace fourtuple::real
