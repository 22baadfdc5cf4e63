#include "gateway/store_payments.h"

#include "common/base/assert.h"
#include "common/message/wire.h"
#include "gateway/store_batches.h"
#include "gateway/store_sums.h"

namespace set::gateway {
namespace {

#define SET_ITEM_COLUMNS                                                                        \
  "kind, state, name, auth_rrpid, trans_ids, reversed, undoes, currency, amount_minor, final, " \
  "batch_id, batch_sequence_num, code, decided_at, cap_token_new, previous_minor"

ItemKind item_kind_of(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(ItemKind::cancellation); ++i) {
    if (name_of(static_cast<ItemKind>(i)) == text) return static_cast<ItemKind>(i);
  }
  SET_ASSERT(false);
}

ItemState item_state_of(std::string_view text) {
  if (text == "pending") return ItemState::pending;
  return text == "done" ? ItemState::done : ItemState::refused;
}

template <class T>
std::optional<T> octets_if(const Row& row, std::size_t column) {
  return row.is_null(column) ? std::nullopt : std::optional(row.octets<T>(column));
}

Result<PaymentItem> item_of(const Row& row) {
  auto trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row.blob(4)))));
  PaymentItem out{
      .asked = {.kind = item_kind_of(row.text(0)),
                .trans_ids = std::move(trans_ids),
                .auth_rrpid = row.octets<RRPID>(3),
                .reversed = octets_if<RRPID>(row, 5),
                .final = row.integer(9) != 0},
      .state = item_state_of(row.text(1)),
      .name = octets_if<AcquirerName>(row, 2),
      .undoes = octets_if<AcquirerName>(row, 6),
      .batch_id = row.is_null(10) ? "" : row.text(10),
      .batch_sequence_num = row.is_null(11) ? 0 : static_cast<std::uint32_t>(row.integer(11)),
      .code = std::nullopt,
      .decided_at = row.is_null(13) ? Instant{} : row.instant(13),
      .cap_token_new = row.is_null(14) ? Bytes{} : row.blob(14)};
  if (!row.is_null(7)) {
    const auto currency = TRY(Currency::from_number(static_cast<unsigned>(row.integer(7))));
    out.asked.amount = TRY(Amount::make(currency, row.integer(8)));
  }
  if (!row.is_null(12)) out.code = ItemCode(row.integer(12));
  return out;
}

Result<std::vector<PaymentItem>> items_of(const std::vector<Row>& rows) {
  std::vector<PaymentItem> out;
  for (const auto& row : rows) out.push_back(TRY(item_of(row)));
  return out;
}

Result<std::optional<PaymentRequest>> find_request(Transaction& t, const RequestKey& key) {
  const auto row =
      TRY(t.query_one("SELECT merchant_id, content_digest, trans_ids, auth_ret_num, received_at "
                      "FROM payment_requests WHERE merchant = $1 AND message = $2 AND rrpid = $3",
                      {key.merchant, key.message, key.rrpid}));
  if (!row) return std::nullopt;
  PaymentRequest out{.key = key,
                     .merchant_id = row->text(0),
                     .content_digest = row->octets<Digest>(1),
                     .trans_ids = std::nullopt,
                     .auth_ret_num = row->text(3),
                     .received_at = row->instant(4),
                     .items = {}};
  if (!row->is_null(2)) out.trans_ids = TRY(from_wire(TRY(parse_as<wire::TransIDs>(row->blob(2)))));
  out.items = TRY(items_of(TRY(t.query("SELECT " SET_ITEM_COLUMNS
                                       " FROM payment_items WHERE merchant = $1 AND message = $2 "
                                       "AND rrpid = $3 ORDER BY position",
                                       {key.merchant, key.message, key.rrpid}))));
  return out;
}

/// The capture or credit that a reversal names, or that a cancelled sale brought.
Result<std::optional<PaymentItem>> find_original(Transaction& t, const std::string& merchant_id,
                                                 const AskedItem& asked) {
  const bool credit = asked.kind == ItemKind::credit_reversal;
  if (!is_reversal(asked.kind) && asked.kind != ItemKind::cancellation) return std::nullopt;
  const auto row =
      TRY(t.query_one("SELECT " SET_ITEM_COLUMNS
                      " FROM payment_items WHERE merchant_id = $1 AND auth_rrpid = $2 "
                      "AND rrpid = $3 AND kind = $4 AND state <> 'refused'",
                      {merchant_id, asked.auth_rrpid, asked.reversed.value_or(asked.auth_rrpid),
                       credit ? "credit" : "capture"}));
  if (!row) return std::nullopt;
  return TRY(item_of(*row));
}

Result<ItemFacts> read_facts(Transaction& t, const std::string& merchant_id, const AskedItem& asked,
                             const RRPID& request) {
  ItemFacts out;
  out.standing = TRY(Store::find_standing(t, merchant_id, asked.auth_rrpid));
  out.original = TRY(find_original(t, merchant_id, asked));
  out.is_known = TRY(t.query_one("SELECT 1 FROM payment_items WHERE name = $1",
                                 {acquirer_name(request, asked.auth_rrpid, asked.reversed)}))
                     .has_value();
  if (out.original) {
    out.original_undone =
        TRY(t.query_one("SELECT 1 FROM payment_items WHERE undoes = $1 AND state <> 'refused'",
                        {out.original->name}))
            .has_value();
    out.original_batch_is_open =
        TRY(batches::is_open(t, merchant_id, out.original->batch_id)).value_or(false);
  }
  if (!asked.batch_id.empty()) {
    out.wish_is_open = TRY(batches::is_open(t, merchant_id, asked.batch_id));
  }
  return out;
}

struct NewItem {
  const RequestKey& key;
  const std::string& merchant_id;
  std::size_t position;
  const AskedItem& asked;
};

Result<void> insert_item(Transaction& t, const NewItem& item, const ItemDecision& decision,
                         const std::optional<std::string>& batch_id,
                         std::optional<std::int64_t> previous_minor, Instant now) {
  const auto* granted = std::get_if<Granted>(&decision);
  const auto* code = std::get_if<ItemCode>(&decision);
  const auto& asked = item.asked;
  const auto currency = asked.amount ? SqlValue(asked.amount->currency().number()) : SqlValue();
  const auto minor = asked.amount ? SqlValue(asked.amount->minor()) : SqlValue();
  TRY(t.execute(
      "INSERT INTO payment_items (merchant, message, rrpid, position, kind, state, name, "
      "auth_rrpid, trans_ids, reversed, undoes, merchant_id, currency, amount_minor, "
      "previous_minor, final, batch_id, code, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, "
      "$9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
      {item.key.merchant, item.key.message, item.key.rrpid, item.position, name_of(asked.kind),
       granted != nullptr ? "pending" : "refused",
       granted != nullptr ? SqlValue(granted->name) : SqlValue(), asked.auth_rrpid,
       serialize(to_wire(asked.trans_ids)), asked.reversed,
       granted != nullptr ? SqlValue(granted->undoes) : SqlValue(), item.merchant_id, currency,
       minor, previous_minor, asked.final, batch_id,
       code != nullptr ? SqlValue(code->number) : SqlValue(),
       code != nullptr ? SqlValue(now) : SqlValue()}));
  return {};
}

Result<void> claim_item(Transaction& t, const NewItem& item, const PaymentStore::Decide& decide,
                        Instant now) {
  const auto& asked = item.asked;
  const auto facts = TRY(read_facts(t, item.merchant_id, asked, item.key.rrpid));
  const bool undecided = facts.standing && std::holds_alternative<Undecided>(facts.standing->state);
  CHECK_OR_FAIL(!undecided || asked.kind != ItemKind::cancellation, ErrorCode::in_progress,
                "the AuthReq is being worked on");
  if (!moves_money(asked.kind)) {
    // What it leaves is not known before the acquirer has answered, and the order counts there.
    const auto lowering =
        TRY(t.query_one("SELECT 1 FROM payment_items WHERE merchant_id = $1 AND auth_rrpid = $2 "
                        "AND kind = 'lowering' AND state = 'pending'",
                        {item.merchant_id, asked.auth_rrpid}));
    CHECK_OR_FAIL(!lowering, ErrorCode::in_progress, "another AuthRevReq is being worked on");
  }
  const auto decision = decide(asked, facts, item.key.rrpid);
  const auto* granted = std::get_if<Granted>(&decision);
  std::optional<std::string> batch_id;
  std::optional<std::int64_t> previous_minor;
  if (granted != nullptr) {
    if (moves_money(asked.kind)) {
      batch_id = TRY(batches::choose(t, item.merchant_id, granted->batch_id, now));
      CHECK_OR_FAIL(batch_id, ErrorCode::internal, "a batch that was open takes no items");
    }
    // Until it is done, a cancelled sale keeps its batch from being settled.
    if (asked.kind == ItemKind::cancellation && facts.original && !facts.original_undone) {
      batch_id = facts.original->batch_id;
    }
    const auto* live = facts.standing ? std::get_if<Live>(&facts.standing->state) : nullptr;
    if (live != nullptr && !moves_money(asked.kind)) previous_minor = live->authorized_minor;
    TRY(sums::set_aside(t, asked, now, item.merchant_id, facts.standing.has_value()));
  }
  return insert_item(t, item, decision, batch_id, previous_minor, now);
}

/// Reply keys whose answers are stored by now are not needed any more.
constexpr std::string_view kForgetAnsweredRequests =
    "UPDATE payment_requests SET pending_reply = NULL WHERE pending_reply IS NOT NULL AND EXISTS "
    "(SELECT 1 FROM replies WHERE replies.peer = payment_requests.merchant "
    "AND replies.message = payment_requests.message AND replies.rrpid = payment_requests.rrpid)";

}  // namespace

Result<PaymentRequest> PaymentStore::claim(const AskedRequest& asked, const Digest& request_digest,
                                           const std::optional<Bytes>& pending_reply,
                                           const Decide& decide, const Proof& proof) {
  const auto& head = asked.head;
  return database_.in_transaction(
      "gateway:items-claimed", [&](Transaction& t) -> Result<PaymentRequest> {
        if (auto known = TRY(find_request(t, head.key))) {
          // "Same RRPID with different content → Error, never processing" (§3.0).
          CHECK_OR_FAIL(known->content_digest == head.content_digest, ErrorCode::bad_message_header,
                        "this RRPID was used for another request");
          return *std::move(known);
        }
        const auto trans_ids =
            head.trans_ids ? SqlValue(serialize(to_wire(*head.trans_ids))) : SqlValue();
        TRY(t.execute(
            "INSERT INTO payment_requests (merchant, message, rrpid, merchant_id, content_digest, "
            "trans_ids, auth_ret_num, received_at, request_digest, pending_reply) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            {head.key.merchant, head.key.message, head.key.rrpid, head.merchant_id,
             head.content_digest, trans_ids, head.auth_ret_num, head.received_at, request_digest,
             pending_reply}));
        TRY(statements::save(t, proof, head.received_at));
        for (std::size_t i = 0; i < asked.items.size(); ++i) {
          TRY(claim_item(t, {head.key, head.merchant_id, i, asked.items[i]}, decide,
                         head.received_at));
        }
        TRY(t.execute(kForgetAnsweredRequests));
        auto claimed = TRY(find_request(t, head.key));
        CHECK_OR_FAIL(claimed, ErrorCode::internal, "a request is gone");
        return *std::move(claimed);
      });
}

Result<std::optional<PaymentRequest>> PaymentStore::find(const RequestKey& key) {
  return database_.in_transaction("gateway:find",
                                  [&](Transaction& t) { return find_request(t, key); });
}

Result<ItemFacts> PaymentStore::facts_of(const PaymentRequest& request, const PaymentItem& item) {
  return database_.in_transaction("gateway:find", [&](Transaction& t) {
    return read_facts(t, request.merchant_id, item.asked, request.key.rrpid);
  });
}

Result<void> PaymentStore::settle(const AcquirerName& name, const std::optional<ItemCode>& refusal,
                                  const Bytes& cap_token_new, Instant now) {
  return database_.in_transaction("gateway:item-settled", [&](Transaction& t) -> Result<void> {
    const auto row = TRY(t.query_one("SELECT " SET_ITEM_COLUMNS ", merchant_id FROM payment_items "
                                     "WHERE name = $1 AND state = 'pending'",
                                     {name}));
    if (!row) return {};  // another thread, with the same answer
    const auto item = TRY(item_of(*row));
    const auto previous_minor = row->is_null(15) ? 0 : row->integer(15);
    const auto& merchant_id = row->text(16);
    std::optional<std::uint32_t> place;
    if (!refusal && moves_money(item.asked.kind)) {
      place = TRY(batches::next_place(t, merchant_id, item.batch_id));
    }
    TRY(
        t.execute("UPDATE payment_items SET state = $2, code = $3, batch_sequence_num = $4, "
                  "decided_at = $5, cap_token_new = $6, "
                  "batch_id = CASE WHEN kind = 'cancellation' THEN NULL ELSE batch_id END "
                  "WHERE name = $1",
                  {name, refusal ? "refused" : "done", refusal ? refusal->number : 0, place, now,
                   cap_token_new.empty() ? SqlValue() : SqlValue(cap_token_new)}));
    return refusal ? sums::settle_refused(t, item, previous_minor)
                   : sums::settle_done(t, item, previous_minor, merchant_id, cap_token_new, now);
  });
}

Result<std::vector<RequestKey>> PaymentStore::unfinished(Instant received_by) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<RequestKey>> {
        const auto rows = TRY(t.query(
            "SELECT r.merchant, r.message, r.rrpid FROM payment_requests r WHERE r.received_at <= "
            "$1 AND EXISTS (SELECT 1 FROM payment_items i WHERE i.merchant = r.merchant AND "
            "i.message = r.message AND i.rrpid = r.rrpid AND i.state = 'pending') "
            "ORDER BY r.received_at",
            {received_by}));
        std::vector<RequestKey> out;
        for (const auto& row : rows) {
          out.push_back({row.octets<Thumbprint>(0), row.text(1), row.octets<RRPID>(2)});
        }
        return out;
      });
}

Result<std::vector<PaymentStore::Unanswered>> PaymentStore::unanswered(Instant received_by) {
  return database_.in_transaction(
      "gateway:unanswered", [&](Transaction& t) -> Result<std::vector<Unanswered>> {
        TRY(t.execute(kForgetAnsweredRequests));
        const auto rows = TRY(t.query(
            "SELECT r.merchant, r.message, r.rrpid, r.request_digest, r.pending_reply FROM "
            "payment_requests r WHERE r.pending_reply IS NOT NULL AND r.received_at <= $1 AND NOT "
            "EXISTS (SELECT 1 FROM payment_items i WHERE i.merchant = r.merchant AND "
            "i.message = r.message AND i.rrpid = r.rrpid AND i.state = 'pending')",
            {received_by}));
        std::vector<Unanswered> out;
        for (const auto& row : rows) {
          const RequestKey key{row.octets<Thumbprint>(0), row.text(1), row.octets<RRPID>(2)};
          auto request = TRY(find_request(t, key));
          out.push_back({*std::move(request), {row.octets<Digest>(3), row.blob(4)}});
        }
        return out;
      });
}

Result<Bytes> PaymentStore::auth_token_of(const std::string& merchant_id, const RRPID& auth_rrpid) {
  return database_.in_transaction("gateway:find", [&](Transaction& t) -> Result<Bytes> {
    const auto row = TRY(t.query_one(
        "SELECT p.auth_token FROM pis p JOIN authorizations a ON a.hpi_data = p.hpi_data "
        "WHERE a.auth_rrpid = $1 AND a.merchant_id = $2",
        {auth_rrpid, merchant_id}));
    return row && !row->is_null(0) ? row->blob(0) : Bytes{};
  });
}

Result<std::vector<PaymentItem>> PaymentStore::movements_in(const std::string& merchant_id,
                                                            const std::string& batch_id,
                                                            ItemKind kind) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<PaymentItem>> {
        // The request that made it is what a reversal names.
        const auto rows = TRY(t.query(
            "SELECT kind, state, name, auth_rrpid, trans_ids, rrpid, undoes, currency, "
            "amount_minor, final, batch_id, batch_sequence_num, code, decided_at, cap_token_new, "
            "previous_minor FROM payment_items i WHERE merchant_id = $1 AND batch_id = $2 AND "
            "kind = $3 AND state = 'done' AND NOT EXISTS (SELECT 1 FROM payment_items r WHERE "
            "r.undoes = i.name AND r.state <> 'refused') ORDER BY batch_sequence_num",
            {merchant_id, batch_id, name_of(kind)}));
        return items_of(rows);
      });
}

Result<std::vector<PaymentItem>> PaymentStore::of_purchase(const XID& xid) {
  return database_.in_transaction(
      "gateway:find", [&](Transaction& t) -> Result<std::vector<PaymentItem>> {
        const auto rows =
            TRY(t.query("SELECT " SET_ITEM_COLUMNS " FROM payment_items WHERE auth_rrpid IN "
                        "(SELECT auth_rrpid FROM authorizations WHERE xid = $1) "
                        "ORDER BY COALESCE(decided_at, 0), message, rrpid, position",
                        {xid}));
        return items_of(rows);
      });
}

}  // namespace set::gateway
