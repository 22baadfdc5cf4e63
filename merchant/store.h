// Store: the merchant's orders, purchases and authorisations in the database. Called by service and
// resolver from many threads, and by the operator's commands beside a running daemon; every
// function is one transaction, and a `proof` goes into the books with it. Errors, all:
// storage_unavailable; conflict: somebody else moved first.
#pragma once

#include <optional>
#include <vector>

#include "common/audit/statements.h"
#include "common/store/database.h"
#include "merchant/authorization_state.h"
#include "merchant/batch.h"
#include "merchant/books.h"
#include "merchant/order_state.h"

namespace set::merchant {

/// An order as PInitReq finds it.
struct FoundOrder {
  Order order;
  bool taken;       ///< a purchase of it is being paid or is paid
  int initiations;  ///< how many purchases were begun
};

struct FoundPurchase {
  PurchaseState state;
  std::vector<Authorization> authorizations;  ///< oldest first

  /// The one that waits for the gateway.
  AwaitingAuthRes* awaiting();
};

/// A request to the gateway that is not answered yet.
struct OpenRequest {
  RRPID rrpid;
  MessageType message;
  std::optional<Request> request;  ///< none: only wanted
  Instant waiting_since;
  Thumbprint signed_as;          ///< our signature certificate; zero if the bytes are not made
  std::optional<XID> xid;        ///< of an AuthReq
  std::vector<AskedItem> items;  ///< of a request with items
  BatchAsked batch;              ///< of a BatchAdminReq
  std::optional<RRPID> purge = std::nullopt;  ///< of a BatchAdminReq that lists what this one left
};

/// What became of a request. A purge is open until it is booked: it was not, if it is refused and
/// has an answer.
struct RequestOutcome {
  enum class State { open, answered, refused } state;
  std::string code;  ///< SET's spelling; empty if it is open or has items
  std::optional<BatchAdminRes> batch;
};

/// What the merchant knows of a batch.
struct BatchSummary {
  std::string id;
  std::optional<BatchStatus> told;      ///< the gateway's last word; none if it has not said any
  std::optional<BatchAdminRes> answer;  ///< of the last BatchAdminRes about it
  std::vector<BatchLine> lines;         ///< the merchant's own, by sequence number
};

class Store {
 public:
  /// `database` is open and outlives the Store; brings its schema up to date.
  static Result<Store> open(Database& database);

  Result<void> insert(const Order& order);
  Result<std::optional<FoundOrder>> find_order(const LIDM& id);
  /// Newest first. `now` tells what is expired.
  Result<std::vector<OrderSummary>> list_orders(Instant now, std::int64_t at_most);
  /// not_found.
  Result<OrderSummary> summarize(const LIDM& id, Instant now);

  Result<void> insert(const Initiated& purchase);
  /// The purchase that this very PInitReq began.
  Result<std::optional<Initiated>> find_initiated(const Digest& request_digest);
  Result<std::optional<FoundPurchase>> find(const XID& xid);

  /// Initiated → Ordered, with the AuthReq's exact bytes; `next_attempt_at` is when the resolver
  /// may take it up. conflict: the purchase is no longer Initiated, or another one pays the order.
  Result<void> advance(const Ordered& order, const AwaitingAuthRes& next, Instant now,
                       Instant next_attempt_at, const Proof& proof = {});
  /// Initiated → Rejected.
  Result<void> advance(const Rejected& purchase);

  // --- authorisations: store_authorizations.cpp ---

  /// AwaitingAuthRes → decided. Overwrites PI, AuthReq and reply key. A declined order may be paid
  /// by another purchase. conflict if it is decided already.
  Result<void> advance(const Ordered& order, const Decided& decided, const Proof& proof = {});
  /// The next charge of a purchase with an AuthToken: wanted, for the daemon to ask.
  /// not_found, and choose_charge()'s Errors.
  Result<RRPID> want_charge(const LIDM& id, const ChargeWish& wish, const std::string& once,
                            const RRPID& rrpid, Instant now);
  /// AwaitingAuthRes → GivenUp: its bytes are kept, a reversal `rrpid` is wanted instead.
  /// conflict if it is decided.
  Result<void> give_up(const RRPID& auth_rrpid, const RRPID& rrpid, Instant now);

  // --- requests: store_requests.cpp ---

  /// One request with an item for each order. `once`, if not empty, names it: if there is one of
  /// that name, it is found again and nothing new is wanted. Its RRPID comes back.
  /// not_found, and choose_item()'s Errors.
  Result<RRPID> want(const std::vector<LIDM>& orders, const ItemWish& wish, const std::string& once,
                     const RRPID& rrpid, Instant now);
  /// conflict: another question about batches waits for its answer.
  Result<RRPID> want(const BatchAsked& asked, const RRPID& rrpid, Instant now);
  Result<std::optional<OpenRequest>> find_open(const RRPID& rrpid);
  /// wanted → asked. conflict if it is asked already.
  Result<void> save_bytes(const RRPID& rrpid, const Request& request, const Thumbprint& signer,
                          Instant now, const Proof& proof = {});
  /// The same request in younger bytes; the former ones are kept until it is decided, since
  /// the gateway may have decided by them. conflict if it is decided, or was asked after
  /// `asked_by`: bytes that young cannot be too old.
  Result<void> replace_bytes(const RRPID& rrpid, const Request& request, Instant now,
                             Instant asked_by, const Proof& proof = {});
  /// What replace_bytes() kept, youngest first.
  Result<std::vector<Request>> earlier_bytes(const RRPID& rrpid);
  /// Books what the gateway answered for each item. conflict if it is decided already.
  Result<void> settle(const RRPID& rrpid, const std::vector<ItemOutcome>& outcomes,
                      const std::vector<BatchStatus>& batches, const Bytes& evidence, Instant now,
                      const Proof& proof = {});
  /// The gateway said Error: it did nothing.
  Result<void> refuse(const RRPID& rrpid, std::string_view code, Instant now,
                      const AuditEntry& audit = {});
  /// not_found.
  Result<RequestOutcome> outcome(const RRPID& rrpid);

  /// Requests that are to be made or sent again, the longest waiting first.
  struct Due {
    RRPID rrpid;
    std::int64_t attempts;
  };
  Result<std::vector<Due>> due(Instant now, int limit);
  /// Counts an attempt; false if another daemon on this database took it up since.
  Result<bool> take_up(const Due& due, Instant next_attempt_at);
  /// Counts an attempt.
  Result<void> postpone(const RRPID& rrpid, Instant next_attempt_at);
  /// The attempt is over, and brought no answer.
  Result<void> try_again_at(const RRPID& rrpid, Instant next_attempt_at);
  /// At start-up nobody is working on what is awaited.
  Result<void> make_all_due(Instant now);

  // --- batches: store_batches.cpp ---

  /// Keeps the gateway's answer about a batch; it is the answer to request `rrpid`. A purge's makes
  /// the daemon want, as `next`, a list of what it left, page by page; by the last page it is booked:
  /// what was marked and is not listed is undone, and stands in no batch.
  Result<void> settle(const RRPID& rrpid, const BatchAdminRes& answer, const Bytes& evidence,
                      Instant now, const RRPID& next, const Proof& proof = {});
  /// Before the list is asked for: marks what may have been purged. False if not everything is known
  /// that was under way when the purge was answered; then it is to be tried again.
  Result<bool> mark_purgeable(const RRPID& purge, const std::string& batch_id);
  /// Every batch that an item of ours is in or the gateway told of, oldest first.
  Result<std::vector<BatchSummary>> list_batches();
  /// not_found.
  Result<BatchSummary> find_batch(const std::string& id);

  Result<void> put_setting(std::string_view name, std::string_view value);
  Result<std::optional<std::string>> find_setting(std::string_view name);
  /// kLinkCertificate; the event feed tells if it is another than before.
  Result<void> put_link_certificate(std::string_view thumbprint, Instant now);

  Database& database() { return *database_; }

 private:
  explicit Store(Database& database) : database_(&database) {}
  Database* database_;
};

inline constexpr std::string_view kPublicAddress = "public_address";
/// The gateway that `serve` was told, for `doctor`.
inline constexpr std::string_view kGatewayAddress = "gateway_address";
/// Thumbprint of the signature certificate that the daemon uses, hex.
inline constexpr std::string_view kLinkCertificate = "link_certificate";

}  // namespace set::merchant
