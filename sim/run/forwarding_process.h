// A process that hands every call on to another one: what stands between an application and its
// kernel begins with it, and overrides what it is about.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/task.h>

namespace fourtuple::run {

class forwarding_process : public process {
 public:
  /// `inner` must outlive it.
  explicit forwarding_process(process& inner) : inner_(inner) {}

  result<descriptor> socket(family f, transport t, std::optional<std::uint32_t> uid) override {
    return inner_.socket(f, t, uid);
  }
  result<> bind(descriptor fd, const endpoint& to) override { return inner_.bind(fd, to); }
  result<> listen(descriptor fd, int backlog) override { return inner_.listen(fd, backlog); }
  result<> connect(descriptor fd, const endpoint& to) override { return inner_.connect(fd, to); }
  result<> disconnect(descriptor fd) override { return inner_.disconnect(fd); }
  result<accepted> accept(descriptor fd) override { return inner_.accept(fd); }
  result<std::size_t> send(descriptor fd, payload p) override { return inner_.send(fd, p); }
  result<std::size_t> recv(descriptor fd, buffer b) override { return inner_.recv(fd, b); }
  result<std::size_t> sendto(descriptor fd, payload p, const endpoint& to) override {
    return inner_.sendto(fd, p, to);
  }
  result<datagram> recvfrom(descriptor fd, buffer b) override { return inner_.recvfrom(fd, b); }
  result<> shutdown(descriptor fd, shutdown_how how) override { return inner_.shutdown(fd, how); }
  result<> close(descriptor fd) override { return inner_.close(fd); }
  result<descriptor> dup(descriptor fd) override { return inner_.dup(fd); }
  result<> setsockopt(descriptor fd, option o, option_value v) override {
    return inner_.setsockopt(fd, o, v);
  }
  result<option_value> getsockopt(descriptor fd, option o) override {
    return inner_.getsockopt(fd, o);
  }
  result<endpoint> getsockname(descriptor fd) override { return inner_.getsockname(fd); }
  result<endpoint> getpeername(descriptor fd) override { return inner_.getpeername(fd); }
  result<std::string_view> state(descriptor fd) override { return inner_.state(fd); }
  result<ready_mask> poll(descriptor fd) override { return inner_.poll(fd); }

  void wait(waiter& w) override { inner_.wait(w); }
  void cancel(waiter& w) override { inner_.cancel(w); }
  void post(waiter& w) override { inner_.post(w); }
  [[nodiscard]] instant now() const override { return inner_.now(); }
  std::uint64_t random() override { return inner_.random(); }
  [[nodiscard]] std::uint32_t nofile() const override { return inner_.nofile(); }
  [[nodiscard]] std::uint32_t open_descriptors() const override {
    return inner_.open_descriptors();
  }
  [[nodiscard]] std::uint32_t peak_descriptors() const override {
    return inner_.peak_descriptors();
  }
  void restart_peak() override { inner_.restart_peak(); }
  void finished() override { inner_.finished(); }
  task_list& tasks() override { return inner_.tasks(); }
  void* allocate_frame(std::size_t size) override { return inner_.allocate_frame(size); }
  void free_frame(void* frame, std::size_t size) noexcept override {
    inner_.free_frame(frame, size);
  }

 protected:
  process& inner_;
};

}  // namespace fourtuple::run
