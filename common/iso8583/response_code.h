// ResponseCode: what a bank answers, ISO 8583 data element 39, and those of its values that we use.
// Spoken by the simulated bank, understood by gateway and CA. Values; no threads.
#pragma once

#include <string_view>

#include "common/base/result.h"

namespace set::iso8583 {

enum class ResponseCode {
  approved,             ///< 00
  call_issuer,          ///< 01
  declined,             ///< 05
  partially_approved,   ///< 10
  invalid_transaction,  ///< 12
  invalid_amount,       ///< 13
  no_such_card,         ///< 14
  no_such_record,       ///< 25, the original is not there
  format_error,         ///< 30
  insufficient_funds,   ///< 51
  expired_card,         ///< 54
  too_often,            ///< 65
  issuer_away,          ///< 91
  duplicate,            ///< 94, the same key with other content
  out_of_balance,       ///< 95
  malfunction,          ///< 96
};

/// Two digits.
std::string_view to_string(ResponseCode code);
/// declined for two digits that we have no word for: a no is a no. decoding_failure for what is not
/// two digits.
Result<ResponseCode> parse_response_code(std::string_view text);

}  // namespace set::iso8583
