// A transport root and identities under it, for the tests of this folder.
#pragma once

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <vector>

#include "common/daemon/tls.h"

namespace set::test {

/// The value, or a failed test that says why.
template <class T>
T must(Result<T> result) {
  if (!result) FAIL(to_string(result.error().code) << ": " << result.error().detail);
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) FAIL(to_string(result.error().code) << ": " << result.error().detail);
}

/// The code of a failure; a success fails the test.
template <class T>
ErrorCode code_of(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  INFO(result.error().detail);
  CHECK_FALSE(result.error().detail.empty());
  return result.error().code;
}

struct TransportRoot {
  explicit TransportRoot(const std::string& name);
  /// For 127.0.0.1 and localhost unless other hosts are given.
  TlsIdentity issue(const std::string& unit, const std::string& common_name,
                    std::vector<std::string> hosts = {"127.0.0.1", "localhost"},
                    Duration until = std::chrono::hours(24)) const;

  Secret<std::string> key_pem;
  std::string pem;
};

/// Made once per process.
const TransportRoot& transport_root();
const TransportRoot& other_transport_root();

}  // namespace set::test
