// result<T>: what a call that an application makes returns: a value or an errno. A small stand-in for
// std::expected<T, errc>, which C++20 does not have. Errors of the user's file and of our own code
// take other ways (DESIGN 6): config_error and FOURTUPLE_ASSERT.
#pragma once

#include <fourtuple/errc.h>

#include <utility>

namespace fourtuple {

/// A T, or the errno that says why there is none. T must be default constructible and cheap to move.
template <class T = void>
class [[nodiscard]] result {
 public:
  constexpr result(T value) : value_(std::move(value)) {}  // NOLINT: implicit as std::expected's
  constexpr result(errc error) : error_(error) {}          // NOLINT
  [[nodiscard]] constexpr explicit operator bool() const { return error_ == errc::ok; }
  [[nodiscard]] constexpr errc error() const { return error_; }
  /// Only when there is a value; otherwise a default T.
  [[nodiscard]] constexpr const T& operator*() const { return value_; }
  [[nodiscard]] constexpr T& operator*() { return value_; }
  constexpr const T* operator->() const { return &value_; }
  constexpr T* operator->() { return &value_; }

 private:
  T value_{};
  errc error_ = errc::ok;
};

template <>
class [[nodiscard]] result<void> {
 public:
  constexpr result() = default;
  constexpr result(errc error) : error_(error) {}  // NOLINT
  [[nodiscard]] constexpr explicit operator bool() const { return error_ == errc::ok; }
  [[nodiscard]] constexpr errc error() const { return error_; }

 private:
  errc error_ = errc::ok;
};

}  // namespace fourtuple
