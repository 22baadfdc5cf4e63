// Store: the merchant's orders, purchases and authorisations in the database. Called by service and
// resolver from many threads, and by the operator's commands beside a running daemon; every
// function is one transaction. Errors, all: storage_unavailable; conflict: somebody else moved
// first.
#pragma once

#include <optional>
#include <vector>

#include "common/store/database.h"
#include "merchant/authorization_state.h"
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
  std::optional<Authorization> authorization;
};

/// The operator's view of an order. Paid is authorised and captured; pending waits for the gateway;
/// declined can be paid with another card until it expires.
enum class OrderStatus { open, pending, authorized, paid, declined, expired };
using set::to_string;  // beside the one that follows
std::string_view to_string(OrderStatus status);

/// One purchase of an order at which a PReq arrived.
struct PaymentSummary {
  XID xid;
  OrderStatus status;  ///< pending, authorized, paid or declined
  Instant initiated_at;
  std::optional<Amount> authorized;
  std::optional<Amount> captured;
  std::optional<AuthCode> auth_code;
  std::string approval_code;
  std::optional<Instant> decided_at;
};

struct OrderSummary {
  Order order;
  OrderStatus status;
  std::vector<PaymentSummary> payments;  ///< oldest first
};

class Store {
 public:
  /// `database` is open and outlives the Store; brings its schema up to date.
  static Result<Store> open(Database& database);

  Result<void> insert(const Order& order);
  Result<std::optional<FoundOrder>> find_order(const LIDM& id);
  /// Newest first. `now` tells what is expired.
  Result<std::vector<OrderSummary>> list_orders(Instant now);
  /// not_found.
  Result<OrderSummary> summarize(const LIDM& id, Instant now);

  Result<void> insert(const Initiated& purchase);
  /// The purchase that this very PInitReq began.
  Result<std::optional<Initiated>> find_initiated(const Digest& request_digest);
  Result<std::optional<FoundPurchase>> find(const XID& xid);

  /// Initiated → Ordered, with the AuthReq's exact bytes; `next_attempt_at` is when the resolver
  /// may take it up. conflict: the purchase is no longer Initiated, or another one pays the order.
  Result<void> advance(const Ordered& order, const AwaitingAuthRes& next, Instant now,
                       Instant next_attempt_at);
  /// Initiated → Rejected.
  Result<void> advance(const Rejected& purchase);
  /// AwaitingAuthRes → decided. Overwrites PI, AuthReq and reply key. A declined order may be paid
  /// by another purchase. conflict if it is decided already.
  Result<void> advance(const Ordered& order, const Decided& decided);
  /// The same authorisation in younger bytes; the former ones are kept until it is decided, since
  /// the gateway may have decided by them. conflict if it is decided, or was asked after
  /// `asked_by`: bytes that young cannot be too old.
  Result<void> replace_request(const AwaitingAuthRes& awaiting, Instant now, Instant asked_by);
  /// What replace_request() kept, youngest first.
  Result<std::vector<Request>> earlier_requests(const RRPID& auth_rrpid);

  /// Purchases whose AuthReq is to be sent again, the longest waiting first.
  struct Due {
    XID xid;
    std::int64_t attempts;
  };
  Result<std::vector<Due>> due(Instant now, int limit);
  /// Counts an attempt.
  Result<void> postpone(const RRPID& auth_rrpid, Instant next_attempt_at);
  /// At start-up nobody is working on what is awaited.
  Result<void> make_all_due(Instant now);

  Result<void> put_setting(std::string_view name, std::string_view value);
  Result<std::optional<std::string>> find_setting(std::string_view name);

  Database& database() { return *database_; }

 private:
  explicit Store(Database& database) : database_(&database) {}
  Database* database_;
};

inline constexpr std::string_view kPublicAddress = "public_address";

}  // namespace set::merchant
