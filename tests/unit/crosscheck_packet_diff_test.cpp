#include "sim/crosscheck/packet_diff.h"

#include <chrono>

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;
using crosscheck::compare_packets;

namespace {

const ip_address client = ip_address::v4(10, 0, 0, 1);
const ip_address server = ip_address::v4(10, 0, 0, 2);

/// A conversation as one kernel might have it: any ports, any initial sequence numbers.
class talk {
 public:
  talk(std::uint16_t port, std::uint32_t client_isn, std::uint32_t server_isn)
      : port_(port), client_isn_(client_isn), server_isn_(server_isn) {}

  talk& says(bool right, unsigned flags, std::uint32_t seq, std::uint32_t ack,
             std::uint32_t length = 0) {
    observe::packet_record r;
    r.at = instant{std::chrono::microseconds(log.packets.size())};
    r.order = log.next_order++;
    r.host = right ? "client" : "server";
    r.to = right ? "server" : "client";
    r.packet.source = right ? endpoint{client, port_} : endpoint{server, 80};
    r.packet.destination = right ? endpoint{server, 80} : endpoint{client, port_};
    wire::segment s;
    s.flags = static_cast<std::uint8_t>(flags);
    s.seq_number = (right ? client_isn_ : server_isn_) + seq;
    s.ack_number = (right ? server_isn_ : client_isn_) + ack;
    s.length = length;
    if ((flags & wire::syn) != 0) s.mss = 1460;
    s.has_timestamps = true;
    s.ts_value = client_isn_;
    r.packet.what = s;
    r.packet.payload.assign(length, 'x');
    log.packets.push_back(std::move(r));
    return *this;
  }
  talk& handshake() {
    return says(true, wire::syn, 0, 0)
        .says(false, wire::syn | wire::ack, 0, 1)
        .says(true, wire::ack, 1, 1);
  }

  observe::packet_log log;

 private:
  std::uint16_t port_;
  std::uint32_t client_isn_;
  std::uint32_t server_isn_;
};

}  // namespace

TEST_CASE("ports, initial sequence numbers and clocks may differ", "[crosscheck][packets]") {
  const auto a = talk(40000, 7, 99).handshake().says(true, wire::ack | wire::psh, 1, 1, 5);
  const auto b =
      talk(51111, 4'000'000'000, 3).handshake().says(true, wire::ack | wire::psh, 1, 1, 5);
  CHECK(compare_packets(a.log, b.log, {}).empty());
}

TEST_CASE("how old an earlier connection's numbers are may differ, that they are old may not",
          "[crosscheck][packets]") {
  const auto after = [](std::uint32_t age) {
    return talk(40000, 7, 99)
        .says(true, wire::syn, 0, 0)
        .says(false, wire::ack, 20, 0U - age)
        .says(true, wire::rst, 0U - age, 0);
  };
  CHECK(compare_packets(after(1'000'000).log, after(17'000'000).log, {}).empty());
  const auto of_this_one = talk(40000, 7, 99)
                               .says(true, wire::syn, 0, 0)
                               .says(false, wire::ack, 20, 0U - 1'000'000)
                               .says(true, wire::rst, 1, 0);
  CHECK(compare_packets(after(1'000'000).log, of_this_one.log, {}).size() == 1);
}

TEST_CASE("a segment of another length is shown with both ladders", "[crosscheck][packets]") {
  const auto a = talk(40000, 7, 99).handshake().says(true, wire::ack | wire::psh, 1, 1, 5);
  const auto b = talk(51111, 8, 3).handshake().says(true, wire::ack | wire::psh, 1, 1, 6);
  const auto found = compare_packets(a.log, b.log, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].where == "client to 10.0.0.2:80, connection 1, from client");
  CHECK(found[0].packet == 3);
  CHECK(found[0].simulated == "[P.] seq 1 ack 1 len 5 <TS>");
  CHECK(found[0].kernel == "[P.] seq 1 ack 1 len 6 <TS>");
  CHECK_FALSE(found[0].acks_only);
  CHECK(found[0].ladders.find("> [S] seq 0 len 0 <mss 1460,TS>") != std::string::npos);
  CHECK(found[0].ladders.find("≠") != std::string::npos);
}

TEST_CASE("one packet too many is a difference, and so is one too few", "[crosscheck][packets]") {
  const auto a = talk(40000, 7, 99).handshake();
  const auto b = talk(51111, 8, 3).handshake().says(false, wire::rst | wire::ack, 1, 1);
  const auto more = compare_packets(a.log, b.log, {});
  REQUIRE(more.size() == 1);
  CHECK(more[0].simulated.empty());
  CHECK(more[0].kernel == "[R.] seq 1 ack 1 len 0 <TS>");
  CHECK(more[0].where == "client to 10.0.0.2:80, connection 1, from server");
  const auto fewer = compare_packets(b.log, a.log, {});
  REQUIRE(fewer.size() == 1);
  CHECK(fewer[0].kernel.empty());
}

TEST_CASE("a missing ACK is told from a missing answer", "[crosscheck][packets]") {
  auto a = talk(40000, 7, 99).handshake().says(true, wire::ack | wire::psh, 1, 1, 5);
  auto b = talk(40000, 7, 99).handshake().says(true, wire::ack | wire::psh, 1, 1, 5);
  b.says(false, wire::ack, 1, 6);
  a.says(false, wire::ack | wire::psh, 1, 6, 5);
  b.says(false, wire::ack | wire::psh, 1, 6, 5);
  const auto found = compare_packets(a.log, b.log, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].acks_only);
}

TEST_CASE("packets that crossed may have left in either order", "[crosscheck][packets]") {
  const auto a =
      talk(1, 2, 3).handshake().says(true, wire::ack, 1, 1, 5).says(false, wire::ack, 1, 1, 9);
  const auto b =
      talk(1, 2, 3).handshake().says(false, wire::ack, 1, 1, 9).says(true, wire::ack, 1, 1, 5);
  CHECK(compare_packets(a.log, b.log, {}).empty());
}

TEST_CASE("a connection that one kernel never had is a difference", "[crosscheck][packets]") {
  const auto a = talk(40000, 7, 99).handshake();
  const auto found = compare_packets(a.log, {}, {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].simulated == "3 packets");
  CHECK(found[0].packet == 0);
}

TEST_CASE("a reset that a firewall sends is paired by the port it pretends to come from",
          "[crosscheck][packets]") {
  const auto a = talk(40000, 7, 99).says(false, wire::rst | wire::ack, 0, 1);
  const auto b = talk(51111, 8, 99).says(false, wire::rst | wire::ack, 0, 1);
  CHECK(compare_packets(a.log, b.log, {}).empty());
}
