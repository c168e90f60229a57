#include "sim/report/packet_filter.h"

#include "tests/support/catch.h"

using namespace fourtuple;

namespace {

observe::packet_record packet(std::string_view from, std::string_view to) {
  observe::packet_record p;
  p.packet.source = *parse_endpoint(from);
  p.packet.destination = *parse_endpoint(to);
  p.host = "client";
  p.to = "server";
  p.packet.what = wire::segment{};
  return p;
}

bool wanted(const std::vector<std::string>& words, const observe::packet_record& p) {
  const auto f = report::parse_packet_filter(words);
  INFO(f.error);
  REQUIRE(f.error.empty());
  return f.test == nullptr || f.test->holds(p);
}

std::string error_of(const std::vector<std::string>& words) {
  return report::parse_packet_filter(words).error;
}

}  // namespace

TEST_CASE("a packet is found by the words of tcpdump", "[report][filter]") {
  const auto p = packet("10.0.0.1:40000", "10.0.0.2:443");
  for (const char* yes :
       {"", "tcp", "ip", "port 443", "dst port https", "src port 40000", "host 10.0.0.2",
        "src 10.0.0.1", "dst host server", "host client", "net 10.0.0.0/24", "dst net 10.0.0.2",
        "portrange 400-500", "not udp", "! udp", "tcp and (port 80 or port 443)", "tcp port 443",
        "udp or tcp && dst port 443"}) {
    INFO(yes);
    CHECK(wanted({yes}, p));
  }
  for (const char* no :
       {"udp", "ip6", "icmp", "port 80", "src port 443", "src host server", "net 10.1.0.0/16",
        "not tcp", "tcp and not port 443", "portrange 1-442", "tcp or udp and port 80"}) {
    INFO(no);
    CHECK_FALSE(wanted({no}, p));
  }
  CHECK(wanted({"tcp", "and", "port", "443"}, p));
}

TEST_CASE("an ICMP error has no ports, and families are told apart", "[report][filter]") {
  auto p = packet("[fd00::1]:0", "[fd00::2]:0");
  p.packet.what = wire::icmp_message{};
  CHECK(wanted({"icmp6"}, p));
  CHECK(wanted({"ip6"}, p));
  CHECK(wanted({"host fd00::2"}, p));
  CHECK_FALSE(wanted({"icmp"}, p));
  CHECK_FALSE(wanted({"port 0"}, p));
}

TEST_CASE("a filter that cannot be read says why", "[report][filter]") {
  CHECK(error_of({"tpc"}).starts_with("unknown word 'tpc'"));
  CHECK(error_of({"port"}) == "the filter ends where something after 'port' is expected");
  CHECK(error_of({"port ssh-"}) == "'ssh-' is neither a port nor a service");
  CHECK(error_of({"( tcp"}) == "the filter ends where a ) is expected");
  CHECK(error_of({"tcp )"}) == "')' is not expected there");
  CHECK(error_of({"net 10.0.0.0/33"}) == "'10.0.0.0/33' is not a prefix");
  CHECK(error_of({"tcp and"}) == "the filter ends where a filter word is expected");
  CHECK(error_of(std::vector<std::string>(2000, "(")) == "the filter has more than 1000 words");
}
