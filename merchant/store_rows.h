// What the store's files share: from rows to states, the column lists beside the functions that
// read them, and the rows that several transactions write.
#pragma once

#include <span>

#include "merchant/store.h"

namespace set::merchant {

inline constexpr std::string_view kOrderColumns =
    "o.id, o.secret_digest, o.description, o.currency, o.amount, o.created_at, o.expires_at,"
    " o.capture_now, o.first_charge, o.mandate, o.auth_details";
Result<Order> order_of(const Row& row);

/// After kOrderColumns in the same row.
inline constexpr std::string_view kPurchaseColumns =
    "p.xid, p.state, p.request_digest, p.lid_c, p.language, p.chall_c, p.chall_m, p.brand, p.bin, "
    "p.gateway,"
    " p.initiated_at, p.rrpid, p.content_digest, p.cardholder, p.hoi_data, p.hpi_data, p.hod, "
    "p.valid_until,"
    " p.oi_data, p.pi_tbs, p.certificates, p.pi, p.merchant";
Result<PurchaseState> purchase_of(const Row& row);

inline constexpr std::string_view kAuthorizationSelect =
    "SELECT a.auth_rrpid, a.state, a.currency, a.requested, a.authorized, a.captured, r.wire,"
    " r.pending_reply, a.decided_at, a.auth_code, a.approval_code, a.cap_token, p.auth_token,"
    " a.acq_card_msg, a.auth_res, a.capture_now, a.more_follow, a.by_token, a.curr_conv,"
    " a.avs_result, a.card_type, a.batch_wish"
    " FROM authorizations a JOIN purchases p ON p.xid = a.xid JOIN requests r ON r.rrpid = "
    "a.auth_rrpid WHERE a.xid = $1 ORDER BY a.asked_at, a.auth_rrpid";
/// `items` are those of this authorisation, oldest first.
Result<Authorization> authorization_of(const Row& row, std::span<const ItemLine> items);

inline constexpr std::string_view kPaymentSelect =
    "SELECT p.xid, p.initiated_at, a.state, a.currency, a.authorized, a.captured, a.auth_code,"
    " a.approval_code, a.decided_at, a.auth_rrpid, a.requested, a.released, a.credited,"
    " a.avs_result, a.card_type, a.curr_conv"
    " FROM purchases p JOIN authorizations a ON a.xid = p.xid"
    " WHERE p.order_id = $1 ORDER BY a.asked_at, a.auth_rrpid";
/// Without its items.
Result<PaymentSummary> payment_of(const Row& row);

/// Needs the authorisation's currency, which items have not.
inline constexpr std::string_view kItemColumns =
    "i.rrpid, i.auth_rrpid, i.kind, i.state, i.amount, i.reversed, i.final_capture, i.date, i.code,"
    " i.batch_id, i.batch_sequence_num, a.currency, i.batch_wish";
inline constexpr std::size_t kAfterItemColumns = 13;
Result<ItemLine> item_of(const Row& row);
/// Of one authorisation, oldest first.
Result<std::vector<ItemLine>> items_of(Transaction& t, const RRPID& auth_rrpid);

Result<Request> request_of(const Row& row, std::size_t wire_column);

// --- written by several transactions ---

/// conflict with this sentence unless one row changed.
Result<void> moved(std::int64_t rows, const char* what);

/// not_found.
Result<OrderSummary> summary_of(Transaction& t, const LIDM& id, Instant now);

struct NewRequest {
  RRPID rrpid;
  MessageType message;
  std::string once;  ///< empty: it has no name of the operator's
  Instant now;
  std::string wish = {};  ///< all that it asks for, if it has one
};
/// Asked with these bytes, or else only wanted.
Result<void> insert_request(Transaction& t, const NewRequest& request, const Request* bytes,
                            Instant next_attempt_at);
/// A question about a batch, only wanted; with `purge`, of what that left.
Result<void> insert_batch_request(Transaction& t, const BatchAsked& asked, const RRPID& rrpid,
                                  const std::optional<RRPID>& purge, Instant now);
/// The request that the operator named so. conflict: it asks for something else than `wish`.
Result<std::optional<RRPID>> find_once(Transaction& t, const std::string& once,
                                       MessageType message, const std::string& wish);
/// Where an item is counted that names no batch: NewBatchID, the one that we opened, if its own
/// batch is known to be closed; else empty, and the gateway chooses.
Result<std::string> new_batch_of(Transaction& t, const Item& item);
Result<void> insert_authorization(Transaction& t, const XID& xid, const AuthAsked& asked,
                                  Instant now);
Result<void> insert_item(Transaction& t, const ItemLine& line);
/// asked or parked → answered or refused; its bytes are overwritten.
Result<void> end_request(Transaction& t, const RRPID& rrpid, std::string_view state,
                         std::string_view code, const SqlValue& evidence, Instant now);
/// Cancelled without ever having been answered: the order can be paid anew.
Result<void> drop_unanswered(Transaction& t, const RRPID& auth_rrpid, Instant now);
/// The gateway would not cancel: it is to be asked again.
Result<void> take_up_again(Transaction& t, const RRPID& auth_rrpid, Instant now);
Result<void> put_batch_status(Transaction& t, const BatchStatus& status, Instant now);

/// What is wanted of the gateway, by a command or by the daemon's own clock.
AuditEntry wanted_entry(MessageType type, const RRPID& rrpid, const std::string& subject, Instant now);

}  // namespace set::merchant
