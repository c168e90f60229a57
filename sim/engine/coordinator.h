// The coordinator's process: of no host, so it can wait, know the time and draw random numbers, but
// has no sockets. Scripts run in it.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/task.h>

#include "sim/core/random.h"
#include "sim/host/surroundings.h"
#include "sim/host/waits.h"

namespace fourtuple::engine {

class coordinator_process final : public process {
 public:
  coordinator_process(host::surroundings& world, std::uint64_t random_key)
      : world_(world), waits_(world), random_key_(random_key) {}
  ~coordinator_process() override { tasks_.destroy_all(); }

  result<descriptor> socket(family, transport, std::optional<std::uint32_t>) override {
    return errc::eopnotsupp;
  }
  result<> bind(descriptor, const endpoint&) override { return errc::ebadf; }
  result<> listen(descriptor, int) override { return errc::ebadf; }
  result<> connect(descriptor, const endpoint&) override { return errc::ebadf; }
  result<> disconnect(descriptor) override { return errc::ebadf; }
  result<accepted> accept(descriptor) override { return errc::ebadf; }
  result<std::size_t> send(descriptor, payload) override { return errc::ebadf; }
  result<std::size_t> recv(descriptor, buffer) override { return errc::ebadf; }
  result<std::size_t> sendto(descriptor, payload, const endpoint&) override { return errc::ebadf; }
  result<datagram> recvfrom(descriptor, buffer) override { return errc::ebadf; }
  result<> shutdown(descriptor, shutdown_how) override { return errc::ebadf; }
  result<> close(descriptor) override { return errc::ebadf; }
  result<descriptor> dup(descriptor) override { return errc::ebadf; }
  result<> setsockopt(descriptor, option, option_value) override { return errc::ebadf; }
  result<option_value> getsockopt(descriptor, option) override { return errc::ebadf; }
  result<endpoint> getsockname(descriptor) override { return errc::ebadf; }
  result<endpoint> getpeername(descriptor) override { return errc::ebadf; }
  result<std::string_view> state(descriptor) override { return errc::ebadf; }
  result<ready_mask> poll(descriptor) override { return errc::ebadf; }

  void wait(waiter& w) override {
    if (w.watches() != nullptr) return waits_.arm_ready(w);
    waits_.arm(w);
  }
  void cancel(waiter& w) override { waits_.cancel(w); }
  void post(waiter& w) override { waits_.post(w); }
  [[nodiscard]] instant now() const override { return world_.now(); }
  std::uint64_t random() override { return core::philox(random_key_, draws_++, 0); }
  [[nodiscard]] std::uint32_t nofile() const override { return 0; }
  [[nodiscard]] std::uint32_t open_descriptors() const override { return 0; }
  [[nodiscard]] std::uint32_t peak_descriptors() const override { return 0; }
  void restart_peak() override {}
  void finished() override { world_.process_finished(*this); }
  task_list& tasks() override { return tasks_; }
  void* allocate_frame(std::size_t size) override { return world_.frames().allocate(size); }
  void free_frame(void* frame, std::size_t size) noexcept override {
    world_.frames().free(frame, size);
  }
  void on_alarm(std::uint32_t index) { waits_.on_alarm(index); }

 private:
  host::surroundings& world_;
  host::waits waits_;
  std::uint64_t random_key_;
  std::uint64_t draws_ = 0;
  task_list tasks_;
};

}  // namespace fourtuple::engine
