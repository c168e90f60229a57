// Captures of the real network. The test that needs a namespace runs in a child process, and says
// so where this machine does not allow one.
#include "sim/real/packet_taps.h"

#include <chrono>

#include "tests/support/catch.h"
#include "tests/support/own_namespace.h"

using namespace fourtuple;
using namespace fourtuple::test;
using namespace std::chrono_literals;

namespace {

const ip_address left = ip_address::v4(10, 0, 0, 1);
const ip_address right = ip_address::v4(10, 0, 0, 2);

wire::frame frame_of(const ip_address& from, const ip_address& to, std::uint32_t seq) {
  wire::frame f;
  f.source = {from, 40000};
  f.destination = {to, 80};
  wire::segment s;
  s.seq_number = seq;
  s.flags = wire::syn;
  f.what = s;
  return f;
}

/// connect(), four bytes, close() on the loopback interface.
bool talk(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  auto* address = reinterpret_cast<sockaddr*>(&at);
  if (::bind(listener, address, size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, address, &size) != 0)
    return false;
  port = ntohs(at.sin_port);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::connect(client, address, size) != 0) return false;
  const int server = ::accept(listener, nullptr, nullptr);
  const bool sent = ::send(client, "ping", 4, 0) == 4;
  ::close(client);
  ::close(server);
  ::close(listener);
  return sent;
}

/// 0 where the capture of a conversation on loopback says what it should; else the failed check.
int capture_loopback() {
  if (!enter_namespace()) return not_allowed;
  observe::packet_log log;
  real::packet_taps taps(log, 1);
  if (taps.open("box") != 0) return not_allowed;
  taps.zero_is_now();
  std::uint16_t port = 0;
  if (!talk(port)) return 1;
  taps.finish();
  if (log.packets.size() < 5) return 2;
  const auto& first = log.packets.front();
  const auto* syn = first.packet.tcp();
  if (syn == nullptr || syn->flags != wire::syn || syn->mss == 0) return 3;
  if (first.packet.destination.port != port) return 4;
  if (first.host != "box" || first.to != "box" || !first.arrived_at) return 5;
  if (first.at < instant{} || first.at > instant{10s}) return 6;
  if (log.packets[1].packet.tcp()->flags != (wire::syn | wire::ack)) return 7;
  for (const auto& p : log.packets)
    if (p.packet.payload == "ping") return 0;
  return 8;
}

}  // namespace

TEST_CASE("what one host sends and another sees coming is one packet", "[real][capture]") {
  observe::packet_log log;
  real::sight_merger merger({"a", "b"}, log);
  merger.add({instant{2us}, 1, false, frame_of(left, right, 1)});
  merger.add({instant{1us}, 0, true, frame_of(left, right, 1)});
  merger.add({instant{3us}, 1, true, frame_of(right, left, 5)});   // lost
  merger.add({instant{9us}, 1, false, frame_of(left, right, 8)});  // nobody sent it
  merger.finish();
  REQUIRE(log.packets.size() == 2);
  CHECK(log.packets[0].host == "a");
  CHECK(log.packets[0].to == "b");
  CHECK(log.packets[0].arrived_at == instant{2us});
  CHECK(log.packets[1].host == "b");
  CHECK_FALSE(log.packets[1].arrived_at);
}

TEST_CASE("a packet sent twice arrives twice, in order", "[real][capture]") {
  observe::packet_log log;
  real::sight_merger merger({"a", "b"}, log);
  for (const int at : {10, 20}) {
    merger.add({instant{at * 1us}, 0, true, frame_of(left, right, 1)});
    merger.add({instant{at * 1us + 5us}, 1, false, frame_of(left, right, 1)});
  }
  merger.finish();
  REQUIRE(log.packets.size() == 2);
  CHECK(log.packets[0].arrived_at == instant{15us});
  CHECK(log.packets[1].arrived_at == instant{25us});
}

TEST_CASE("the filter and the limit of a log hold for captures", "[real][capture]") {
  observe::packet_log log;
  log.only_port = 81;
  log.most = 1;
  real::sight_merger merger({"a"}, log);
  for (const std::uint16_t port : {std::uint16_t{80}, std::uint16_t{81}, std::uint16_t{81}}) {
    wire::frame f = frame_of(left, right, 1);
    f.destination.port = port;
    merger.add({instant{1us}, 0, true, f});
  }
  merger.finish();
  CHECK(log.packets.size() == 1);
  CHECK(log.left_out == 1);
}

TEST_CASE("a tap sees a conversation on the loopback interface of its namespace",
          "[real][capture]") {
  const int answer = in_child(capture_loopback);
  if (answer == not_allowed) {
    WARN("network namespaces or packet sockets are not allowed here: nothing was captured");
    return;
  }
  CHECK(answer == 0);
}
