#include <fourtuple/address.h>

#include "tests/support/catch.h"

using fourtuple::ip_address;
using fourtuple::parse_address;
using fourtuple::parse_endpoint;
using fourtuple::to_string;

namespace {
std::string round_trip(std::string_view text) {
  const auto a = parse_address(text);
  return a ? to_string(*a) : "(none)";
}
}  // namespace

TEST_CASE("an IPv4 address is four decimal bytes without leading zeros", "[core][address]") {
  CHECK(round_trip("10.0.0.1") == "10.0.0.1");
  CHECK(round_trip("255.255.255.255") == "255.255.255.255");
  for (const auto* bad : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ",
                          "1..2.3", "1.2.3.", "-1.2.3.4", "0x1.2.3.4"}) {
    INFO(bad);
    CHECK(round_trip(bad) == "(none)");
  }
}

TEST_CASE("an IPv6 address prints as RFC 5952 wants", "[core][address]") {
  CHECK(round_trip("::") == "::");
  CHECK(round_trip("::1") == "::1");
  CHECK(round_trip("2001:DB8::0001") == "2001:db8::1");
  CHECK(round_trip("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");
  CHECK(round_trip("2001:0:0:1:0:0:0:1") == "2001:0:0:1::1");
  CHECK(round_trip("2001:db8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");
  CHECK(round_trip("fe80:0:0:0:0:0:0:0") == "fe80::");
  CHECK(round_trip("::ffff:10.0.0.1") == "::ffff:10.0.0.1");
  CHECK(round_trip("::10.0.0.2") == "::10.0.0.2");
  CHECK(round_trip("::a00:2") == "::10.0.0.2");
  CHECK(round_trip("::2") == "::2");
  CHECK(round_trip("::1:2") == "::0.1.0.2");
  CHECK(round_trip("1:2:3:4:5:6:7::") == "1:2:3:4:5:6:7:0");
  for (const auto* bad : {":", ":::", "1::2::3", "1:2:3:4:5:6:7:8:9", "12345::", "::g",
                          "1:2:3:4:5:6:7:", ":1:2:3:4:5:6:7", "1:2:3:4::5:6:7:8",
                          "1.2.3.4::", "::1.2.3", "fe80::1%eth0"}) {
    INFO(bad);
    CHECK(round_trip(bad) == "(none)");
  }
}

TEST_CASE("loopback, any, multicast and mapped addresses are told apart", "[core][address]") {
  CHECK(parse_address("127.9.9.9")->is_loopback());
  CHECK(parse_address("::1")->is_loopback());
  CHECK(parse_address("::ffff:127.0.0.5")->is_loopback());
  CHECK_FALSE(parse_address("::2")->is_loopback());
  CHECK(parse_address("::")->is_any());
  CHECK(parse_address("239.1.1.1")->is_multicast());
  CHECK(parse_address("ff02::1")->is_multicast());
  const auto v4 = ip_address::v4(10, 1, 2, 3);
  CHECK(ip_address::mapped(v4).is_v4_mapped());
  CHECK(ip_address::mapped(v4).unmapped() == v4);
}

TEST_CASE("an endpoint needs brackets exactly around IPv6", "[core][address]") {
  CHECK(to_string(*parse_endpoint("10.0.0.1:80")) == "10.0.0.1:80");
  CHECK(to_string(*parse_endpoint("[::1]:80")) == "[::1]:80");
  for (const auto* bad :
       {"10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "::1:80", "[10.0.0.1]:80", ":80"}) {
    INFO(bad);
    CHECK_FALSE(parse_endpoint(bad));
  }
}
