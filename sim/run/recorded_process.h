// A process whose socket calls are written down as they are made: stands between an application and
// its kernel, whichever that is. Only where a trace was asked for.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/task.h>

#include <string>

#include "sim/observe/packet_log.h"

namespace fourtuple::run {

/// Calls that would block are not written down, but for connect's "in progress"; nor are questions
/// (getsockname, poll, ...). Both `inner` and `log` must outlive it.
class recorded_process final : public process {
 public:
  recorded_process(process& inner, observe::packet_log& log, std::string host, std::string program)
      : inner_(inner), log_(log), host_(std::move(host)), program_(std::move(program)) {}

  result<descriptor> socket(family f, transport t, std::optional<std::uint32_t> uid) override {
    return inner_.socket(f, t, uid);
  }
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

 private:
  /// The packets of a call without delay go out before it returns: its place is taken before.
  [[nodiscard]] std::uint64_t begin() { return log_.next_order++; }
  void note(observe::call_record call);
  void note(std::uint64_t order, descriptor fd, std::string text, std::string answer);
  void note(std::uint64_t order, descriptor fd, std::string text, errc e);
  /// The answer to a call that moves bytes; `empty` says what 0 means.
  void note_bytes(std::uint64_t order, descriptor fd, std::string text,
                  const result<std::size_t>& r, const char* empty);

  process& inner_;
  observe::packet_log& log_;
  std::string host_;
  std::string program_;
};

}  // namespace fourtuple::run
