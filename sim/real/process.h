// One process of the seam on the real kernel: socket calls of this very thread, made inside the
// host's network namespace and with the process's user and capabilities.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/task.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/real/congestion.h"
#include "sim/real/event_loop.h"
#include "sim/real/network.h"

namespace fourtuple::real {

/// What all processes of a world share. `finished` tells of process::finished().
struct surroundings {
  event_loop& loop;
  void (*finished)(void* world, process& p);
  void* world;
};

struct process_identity {
  std::uint32_t uid = 1000;
  std::uint32_t nofile = 1024;
  std::uint64_t random_key = 0;
  const congestion_choice* congestion = nullptr;  ///< of the host, which outlives the process
};

class real_process final : public process {
 public:
  /// `where` null: the coordinator's, which has no sockets.
  real_process(surroundings around, const network_namespace* where, const process_identity& who);
  /// Process exit: tasks first, then descriptors in order.
  ~real_process() override;

  result<descriptor> socket(family f, transport t, std::optional<std::uint32_t> uid) override;
  result<> bind(descriptor fd, const endpoint& to) override;
  result<> listen(descriptor fd, int backlog) override;
  result<> connect(descriptor fd, const endpoint& to) override;
  result<> disconnect(descriptor fd) override;
  result<accepted> accept(descriptor fd) override;
  result<std::size_t> send(descriptor fd, payload p) override;
  result<std::size_t> recv(descriptor fd, buffer b) override;
  result<std::size_t> sendto(descriptor fd, payload p, const endpoint& to) override;
  result<datagram> recvfrom(descriptor fd, buffer b) override;
  result<> shutdown(descriptor fd, shutdown_how how) override;
  result<> close(descriptor fd) override;
  result<descriptor> dup(descriptor fd) override;
  result<> setsockopt(descriptor fd, option o, option_value v) override;
  result<option_value> getsockopt(descriptor fd, option o) override;
  result<endpoint> getsockname(descriptor fd) override;
  result<endpoint> getpeername(descriptor fd) override;
  result<std::string_view> state(descriptor fd) override;
  result<ready_mask> poll(descriptor fd) override;
  void wait(waiter& w) override;
  void cancel(waiter& w) override { around_.loop.cancel(w); }
  void post(waiter& w) override { around_.loop.post(w); }
  [[nodiscard]] instant now() const override { return around_.loop.now(); }
  std::uint64_t random() override;
  [[nodiscard]] std::uint32_t nofile() const override { return who_.nofile; }
  [[nodiscard]] std::uint32_t open_descriptors() const override { return open_; }
  [[nodiscard]] std::uint32_t peak_descriptors() const override { return peak_; }
  void restart_peak() override { peak_ = open_; }
  void finished() override { around_.finished(around_.world, *this); }
  task_list& tasks() override { return tasks_; }
  void* allocate_frame(std::size_t size) override { return ::operator new(size); }
  void free_frame(void* frame, std::size_t) noexcept override { ::operator delete(frame); }

  /// TCP sockets of this process in CLOSED, which sock_diag does not list.
  [[nodiscard]] std::uint64_t closed_sockets() const;
  /// From now on close() resets what is still connected: the world ends.
  void abort_all();

 private:
  struct open_socket;
  /// Null: EBADF.
  [[nodiscard]] open_socket* find(descriptor fd) const;
  /// The descriptor that `call` makes, a system call; a process at its limit makes it in vain.
  result<descriptor> add(bool tcp, const std::function<int()>& call);
  void remove(descriptor fd);

  surroundings around_;
  const network_namespace* where_;
  process_identity who_;
  std::vector<std::unique_ptr<open_socket>> table_;
  std::uint32_t open_ = 3;
  std::uint32_t peak_ = 3;
  std::uint64_t draws_ = 0;
  std::string scratch_;  ///< bytes nobody looks at
  task_list tasks_;
};

}  // namespace fourtuple::real
