// When a certificate is renewed, and how long to wait between two attempts: by the shares of its
// life, so that a certificate of seconds and one of years follow one rule. Pure.
#pragma once

#include <string_view>

#include "common/base/time.h"

namespace set {

/// At two thirds of its life, and up to a twentieth of it later, by its fingerprint: certificates
/// that were issued together do not all come back together, and every program comes to the same
/// time.
Instant renewal_due(Instant not_before, Instant not_after, std::string_view fingerprint_hex);

/// The pause after so many failures in a row (1, 2, …): doubling from a two-thousandth of the life
/// up to a fortieth, within 1 s to 1 min and 1 s to 4 h.
Duration renewal_back_off(Duration life, int failures);
/// Nothing is renewed more often than this, whatever the certificates say: a twentieth of the life,
/// within 1 s to 1 h.
Duration renewal_floor(Duration life);

}  // namespace set
