#include "common/iso8583/response_code.h"

#include <array>

namespace set::iso8583 {
namespace {

// In the order of the enumeration.
constexpr auto kTexts =
    std::to_array<std::string_view>({"00", "01", "05", "10", "12", "13", "14", "25", "30", "51",
                                     "54", "65", "91", "94", "95", "96"});
static_assert(kTexts.size() == 1 + static_cast<int>(ResponseCode::malfunction));

}  // namespace

std::string_view to_string(ResponseCode code) { return kTexts[static_cast<std::size_t>(code)]; }

Result<ResponseCode> parse_response_code(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789";
  CHECK_OR_FAIL(text.size() == 2 && text.find_first_not_of(kDigits) == std::string_view::npos,
                ErrorCode::decoding_failure, "a response code has two digits");
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (kTexts[i] == text) return static_cast<ResponseCode>(i);
  }
  return ResponseCode::declined;
}

}  // namespace set::iso8583
