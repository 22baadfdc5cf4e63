// How many signatures this process has made and checked since it started, for who shows it
// (common/daemon/observation.h). Counted where Botan or a token does the work. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace set {

struct OperationCounts {
  std::atomic<std::uint64_t> signatures{0};     ///< made
  std::atomic<std::uint64_t> verifications{0};  ///< checked, and good
  std::atomic<std::uint64_t> bad_signatures{0};  ///< checked, and not
};

inline OperationCounts operation_counts;

}  // namespace set
