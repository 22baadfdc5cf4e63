// Address: a billing address as bank networks compare it: the digits of the street address and the
// postal code, and nothing else of it. Made by the gateway of SET's AVSData, compared by the
// simulated issuer (common/sandbox/issuer_rules.h). Values; pure.
#pragma once

#include <string>

#include "common/message/authorization.h"

namespace set::iso8583 {

struct Address {
  std::string street_digits;  ///< at most 20; empty if there are none
  std::string postal_code;    ///< capital letters and digits, at most 14; empty if there is none

  bool empty() const { return street_digits.empty() && postal_code.empty(); }
};

/// Country, city and state are not compared: the postal code stands for them.
Address address_of(const AVSData& data);

}  // namespace set::iso8583
