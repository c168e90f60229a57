// The numbers of apps and hosts over virtual time: a row an instant, a column a metric, named by
// its path in the result tree. What --series writes and the page of a run draws.
#pragma once

#include <fourtuple/time.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/tree.h"

namespace fourtuple::observe {

struct metric_series {
  struct row {
    instant at{};
    std::vector<std::uint64_t> numbers;
  };
  /// "apps.load.attempted", "hosts.client.sockets.TIME-WAIT". That of an error or of a counter of
  /// nstat(8) is added when it first occurs, so rows before it are shorter: the number is 0 there.
  std::vector<std::string> paths;
  std::vector<row> rows;
  bool cut = false;  ///< there would have been more rows than most_rows(); the last one is kept

  [[nodiscard]] static std::uint64_t number(const row& r, std::size_t column) {
    return column < r.numbers.size() ? r.numbers[column] : 0;
  }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view path) const;
  /// All columns, those of one app or host together, errors and nstat last and by name.
  [[nodiscard]] std::vector<std::size_t> in_order() const;
};

/// So many rows of this file are kept at most: memory is for the run.
[[nodiscard]] std::uint64_t most_rows(const spec::scenario& s);

/// Fills a series from a world. A counted host, and an app on it, is one: its members added up, as
/// under its plain name in the tree. Looking changes nothing.
class metric_reader {
 public:
  /// Both must outlive it.
  metric_reader(const tree_sources& sources, metric_series& to) : from_(sources), to_(to) {}
  /// Appends the row of this instant.
  void read(instant now);

 private:
  using counters_by_name = std::map<std::string, std::uint64_t>;

  void read_app(std::size_t index, metric_series::row& to);
  [[nodiscard]] counters_by_name read_host(const spec::host& h, metric_series::row& to);
  void read_errors(std::size_t index, metric_series::row& to);
  void put_late(std::size_t owner, std::string_view owner_path, std::string_view key,
                std::uint64_t number, metric_series::row& to);
  void put(std::string_view owner, std::string_view key, std::uint64_t number,
           metric_series::row& to);

  const tree_sources& from_;
  metric_series& to_;
  bool named_ = false;  ///< the columns that every row has stand in `paths`
  /// Of each app, then of each host: the columns that came late.
  std::vector<std::map<std::string, std::size_t, std::less<>>> late_;
};

}  // namespace fourtuple::observe
