// The spelling of SET's result codes (set-1997 §4.2), each list in the order of its numbers.
#include <array>

#include "common/message/enrollment.h"
#include "common/message/purchase.h"

namespace set {
namespace {

constexpr auto kCompletionCodes = std::to_array<std::string_view>(
    {"meaninglessRatio", "orderRejected", "orderReceived", "orderNotReceived",
     "authorizationPerformed", "capturePerformed", "creditPerformed", "signatureRequired"});
static_assert(kCompletionCodes.size() == 1 + static_cast<int>(CompletionCode::signature_required));

constexpr auto kAuthCodes = std::to_array<std::string_view>(
    {"approved", "unspecifiedFailure", "declined", "noReply", "callIssuer", "amountError",
     "expiredCard", "invalidTransaction", "systemError", "piPreviouslyUsed", "recurringTooSoon",
     "recurringExpired", "piAuthMismatch", "installRecurMismatch", "captureNotSupported",
     "signatureRequired", "cardMerchBrandMismatch"});
static_assert(kAuthCodes.size() == 1 + static_cast<int>(AuthCode::card_merch_brand_mismatch));

constexpr auto kCapCodes = std::to_array<std::string_view>(
    {"success", "unspecifiedFailure", "duplicateRequest", "authExpired", "authDataMissing",
     "invalidAuthData", "capTokenMissing", "invalidCapToken", "batchUnknown", "batchClosed",
     "unknownXID", "unknownLID"});
static_assert(kCapCodes.size() == 1 + static_cast<int>(CapCode::unknown_lid));

constexpr auto kCertStatusCodes = std::to_array<std::string_view>(
    {"unspecified", "requestComplete", "invalidLanguage", "invalidBIN", "sigValidationFail",
     "decryptionError", "requestInProgress", "rejectedByIssuer", "requestPended",
     "rejectedByAcquirer", "regFormAnswerMalformed", "rejectedByCA", "unableToEncryptResponse"});
static_assert(kCertStatusCodes.size() ==
              1 + static_cast<int>(CertStatusCode::unable_to_encrypt_response));

template <std::size_t N, class Code>
std::string_view name_of(const std::array<std::string_view, N>& names, Code code) {
  const auto number = static_cast<std::size_t>(code);
  return number < N ? names[number] : "unspecified";
}

}  // namespace

std::string_view to_string(CompletionCode code) { return name_of(kCompletionCodes, code); }
std::string_view to_string(AuthCode code) { return name_of(kAuthCodes, code); }
std::string_view to_string(CapCode code) { return name_of(kCapCodes, code); }
std::string_view to_string(CertStatusCode code) { return name_of(kCertStatusCodes, code); }

}  // namespace set
