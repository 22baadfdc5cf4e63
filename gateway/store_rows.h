// What the store's files share: the columns of an authorisation and how a row of them becomes a
// state, and the reply keys that are owed. Steps of the store's transactions. Any thread (see
// Database).
#pragma once

#include "gateway/store.h"

namespace set::gateway {

// The columns of a state, in the order of Column. A sale's place in its batch and what the PI says
// stand in their own tables.
#define SET_AUTHORIZATION_COLUMNS                                                                 \
  "auth_rrpid, state, hpi_data, hoi_data, content_digest, trans_ids, merchant, merchant_id, "     \
  "currency, purch_minor, requested_minor, capture_now, auth_ret_num, received_at, auth_code, "   \
  "auth_date, approval_code, resp_reason, log_ref_id, hold_expires, cap_token, request_digest, "  \
  "pending_reply, subsequent_auth_ind, used_token, auth_token, acq_card_msg, avs_result, "        \
  "card_type, curr_conv, card_type_asked, address_asked, batch_status_asked, "                    \
  "standing, authorized_minor, captured_minor, capturing_minor, credited_minor, cap_token_now, "  \
  "(SELECT i.batch_id FROM payment_items i WHERE i.name = authorizations.auth_rrpid), "           \
  "(SELECT i.batch_sequence_num FROM payment_items i WHERE i.name = authorizations.auth_rrpid), " \
  "(SELECT p.install_recur FROM pis p WHERE p.hpi_data = authorizations.hpi_data), "              \
  "(SELECT p.credential FROM pis p WHERE p.hpi_data = authorizations.hpi_data), "                 \
  "(SELECT p.card_message_key FROM pis p WHERE p.hpi_data = authorizations.hpi_data)"

enum Column : std::size_t {
  kAuthRRPID,
  kState,
  kHPIData,
  kHOIData,
  kContentDigest,
  kTransIDs,
  kMerchant,
  kMerchantID,
  kCurrency,
  kPurchMinor,
  kRequestedMinor,
  kCaptureNow,
  kAuthRetNum,
  kReceivedAt,
  kAuthCode,
  kAuthDate,
  kApprovalCode,
  kRespReason,
  kLogRefID,
  kHoldExpires,
  kCapToken,
  kRequestDigest,
  kPendingReply,
  kSubsequentAuthInd,
  kUsedToken,
  kAuthToken,
  kAcqCardMsg,
  kAVSResult,
  kCardType,
  kCurrConv,
  kCardTypeAsked,
  kAddressAsked,
  kBatchStatusAsked,
  kStanding,
  kAuthorizedMinor,
  kCapturedMinor,
  kCapturingMinor,
  kCreditedMinor,
  kCapTokenNow,
  kBatchID,
  kBatchSequenceNum,
  kInstallRecur,
  kCredential,
  kCardMessageKey
};

/// Columns that may be NULL.
Bytes blob_or_empty(const Row& row, std::size_t column);
SqlValue null_if_empty(const Bytes& bytes);

Result<Amount> amount_of(const Row& row, std::size_t currency, std::size_t minor);
Result<std::optional<InstallRecurData>> install_recur_of(const Row& row, std::size_t column);

// Of rows with SET_AUTHORIZATION_COLUMNS.
Result<AuthorizationTerms> terms_of_row(const Row& row);
Result<Authorization> state_of(const Row& row);
Result<Standing> standing_of(const Row& row);
Result<std::vector<Authorization>> states_of(const std::vector<Row>& rows);
Result<std::optional<Authorization>> find_in(Transaction& t, const RRPID& auth_rrpid);

/// Reply keys whose answers are stored by now are not needed any more.
inline constexpr std::string_view kForgetAnswered =
    "UPDATE authorizations SET pending_reply = NULL WHERE pending_reply IS NOT NULL AND EXISTS "
    "(SELECT 1 FROM replies WHERE replies.peer = authorizations.merchant "
    "AND replies.message = 'AuthReq' AND replies.rrpid = authorizations.auth_rrpid)";

}  // namespace set::gateway
