#include "gateway/store_rows.h"

#include "common/base/assert.h"
#include "common/message/wire.h"

namespace set::gateway {

Bytes blob_or_empty(const Row& row, std::size_t column) {
  return row.is_null(column) ? Bytes{} : row.blob(column);
}

SqlValue null_if_empty(const Bytes& bytes) { return bytes.empty() ? SqlValue() : SqlValue(bytes); }

Result<std::optional<InstallRecurData>> install_recur_of(const Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return TRY(from_wire(TRY(parse_as<wire::InstallRecurData>(row.blob(column)))));
}

Result<Amount> amount_of(const Row& row, std::size_t currency, std::size_t minor) {
  return Amount::make(TRY(Currency::from_number(static_cast<unsigned>(row.integer(currency)))),
                      row.integer(minor));
}

Result<AuthorizationTerms> terms_of_row(const Row& row) {
  auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(kTransIDs)))));
  const auto purch_amt = TRY(amount_of(row, kCurrency, kPurchMinor));
  const auto auth_req_amt = TRY(amount_of(row, kCurrency, kRequestedMinor));
  const auto install_recur = TRY(install_recur_of(row, kInstallRecur));
  auto used_token = blob_or_empty(row, kUsedToken);
  const auto credential =
      used_token.empty() ? std::nullopt : std::optional(row.octets<RRPID>(kCredential));
  return AuthorizationTerms{.auth_rrpid = row.octets<RRPID>(kAuthRRPID),
                            .content_digest = row.octets<Digest>(kContentDigest),
                            .trans_ids = std::move(trans_ids),
                            .hoi_data = row.octets<Digest>(kHOIData),
                            .hpi_data = row.octets<Digest>(kHPIData),
                            .merchant = row.octets<Thumbprint>(kMerchant),
                            .merchant_id = row.text(kMerchantID),
                            .purch_amt = purch_amt,
                            .auth_req_amt = auth_req_amt,
                            .capture_now = row.integer(kCaptureNow) != 0,
                            .auth_ret_num = row.text(kAuthRetNum),
                            .subsequent_auth_ind = row.integer(kSubsequentAuthInd) != 0,
                            .asks = {.card_type = row.integer(kCardTypeAsked) != 0,
                                     .address = row.integer(kAddressAsked) != 0,
                                     .batch_status = row.integer(kBatchStatusAsked) != 0},
                            .install_recur = install_recur,
                            .used_token = std::move(used_token),
                            .credential = credential,
                            .batch_id = row.is_null(kBatchID) ? "" : row.text(kBatchID),
                            .card_message_key = blob_or_empty(row, kCardMessageKey)};
}

namespace {

std::optional<RespReason> resp_reason_of(const Row& row) {
  if (row.is_null(kRespReason)) return std::nullopt;
  return static_cast<RespReason>(row.integer(kRespReason));
}

Result<iso8583::CardNotes> notes_of(const Row& row) {
  iso8583::CardNotes out;
  if (!row.is_null(kAVSResult)) out.avs_result = static_cast<AVSResult>(row.integer(kAVSResult));
  if (!row.is_null(kCardType)) out.card_type = static_cast<CardType>(row.integer(kCardType));
  if (!row.is_null(kCurrConv)) {
    out.curr_conv = TRY(from_wire(TRY(parse_as<wire::CurrConv>(row.blob(kCurrConv)))));
  }
  return out;
}

Approval approval_of(const Row& row, iso8583::CardNotes notes) {
  return {.auth_date = row.instant(kAuthDate),
          .approval_code = row.text(kApprovalCode),
          .resp_reason = resp_reason_of(row),
          .log_ref_id = row.text(kLogRefID),
          .cap_token = row.blob(kCapToken),
          .auth_token = blob_or_empty(row, kAuthToken),
          .acq_card_msg = blob_or_empty(row, kAcqCardMsg),
          .notes = std::move(notes)};
}

}  // namespace

Result<Authorization> state_of(const Row& row) {
  auto terms = TRY(terms_of_row(row));
  const auto& state = row.text(kState);
  if (state == "awaiting_acquirer") {
    return AwaitingAcquirer{std::move(terms), row.instant(kReceivedAt)};
  }
  auto notes = TRY(notes_of(row));
  if (state == "approved") {
    return Approved{std::move(terms), approval_of(row, std::move(notes)), row.instant(kHoldExpires)};
  }
  if (state == "captured") {
    const auto captured = terms.auth_req_amt;
    return Captured{std::move(terms), approval_of(row, std::move(notes)), captured, row.text(kBatchID),
                    static_cast<std::uint32_t>(row.integer(kBatchSequenceNum))};
  }
  if (state == "declined") {
    return Declined{std::move(terms),       static_cast<AuthCode>(row.integer(kAuthCode)),
                    row.instant(kAuthDate), resp_reason_of(row),
                    row.text(kLogRefID),    blob_or_empty(row, kAcqCardMsg),
                    std::move(notes)};
  }
  SET_ASSERT(state == "void");
  return Void{std::move(terms), row.instant(kAuthDate)};
}

Result<Standing> standing_of(const Row& row) {
  auto terms = TRY(terms_of_row(row));
  Standing out{std::move(terms), NothingHeld{}};
  const auto& standing = row.text(kStanding);
  if (row.text(kState) == "awaiting_acquirer") out.state = Undecided{};
  if (standing != "open" && standing != "closed") return out;
  out.state =
      Live{.authorized_minor = row.integer(kAuthorizedMinor),
           .captured_minor = row.integer(kCapturedMinor),
           .capturing_minor = row.integer(kCapturingMinor),
           .credited_minor = row.integer(kCreditedMinor),
           .final = standing == "closed",
           .cap_token = row.blob(kCapTokenNow),
           .hold_expires = row.is_null(kHoldExpires) ? Instant{} : row.instant(kHoldExpires)};
  return out;
}

Result<std::vector<Authorization>> states_of(const std::vector<Row>& rows) {
  std::vector<Authorization> out;
  for (const auto& row : rows) out.push_back(TRY(state_of(row)));
  return out;
}

Result<std::optional<Authorization>> find_in(Transaction& t, const RRPID& auth_rrpid) {
  const auto row = TRY(t.query_one("SELECT " SET_AUTHORIZATION_COLUMNS
                                   " FROM authorizations WHERE auth_rrpid = $1",
                                   {auth_rrpid}));
  if (!row) return std::nullopt;
  return TRY(state_of(*row));
}

}  // namespace set::gateway
