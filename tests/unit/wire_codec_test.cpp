// Packets as bytes and back, against numbers worked out by hand and by every packet that can be
// made.
#include "sim/wire/codec.h"

#include "sim/core/random.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using wire::frame;
using wire::segment;

namespace {

std::string bytes(std::initializer_list<unsigned> all) {
  std::string out;
  for (const unsigned b : all) out.push_back(static_cast<char>(b));
  return out;
}

frame syn() {
  frame f;
  f.source = {ip_address::v4(10, 0, 0, 1), 32768};
  f.destination = {ip_address::v4(10, 0, 0, 2), 80};
  segment s;
  s.seq_number = 1000;
  s.flags = wire::syn;
  s.window = 64240;
  s.mss = 1460;
  s.sack_permitted = true;
  s.has_timestamps = true;
  s.ts_value = 1;
  s.window_scale = 10;
  f.what = s;
  return f;
}

frame udp(std::string payload) {
  frame f;
  f.source = {*parse_address("fd00::1"), 5353};
  f.destination = {*parse_address("fd00::2"), 53};
  f.what = wire::udp_header{};
  f.payload = std::move(payload);
  return f;
}

frame unreachable(family f, bool tcp) {
  const bool v4 = f == family::inet;
  const ip_address a = v4 ? ip_address::v4(10, 0, 0, 1) : *parse_address("fd00::1");
  const ip_address b = v4 ? ip_address::v4(10, 0, 0, 2) : *parse_address("fd00::2");
  frame out;
  out.source = {b, 0};
  out.destination = {a, 0};
  wire::icmp_message m;
  m.type = v4 ? 3 : 1;
  m.code = v4 ? 3 : 4;
  m.about_tcp = tcp;
  m.quoted_source = {a, 40000};
  m.quoted_destination = {b, 25};
  m.quoted.seq_number = tcp ? 77 : 0;
  m.quoted.flags = tcp ? wire::syn : 0;
  m.quoted.mss = tcp ? 1460 : 0;
  m.quoted.length = 3;
  out.what = m;
  return out;
}

/// Bytes survive the way there and back, and both checksums of the packet are right.
void check_there_and_back(const frame& f) {
  const std::string once = wire::encode(f);
  const auto back = wire::decode(once);
  REQUIRE(back);
  CHECK(wire::encode(*back) == once);
  CHECK(back->source == f.source);
  CHECK(back->destination == f.destination);
  CHECK(back->payload == f.payload);
  CHECK(back->what.index() == f.what.index());
  if (const segment* s = f.tcp()) {
    CHECK(back->tcp()->flags == s->flags);
    CHECK(back->tcp()->ect == s->ect);
  }
  if (f.source.address.family == family::inet)
    CHECK(wire::internet_checksum(once.substr(0, 20)) == 0);
}

segment any_segment(std::uint64_t key) {
  auto draw = [&, n = std::uint64_t{0}]() mutable { return core::philox(key, n++, 1); };
  segment s;
  s.seq_number = static_cast<std::uint32_t>(draw());
  s.ack_number = static_cast<std::uint32_t>(draw());
  s.window = static_cast<std::uint16_t>(draw());
  s.flags = static_cast<std::uint8_t>(draw() & 0xdf);  // all but URG
  s.ect = draw() % 2 == 0;
  if (draw() % 2 == 0) s.mss = static_cast<std::uint16_t>(draw() | 1U);
  s.sack_permitted = draw() % 2 == 0;
  s.has_timestamps = draw() % 2 == 0;
  if (s.has_timestamps) s.ts_value = static_cast<std::uint32_t>(draw());
  if (draw() % 2 == 0) s.window_scale = static_cast<std::uint8_t>(draw() % 15);
  // A SYN carries no SACK blocks: options are 40 bytes at most.
  if (s.mss == 0 && !s.sack_permitted && s.window_scale == segment::no_window_scale)
    s.sack_count = static_cast<std::uint8_t>(draw() % 4);
  for (unsigned i = 0; i < s.sack_count; ++i) s.sack[i] = {i + 1, i + 2};
  return s;
}

}  // namespace

TEST_CASE("the checksum of RFC 1071's example is right", "[wire]") {
  const std::string example = bytes({0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7});
  CHECK(wire::internet_checksum(example) == 0x220d);
  CHECK(wire::internet_checksum(bytes({0xff})) == 0x00ff);
}

TEST_CASE("a SYN has the options in Linux's order", "[wire]") {
  const std::string packet = wire::encode(syn());
  REQUIRE(packet.size() == 20 + 40);
  CHECK(packet.substr(0, 10) == bytes({0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 6}));
  CHECK(packet.substr(20, 14) == bytes({0x80, 0, 0, 80, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0xa0, 0x02}));
  CHECK(packet.substr(40) ==
        bytes({2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 10}));
}

TEST_CASE("every packet comes back as it was", "[wire]") {
  check_there_and_back(syn());
  check_there_and_back(udp(""));
  check_there_and_back(udp("odd"));
  for (const family f : {family::inet, family::inet6}) {
    check_there_and_back(unreachable(f, true));
    check_there_and_back(unreachable(f, false));
  }
  for (std::uint64_t key = 0; key < 500; ++key) {
    frame f = syn();
    if (key % 2 == 0) {
      f.source.address = *parse_address("fd00::1");
      f.destination.address = *parse_address("fd00::2");
    }
    f.what = any_segment(key);
    f.payload.assign(key % 7, 'y');
    check_there_and_back(f);
  }
}

TEST_CASE("an ICMP error quotes as much as Linux does, and needs eight bytes of it", "[wire]") {
  frame f = unreachable(family::inet, true);
  const auto length_with = [&](std::uint32_t payload) {
    wire::icmp_message m = *f.icmp();
    m.quoted.length = payload;
    f.what = m;
    return wire::encode(f).size();
  };
  // IP, ICMP, and the SYN complained of: 20 + 8 + 20 + 24.
  CHECK(length_with(0) == 72);
  CHECK(length_with(1448) == 576);
  const auto back = wire::decode(wire::encode(f));
  REQUIRE(back);
  CHECK(back->icmp()->quoted.length == 1448);
  CHECK(back->icmp()->quoted.mss == 1460);
  // A router of RFC 792 quotes the IP header and eight bytes.
  std::string little = wire::encode(f).substr(0, 20 + 8 + 20 + 8);
  little[3] = static_cast<char>(little.size());
  little[2] = 0;
  const auto known = wire::decode(little);
  REQUIRE(known);
  CHECK(known->icmp()->quoted.seq_number == 77);
  CHECK(known->icmp()->quoted_destination.port == 25);
  CHECK(known->icmp()->quoted.mss == 0);
}

TEST_CASE("bytes that are no packet give nothing, whatever they are", "[wire]") {
  CHECK_FALSE(wire::decode(""));
  const std::string good = wire::encode(syn());
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(wire::decode(good.substr(0, n)));
  std::size_t taken = 0;
  for (std::uint64_t key = 0; key < 20'000; ++key) {
    // Half of them packets with a few bytes changed, so that the inner parsers are reached.
    std::string noise = key % 2 == 0 ? good : wire::encode(unreachable(family::inet, true));
    for (std::uint64_t n = 0; n < 4; ++n) {
      const std::uint64_t draw = core::philox(key, n, 2);
      noise[(draw >> 8) % noise.size()] = static_cast<char>(draw);
    }
    if (key % 5 == 0) noise.resize(core::philox(key, 9, 2) % noise.size());
    if (const auto f = wire::decode(noise)) {
      ++taken;
      CHECK(wire::decode(wire::encode(*f)));
    }
  }
  CHECK(taken > 1'000);
}
