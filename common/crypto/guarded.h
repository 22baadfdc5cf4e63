// The edge at which Botan's exceptions end: guarded() turns them into Errors. Inside common/crypto
// only.
#pragma once

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "common/base/result.h"

namespace set {

namespace detail {
template <class T>
struct ResultOf {
  using Type = Result<T>;
};
template <class T>
struct ResultOf<Result<T>> {
  using Type = Result<T>;
};
}  // namespace detail

/// Runs `body`, which returns a T or a Result<T>. Whatever it throws becomes `code` with our own
/// sentence: Botan's may quote what a peer sent.
template <class Body>
auto guarded(ErrorCode code, const char* sentence, Body&& body) ->
    typename detail::ResultOf<std::invoke_result_t<Body>>::Type {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Body>>) {
      std::forward<Body>(body)();
      return {};
    } else {
      return std::forward<Body>(body)();
    }
  } catch (const std::exception&) {
    return failure(code, sentence);
  }
}

/// For what can only fail by a bug or without memory, such as hashing: an exception ends the
/// process.
template <class Body>
auto infallible(Body&& body) noexcept {
  return std::forward<Body>(body)();
}

}  // namespace set
