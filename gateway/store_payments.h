// What follows authorisations in the gateway's database: payment_item.h's table as SQL. All items
// of one request are decided in one transaction, with the answer owed; the sums of their
// authorisations move with them. Called by service_payments.cpp and, beside a running daemon, by
// `payments`. Any thread (see Database).
#pragma once

#include <functional>

#include "common/store/database.h"
#include "gateway/payment_item.h"
#include "gateway/store.h"

namespace set::gateway {

class PaymentStore {
 public:
  explicit PaymentStore(Database& database) : database_(database) {}

  using Decide = std::function<ItemDecision(const AskedItem&, const ItemFacts&, const RRPID&)>;

  /// (none) → Pending | Refused for each item, in their order, each knowing those before it. `owed`
  /// none: no answer is owed once the request's own time is over. A request that is known comes
  /// back as it is. Errors:  bad_message_header (known with other content), in_progress (cancels an
  /// AuthReq that
  ///          is being worked on).
  Result<PaymentRequest> claim(const AskedRequest& asked, const Digest& request_digest,
                               const std::optional<Bytes>& pending_reply, const Decide& decide,
                               const Proof& proof = {});
  Result<std::optional<PaymentRequest>> find(const RequestKey& key);

  /// What the item's authorisation comes to now.
  Result<ItemFacts> facts_of(const PaymentRequest& request, const PaymentItem& item);
  /// Pending → Done | Refused, and the sums with it. No code: done. Nothing happens if it is
  /// decided.
  Result<void> settle(const AcquirerName& name, const std::optional<ItemCode>& refusal,
                      const Bytes& cap_token_new, Instant now);

  /// Received by then, and items are pending.
  Result<std::vector<RequestKey>> unfinished(Instant received_by);
  /// Received by then, nothing is pending, and the answer is not stored.
  struct Unanswered {
    PaymentRequest request;
    OwedReply owed;
  };
  Result<std::vector<Unanswered>> unanswered(Instant received_by);

  /// The AuthToken that counts in an authorisation's purchase; empty: none.
  Result<Bytes> auth_token_of(const std::string& merchant_id, const RRPID& auth_rrpid);
  /// Captures or credits of a batch that are not undone: what a purge undoes.
  Result<std::vector<PaymentItem>> movements_in(const std::string& merchant_id,
                                                const std::string& batch_id, ItemKind kind);
  /// All that followed the authorisations of a purchase, in time.
  Result<std::vector<PaymentItem>> of_purchase(const XID& xid);

 private:
  Database& database_;
};

}  // namespace set::gateway
