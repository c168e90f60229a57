#include "sim/real/capture_ring.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>

namespace fourtuple::real {
namespace {

/// Holds the largest packet of the loopback interface.
constexpr std::size_t block_bytes = 128 << 10;

std::size_t ask_for(int socket, std::size_t blocks) {
  for (; blocks >= 2; blocks /= 2) {
    tpacket_req3 ring{};
    ring.tp_block_size = block_bytes;
    ring.tp_block_nr = static_cast<unsigned>(blocks);
    ring.tp_frame_size = block_bytes;
    ring.tp_frame_nr = static_cast<unsigned>(blocks);
    ring.tp_retire_blk_tov = capture_ring::retire_ms;
    if (::setsockopt(socket, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) == 0) return blocks;
    if (errno != ENOMEM) return 0;
  }
  return 0;
}

}  // namespace

capture_ring::~capture_ring() {
  if (memory_ != nullptr) ::munmap(memory_, blocks_ * block_bytes);
}

int capture_ring::open(std::size_t bytes) {
  // Bound to no protocol until the ring is there: nothing is to be queued elsewhere.
  file s(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!s) return errno;
  const int version = TPACKET_V3;
  if (::setsockopt(s.get(), SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0)
    return errno;
  const std::size_t blocks = ask_for(s.get(), bytes / block_bytes);
  if (blocks == 0) return errno;
  void* memory =
      ::mmap(nullptr, blocks * block_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s.get(), 0);
  if (memory == MAP_FAILED) return errno;
  memory_ = static_cast<char*>(memory);
  blocks_ = blocks;
  sockaddr_ll every_packet{};
  every_packet.sll_family = AF_PACKET;
  every_packet.sll_protocol = htons(ETH_P_ALL);
  if (::bind(s.get(), reinterpret_cast<const sockaddr*>(&every_packet), sizeof every_packet) != 0)
    return errno;
  socket_ = std::move(s);
  return 0;
}

void capture_ring::take(const std::function<void(const captured&)>& show) {
  for (; memory_ != nullptr; next_ = (next_ + 1) % blocks_) {
    char* const block = memory_ + next_ * block_bytes;
    auto& head = reinterpret_cast<tpacket_block_desc*>(block)->hdr.bh1;
    const std::atomic_ref status(head.block_status);
    if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return;
    char* at = block + head.offset_to_first_pkt;
    for (unsigned n = 0; n < head.num_pkts; ++n) {
      const auto& p = *reinterpret_cast<const tpacket3_hdr*>(at);
      const auto& from =
          *reinterpret_cast<const sockaddr_ll*>(at + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
      show({std::string_view(at + p.tp_net, p.tp_snaplen), from.sll_pkttype == PACKET_OUTGOING,
            std::int64_t{p.tp_sec} * 1'000'000'000 + p.tp_nsec});
      at += p.tp_next_offset;
    }
    status.store(TP_STATUS_KERNEL, std::memory_order_release);
  }
}

std::uint32_t capture_ring::take_drops() {
  tpacket_stats_v3 seen{};
  socklen_t size = sizeof seen;
  if (::getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &seen, &size) != 0) return 0;
  return seen.tp_drops;
}

}  // namespace fourtuple::real
