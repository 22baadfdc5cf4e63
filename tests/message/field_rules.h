// For the tests of rules between fields: a sample, changed, is refused or still accepted.
#pragma once

#include <functional>

#include <catch2/catch_test_macros.hpp>

#include "tests/message/samples.h"

namespace set::test {

/// A change to one of the samples of a message, and its name.
template <class Wire>
struct Change {
  const char* name;
  std::function<void(Wire&)> make;
  std::size_t sample = 0;
};

template <class T, class Wire>
Result<T> changed(const Change<Wire>& change) {
  auto message = to_wire(samples<T>().at(change.sample));
  change.make(message);
  return from_wire(message);
}

template <class T, class Wire>
void check_refused(const Change<Wire>& change) {
  INFO(change.name);
  const auto result = changed<T>(change);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == ErrorCode::decoding_failure);
}

template <class T, class Wire>
void check_accepted(const Change<Wire>& change) {
  INFO(change.name);
  const auto result = changed<T>(change);
  if (!result) FAIL(result.error().detail);
}

}  // namespace set::test
