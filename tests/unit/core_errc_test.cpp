#include <fourtuple/errc.h>

#include "tests/support/catch.h"

using fourtuple::errc;
using fourtuple::errc_from_name;

TEST_CASE("every errno is found again under its printed name", "[core][errc]") {
  for (std::size_t i = 1; i < fourtuple::errc_count; ++i) {
    const auto e = static_cast<errc>(i);
    CHECK(errc_from_name(name(e)) == e);
  }
  CHECK(name(errc::eaddrnotavail) == "EADDRNOTAVAIL");
  CHECK(name(errc::esocktnosupport) == "ESOCKTNOSUPPORT");
  CHECK(name(errc::ok) == "ok");
}

TEST_CASE("EWOULDBLOCK is EAGAIN and other words are no errno", "[core][errc]") {
  CHECK(errc_from_name("EWOULDBLOCK") == errc::eagain);
  for (const auto* bad : {"", "ok", "OK", "eagain", "EWHATEVER"}) CHECK_FALSE(errc_from_name(bad));
}
