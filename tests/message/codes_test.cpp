// SET's numbers and SET's spelling (set-1997 §4.2).
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "common/message/authorization.h"
#include "common/message/authorization_reversal.h"
#include "common/message/batch.h"
#include "common/message/card_message.h"
#include "common/message/enrollment.h"
#include "common/message/gateway_certificate.h"

namespace set {
namespace {

TEST_CASE("a completion code has SET's spelling") {
  const auto [number, name] = GENERATE(table<int, std::string>({
      {0, "meaninglessRatio"},
      {1, "orderRejected"},
      {2, "orderReceived"},
      {3, "orderNotReceived"},
      {4, "authorizationPerformed"},
      {5, "capturePerformed"},
      {6, "creditPerformed"},
      {7, "signatureRequired"},
      {8, "unspecified"},
      {-1, "unspecified"},
  }));
  CHECK(to_string(static_cast<CompletionCode>(number)) == name);
}

TEST_CASE("an AuthCode has SET's spelling") {
  const auto [number, name] = GENERATE(table<int, std::string>({
      {0, "approved"},
      {1, "unspecifiedFailure"},
      {2, "declined"},
      {3, "noReply"},
      {4, "callIssuer"},
      {5, "amountError"},
      {6, "expiredCard"},
      {7, "invalidTransaction"},
      {8, "systemError"},
      {9, "piPreviouslyUsed"},
      {10, "recurringTooSoon"},
      {11, "recurringExpired"},
      {12, "piAuthMismatch"},
      {13, "installRecurMismatch"},
      {14, "captureNotSupported"},
      {15, "signatureRequired"},
      {16, "cardMerchBrandMismatch"},
      {17, "unspecified"},
  }));
  CHECK(to_string(static_cast<AuthCode>(number)) == name);
}

TEST_CASE("a CapCode has SET's spelling") {
  const auto [number, name] = GENERATE(table<int, std::string>({
      {0, "success"},
      {1, "unspecifiedFailure"},
      {2, "duplicateRequest"},
      {3, "authExpired"},
      {4, "authDataMissing"},
      {5, "invalidAuthData"},
      {6, "capTokenMissing"},
      {7, "invalidCapToken"},
      {8, "batchUnknown"},
      {9, "batchClosed"},
      {10, "unknownXID"},
      {11, "unknownLID"},
      {12, "amountError"},
      {13, "unspecified"},
  }));
  CHECK(to_string(static_cast<CapCode>(number)) == name);
}

/// Checks a whole list, and that the number after the last has no name.
template <class Code>
void check_spelling(const std::vector<std::string>& names) {
  for (std::size_t number = 0; number < names.size(); ++number) {
    CHECK(to_string(static_cast<Code>(number)) == names[number]);
  }
  CHECK(to_string(static_cast<Code>(names.size())) == "unspecified");
}

TEST_CASE("the codes of reversals, credits and batches have SET's spelling") {
  check_spelling<CapRevOrCredCode>({"success", "unspecifiedFailure", "duplicateRequest",
                                    "originalProcessed", "originalNotFound", "capTokenMissing",
                                    "invalidCapToken", "batchUnknown", "batchClosed",
                                    "amountError"});
  check_spelling<AuthRevCode>({"approved", "unspecifiedFailure", "noReply", "amountError",
                               "expiredCard", "invalidTransaction", "systemError",
                               "missingCapToken", "invalidCapToken", "invalidAmount"});
  check_spelling<BatchOperation>({"open", "purge", "close"});
  check_spelling<BAStatus>({"success", "brandNotSupported", "unknownBIN", "batchIDUnavailable",
                            "batchAlreadyOpen", "unknownBatchID", "totalsOutOfBalance",
                            "unspecifiedFailure", "brandBatchMismatch", "unknownStartingPoint",
                            "stopItemDetail", "unknownBatchOperation"});
  check_spelling<TransmissionStatus>({"pending", "inProgress", "batchRejectedByAcquirer",
                                      "completedSuccessfully", "completedWithItemErrors"});
  check_spelling<CardType>({"unavailable", "classic", "gold", "platinum", "premier", "debit",
                            "pinBasedDebit", "atm", "electronicOnly", "unspecifiedConsumer",
                            "corporateTravel", "purchasing", "business", "unspecifiedCommercial",
                            "privateLabel", "proprietary"});
  check_spelling<AVSResult>({"resultUnavailable", "noMatch", "addressMatchOnly",
                             "postalCodeMatchOnly", "fullMatch"});
  check_spelling<AcqCardCode>({"messageOfDay", "accountInfo", "callCustomerService"});
}

TEST_CASE("a CertStatusCode has SET's spelling and number") {
  const auto [number, name] = GENERATE(table<int, std::string>({
      {0, "unspecified"},
      {1, "requestComplete"},
      {2, "invalidLanguage"},
      {3, "invalidBIN"},
      {4, "sigValidationFail"},
      {5, "decryptionError"},
      {6, "requestInProgress"},
      {7, "rejectedByIssuer"},
      {8, "requestPended"},
      {9, "rejectedByAcquirer"},
      {10, "regFormAnswerMalformed"},
      {11, "rejectedByCA"},
      {12, "unableToEncryptResponse"},
      {13, "unspecified"},
  }));
  CHECK(to_string(static_cast<CertStatusCode>(number)) == name);
}

TEST_CASE("a message type has SET's name") {
  const auto [type, name] = GENERATE(table<MessageType, std::string>({
      {wire::MESSAGE_TYPE_PINIT_REQ, "PInitReq"},
      {wire::MESSAGE_TYPE_P_RES, "PRes"},
      {wire::MESSAGE_TYPE_INQ_REQ, "InqReq"},
      {wire::MESSAGE_TYPE_AUTH_RES, "AuthRes"},
      {wire::MESSAGE_TYPE_AUTH_REV_REQ, "AuthRevReq"},
      {wire::MESSAGE_TYPE_CAP_REV_RES, "CapRevRes"},
      {wire::MESSAGE_TYPE_CRED_REV_REQ, "CredRevReq"},
      {wire::MESSAGE_TYPE_BATCH_ADMIN_RES, "BatchAdminRes"},
      {wire::MESSAGE_TYPE_PCERT_REQ, "PCertReq"},
      {wire::MESSAGE_TYPE_CARD_C_INIT_RES, "CardCInitRes"},
      {wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ, "Me-AqCInitReq"},
      {wire::MESSAGE_TYPE_CERT_INQ_RES, "CertInqRes"},
      {wire::MESSAGE_TYPE_ERROR, "Error"},
      {wire::MESSAGE_TYPE_UNSPECIFIED, "unspecified"},
      {static_cast<MessageType>(7777), "unspecified"},
  }));
  CHECK(to_string(type) == name);
}

TEST_CASE("every message type that exists has a name") {
  const auto& types = *wire::MessageType_descriptor();
  for (int i = 0; i < types.value_count(); ++i) {
    const auto type = static_cast<MessageType>(types.value(i)->number());
    if (type == wire::MESSAGE_TYPE_UNSPECIFIED) continue;
    INFO(types.value(i)->name());
    CHECK(to_string(type) != "unspecified");
  }
}

TEST_CASE("every code crosses the wire as SET's number plus one") {
  for (int number = 0; number <= 16; ++number) {
    PRes message{.chall_c = {},
                 .completion_code = CompletionCode::order_not_received,
                 .hoi_data = {},
                 .hpi_data = {},
                 .gateway = {},
                 .purch_amt = {},
                 .payloads = {}};
    const auto code = static_cast<AuthCode>(number);
    const bool approved = code == AuthCode::approved;
    AuthStatus status{from_millis(1), code, std::nullopt, approved ? "123456" : ""};
    if (approved) status.auth_amt = Amount::parse("1 EUR").value();
    message.payloads.push_back({{}, status, std::nullopt, {}});
    const auto wire = to_wire(message);
    CHECK(wire.payloads(0).auth_status().auth_code() == static_cast<unsigned>(number) + 1);
    CHECK(from_wire(wire)->payloads[0].auth_status.auth_code == code);
  }
}

}  // namespace
}  // namespace set
