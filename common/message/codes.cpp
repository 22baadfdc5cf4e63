// The spelling of SET's result codes (set-1997 §4.2), each list in the order of its numbers.
#include <array>

#include "common/message/authorization.h"
#include "common/message/authorization_reversal.h"
#include "common/message/batch.h"
#include "common/message/card_message.h"
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
     "unknownXID", "unknownLID", "amountError"});
static_assert(kCapCodes.size() == 1 + static_cast<int>(CapCode::amount_error));

constexpr auto kCapRevOrCredCodes = std::to_array<std::string_view>(
    {"success", "unspecifiedFailure", "duplicateRequest", "originalProcessed", "originalNotFound",
     "capTokenMissing", "invalidCapToken", "batchUnknown", "batchClosed", "amountError"});
static_assert(kCapRevOrCredCodes.size() == 1 + static_cast<int>(CapRevOrCredCode::amount_error));

constexpr auto kAuthRevCodes = std::to_array<std::string_view>(
    {"approved", "unspecifiedFailure", "noReply", "amountError", "expiredCard",
     "invalidTransaction", "systemError", "missingCapToken", "invalidCapToken", "invalidAmount"});
static_assert(kAuthRevCodes.size() == 1 + static_cast<int>(AuthRevCode::invalid_amount));

constexpr auto kBatchOperations = std::to_array<std::string_view>({"open", "purge", "close"});
static_assert(kBatchOperations.size() == 1 + static_cast<int>(BatchOperation::close));

constexpr auto kBAStatuses = std::to_array<std::string_view>(
    {"success", "brandNotSupported", "unknownBIN", "batchIDUnavailable", "batchAlreadyOpen",
     "unknownBatchID", "totalsOutOfBalance", "unspecifiedFailure", "brandBatchMismatch",
     "unknownStartingPoint", "stopItemDetail", "unknownBatchOperation"});
static_assert(kBAStatuses.size() == 1 + static_cast<int>(BAStatus::unknown_batch_operation));

constexpr auto kTransmissionStatuses = std::to_array<std::string_view>(
    {"pending", "inProgress", "batchRejectedByAcquirer", "completedSuccessfully",
     "completedWithItemErrors"});
static_assert(kTransmissionStatuses.size() ==
              1 + static_cast<int>(TransmissionStatus::completed_with_item_errors));

constexpr auto kCardTypes = std::to_array<std::string_view>(
    {"unavailable", "classic", "gold", "platinum", "premier", "debit", "pinBasedDebit", "atm",
     "electronicOnly", "unspecifiedConsumer", "corporateTravel", "purchasing", "business",
     "unspecifiedCommercial", "privateLabel", "proprietary"});
static_assert(kCardTypes.size() == 1 + static_cast<int>(CardType::proprietary));

constexpr auto kAVSResults = std::to_array<std::string_view>(
    {"resultUnavailable", "noMatch", "addressMatchOnly", "postalCodeMatchOnly", "fullMatch"});
static_assert(kAVSResults.size() == 1 + static_cast<int>(AVSResult::full_match));

// Their numbers begin with 1.
constexpr auto kMerchGroups = std::to_array<std::string_view>(
    {"commercialTravel", "lodging", "autoRental", "restaurant", "medical", "mailOrPhoneOrder",
     "riskyPurchase", "other"});
static_assert(kMerchGroups.size() == static_cast<int>(MerchGroup::other));

constexpr auto kAcqCardCodes =
    std::to_array<std::string_view>({"messageOfDay", "accountInfo", "callCustomerService"});
static_assert(kAcqCardCodes.size() == 1 + static_cast<int>(AcqCardCode::call_customer_service));

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

/// Its place among the names. invalid_argument, which names them all.
template <std::size_t N>
Result<std::size_t> place_of(const std::array<std::string_view, N>& names, std::string_view word) {
  std::string all;
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == word) return i;
    all += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  return failure(ErrorCode::invalid_argument, "it is one of " + all);
}

}  // namespace

std::string_view to_string(CompletionCode code) { return name_of(kCompletionCodes, code); }
std::string_view to_string(AuthCode code) { return name_of(kAuthCodes, code); }
std::string_view to_string(CapCode code) { return name_of(kCapCodes, code); }
std::string_view to_string(CapRevOrCredCode code) { return name_of(kCapRevOrCredCodes, code); }
std::string_view to_string(AuthRevCode code) { return name_of(kAuthRevCodes, code); }
std::string_view to_string(BatchOperation operation) { return name_of(kBatchOperations, operation); }
std::string_view to_string(BAStatus status) { return name_of(kBAStatuses, status); }
std::string_view to_string(TransmissionStatus status) {
  return name_of(kTransmissionStatuses, status);
}
std::string_view to_string(CardType type) { return name_of(kCardTypes, type); }
std::string_view to_string(AVSResult result) { return name_of(kAVSResults, result); }
std::string_view to_string(MerchGroup group) {
  return name_of(kMerchGroups, static_cast<int>(group) - 1);
}
Result<CardType> parse_card_type(std::string_view word) {
  return static_cast<CardType>(TRY(place_of(kCardTypes, word)));
}
Result<MerchGroup> parse_merch_group(std::string_view word) {
  return static_cast<MerchGroup>(1 + TRY(place_of(kMerchGroups, word)));
}
std::string_view to_string(AcqCardCode code) { return name_of(kAcqCardCodes, code); }
std::string_view to_string(CertStatusCode code) { return name_of(kCertStatusCodes, code); }

}  // namespace set
