// The certification authorities of the stage, with all their keys: a test may issue whatever no
// honest CA would. Made once per process.
#pragma once

#include <stdexcept>

#include "ca/key_store.h"

namespace set::flow {

/// When the stage's clocks begin.
inline constexpr Instant kStart =
    std::chrono::sys_days{std::chrono::year{2026} / std::chrono::November / 22} +
    std::chrono::hours(10);

/// The value, or an end to the test: what is opened so must be there.
template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error(std::string(to_string(result.error().code)) + ": " +
                             result.error().detail);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

struct Authorities {
  ca::Authority root, brand;
  ca::LoadedCa ca;  ///< CCA, MCA, PCA and the CA daemon's own party
};

/// Brand kBrand; everybody on the stage is of it.
const Authorities& home();
/// Another root, whose brand has the same name.
const Authorities& foreign();

/// The operating authorities of another brand under home()'s root.
struct OtherBrand {
  ca::Authority brand;
  ca::OperatingAuthorities operating;
};
inline constexpr std::string_view kOtherBrand = "OtherBrand";
const OtherBrand& other_brand();

}  // namespace set::flow
