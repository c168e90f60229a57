// The receive queue of a UDP socket and what the kernel charges it for (net/ipv4/udp.c).
#pragma once

#include <cstdint>
#include <utility>

#include "sim/core/ring.h"
#include "sim/wire/packet.h"

namespace fourtuple::host {

/// Who reads takes all that has come into a queue of its own (`reader_queue`) and reads from there,
/// so that it and the network seldom want one lock. What it has read stays charged for a while.
///
/// DEVIATION: poll() and FIONREAD of a blocking descriptor take over what has come, too
/// (first_packet_length()). Who fills SO_RCVBUF to the last datagram after such a poll() could see
/// one more fit.
class udp_queue {
 public:
  [[nodiscard]] bool empty() const { return datagrams_.empty(); }
  /// sk_rmem_alloc, bytes: what SO_RCVBUF is compared with.
  [[nodiscard]] std::uint64_t charged() const { return charged_; }
  /// udp_rqueue_get(), bytes: what `ss` shows as Recv-Q.
  [[nodiscard]] std::uint64_t waiting() const { return charged_ - read_; }

  void push(wire::datagram d, std::uint64_t truesize) {
    charged_ += truesize;
    datagrams_.push(std::move(d));
  }
  [[nodiscard]] const wire::datagram& front() { return datagrams_.front(); }
  /// front(), of that truesize. udp_rmem_release(): what is read is charged for until it comes to
  /// `batch` bytes, or nothing is left of what was taken over.
  wire::datagram pop(std::uint64_t truesize, std::uint64_t batch) {
    if (taken_over_ == 0) taken_over_ = datagrams_.size();
    read_ += truesize;
    if (--taken_over_ == 0 || read_ >= batch) charged_ -= std::exchange(read_, 0);
    return datagrams_.pop();
  }

 private:
  core::ring<wire::datagram> datagrams_;
  std::uint64_t charged_ = 0;
  std::uint64_t read_ = 0;        ///< forward_deficit: read, and charged for still
  std::uint32_t taken_over_ = 0;  ///< length of reader_queue
};

}  // namespace fourtuple::host
