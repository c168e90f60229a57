// What a socket call can answer, by its POSIX/Linux name, never by a number: numbers differ between
// systems and would make a trace depend on the machine. errno(3), socket(7), tcp(7), udp(7), ip(7).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fourtuple {

/// One row per errno: lower-case enumerator; name() prints it as the manual does (EADDRNOTAVAIL).
#define FOURTUPLE_ERRNO_TABLE(X)                                                                  \
  X(eacces) X(eaddrinuse) X(eaddrnotavail) X(eafnosupport) X(eagain) X(ealready) X(ebadf)         \
  X(ebusy) X(econnaborted) X(econnrefused) X(econnreset) X(edestaddrreq) X(edom) X(efault)        \
  X(ehostdown) X(ehostunreach) X(einprogress) X(eintr) X(einval) X(eisconn) X(emfile)             \
  X(emsgsize) X(enetdown) X(enetunreach) X(enfile) X(enobufs) X(enomem) X(enonet)                 \
  X(enoprotoopt) X(enotconn) X(enotsock) X(enotsup) X(eopnotsupp) X(eperm) X(epipe) X(eproto)     \
  X(eprotonosupport) X(eprototype) X(erange) X(esocktnosupport) X(etimedout) X(exdev)

enum class errc : std::uint8_t {
  ok = 0,
#define FOURTUPLE_ENUMERATOR(name) name,
  FOURTUPLE_ERRNO_TABLE(FOURTUPLE_ENUMERATOR)
#undef FOURTUPLE_ENUMERATOR
      count_  ///< number of values, not an error
};

inline constexpr std::size_t errc_count = static_cast<std::size_t>(errc::count_);

/// "EADDRNOTAVAIL"; errc::ok is "ok". The view lives for ever.
[[nodiscard]] std::string_view name(errc e);
/// The errno of that exact, upper-case name ("EWOULDBLOCK" is EAGAIN); nothing for other words.
[[nodiscard]] std::optional<errc> errc_from_name(std::string_view text);

}  // namespace fourtuple
