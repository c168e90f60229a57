// Numbers with units, exactly: "28.2 s", "64 B", "20k/s", "1 %". Decimal only (no octal, hex or
// exponent), a unit always, and a whole number of ns or bytes.
#pragma once

#include "sim/spec/condition.h"
#include "sim/spec/units.h"

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fourtuple::spec {

/// A value, or why the text is none (for the user, without file and line).
template <class T>
struct parsed {
  std::optional<T> value;
  std::string error;
};

/// Fifty years: sums of a few of them still fit 63 bits of nanoseconds.
inline constexpr duration longest_time = std::chrono::hours{50 * 365 * 24};
/// A time, not negative: ns us ms s min h; at most longest_time.
[[nodiscard]] parsed<duration> parse_time(std::string_view text);
/// Bytes, not negative: B kB MB GB KiB MiB GiB; at most 2^40.
[[nodiscard]] parsed<std::uint64_t> parse_size(std::string_view text);
/// Happenings per time: N/s N/min N/h, N may bear k or M; at most 10^9 a second.
[[nodiscard]] parsed<rate> parse_rate(std::string_view text);
/// A share: "20 %", 0 .. 100; in millionths.
[[nodiscard]] parsed<std::uint32_t> parse_share(std::string_view text);
/// A bit rate: bit/s kbit/s Mbit/s Gbit/s, at least 1 bit/s; at most 10^12.
[[nodiscard]] parsed<std::uint64_t> parse_bandwidth(std::string_view text);
/// "1000 packets", or a size: the length of a queue.
struct queue_length {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;  ///< 0: it is counted in packets
};
[[nodiscard]] parsed<queue_length> parse_queue(std::string_view text);
/// A bare whole number in [least, most].
[[nodiscard]] parsed<std::int64_t> parse_whole(std::string_view text, std::int64_t least,
                                               std::int64_t most);
/// A bare decimal with up to 9 places, a sign allowed, in billionths.
[[nodiscard]] std::optional<int128> read_decimal(std::string_view text);
/// Digits only, in the form a YAML 1.2 number has: "0", "17", "-3"; not "007", "1_000", "0x10".
[[nodiscard]] bool is_whole_number(std::string_view text);

/// "28.2 s", "1 ms", "0 s": the largest unit that needs the fewest digits; parse_time() reads it.
[[nodiscard]] std::string time_text(duration d);
/// "1000/s", "1/h"; parse_rate() reads it where it came from there.
[[nodiscard]] std::string rate_text(const rate& r);

[[nodiscard]] std::string_view trimmed(std::string_view text);

}  // namespace fourtuple::spec
