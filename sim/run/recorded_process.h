// A process whose socket calls are written down as they are made: stands between an application and
// its kernel, whichever that is. Only where a trace was asked for.
#pragma once

#include <string>

#include "sim/observe/packet_log.h"
#include "sim/run/forwarding_process.h"

namespace fourtuple::run {

/// Calls that would block are not written down, but for connect's "in progress"; nor are questions
/// (getsockname, poll, ...). Both `inner` and `log` must outlive it.
class recorded_process final : public forwarding_process {
 public:
  recorded_process(process& inner, observe::packet_log& log, std::string host, std::string program)
      : forwarding_process(inner),
        log_(log),
        host_(std::move(host)),
        program_(std::move(program)) {}

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

 private:
  /// The packets of a call without delay go out before it returns: its place is taken before.
  [[nodiscard]] std::uint64_t begin() { return log_.next_order++; }
  void note(observe::call_record call);
  void note(std::uint64_t order, descriptor fd, std::string text, std::string answer);
  void note(std::uint64_t order, descriptor fd, std::string text, errc e);
  /// The answer to a call that moves bytes; `empty` says what 0 means.
  void note_bytes(std::uint64_t order, descriptor fd, std::string text,
                  const result<std::size_t>& r, const char* empty);

  observe::packet_log& log_;
  std::string host_;
  std::string program_;
};

}  // namespace fourtuple::run
