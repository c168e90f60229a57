#include "sim/spec/host.h"

#include <initializer_list>
#include <vector>

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::spec;

namespace {

std::vector<ip_address> addresses(std::initializer_list<const char*> all) {
  std::vector<ip_address> out;
  for (const char* each : all) out.push_back(parse_address(each).value());
  return out;
}

}  // namespace

TEST_CASE("a host sends from its first address of the next hop's /24, else of the family",
          "[spec]") {
  const auto own = addresses({"fd00::1", "10.0.0.1", "10.0.1.1", "10.0.1.9"});
  const auto index_for = [&](std::initializer_list<const char*> next) {
    const auto there = addresses(next);
    return source_for(own, there, there.front().family);
  };
  CHECK(index_for({"10.0.1.2"}) == 2U);
  CHECK(index_for({"10.0.1.9"}) == 2U);
  CHECK(index_for({"10.9.0.2"}) == 1U);
  CHECK(index_for({"10.9.0.254", "10.0.1.254"}) == 2U);
  CHECK(index_for({"fd00:1::2"}) == 0U);
  CHECK_FALSE(source_for({}, addresses({"10.0.0.2"}), family::inet));
}
