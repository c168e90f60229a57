#include "sim/run/run.h"

#include <algorithm>
#include <array>
#include <new>

#include "sim/core/assert.h"
#include "sim/run/session.h"

namespace fourtuple::run {

namespace {

using observe::verdict;

constexpr std::array by_severity{
    verdict::internal_error,    verdict::interrupted, verdict::bad_input,
    verdict::not_possible_here, verdict::limit_hit,   verdict::kernel_differs,
    verdict::not_as_expected,   verdict::as_expected,
};

}  // namespace

observe::outcome run_scenario(std::shared_ptr<const spec::scenario> s, const run_options& options,
                              const parts& p) {
  session current(std::move(s), options, p);
  try {
    current.run();
    current.conclude();
  } catch (const core::internal_error& e) {
    current.result().result = verdict::internal_error;
    current.result().stopped = std::string(e.what()) + " (" + current.where() + ")";
  } catch (const observe::unable& e) {
    current.result().result = verdict::not_possible_here;
    current.result().stopped = e.what();
  } catch (const std::bad_alloc&) {
    current.result().result = verdict::not_possible_here;
    current.result().stopped = "not enough memory (" + current.where() + ")";
  }
  return std::move(current.result());
}

verdict most_severe(std::span<const observe::outcome> all) {
  const auto rank = [](verdict v) {
    return std::find(by_severity.begin(), by_severity.end(), v) - by_severity.begin();
  };
  verdict worst = verdict::as_expected;
  for (const auto& o : all) {
    if (rank(o.result) < rank(worst)) worst = o.result;
  }
  return worst;
}

}  // namespace fourtuple::run
