// SET's rules for a path that Botan has found good: who may certify whom, one brand, the policy of
// the role (set-1997 §1.6 steps 5 to 7, protocol §3). Pure. Only trust.cpp and tests include this.
#pragma once

#include <span>

#include "common/crypto/trust.h"

namespace set::detail {

inline constexpr std::size_t kMaxPath = 5;

/// `path` is leaf first, root last. invalid_certificate with the rule that is broken.
Result<void> check_path_profile(std::span<const Certificate> path, const Expected& expected);

}  // namespace set::detail
