// Store, the requests: what is wanted of the gateway, the bytes that ask for it, and what became of
// each item.
#include <algorithm>

#include "merchant/event_store.h"
#include "merchant/store_rows.h"

namespace set::merchant {
namespace {

constexpr std::size_t kMaxItems = kMaxPaymentItems;

// All that a request asks for, as one line: what `--once` compares.
std::string words_of(const std::vector<LIDM>& orders, const ItemWish& wish) {
  std::string out(to_string(wish.kind));
  for (const auto& order : orders) out += " " + order.value;
  out += wish.amount ? " " + to_string(*wish.amount) : " all";
  if (!wish.authorization.empty()) out += " authorization " + wish.authorization;
  if (!wish.item.empty()) out += " item " + wish.item;
  if (!wish.batch.empty()) out += " batch " + wish.batch;
  if (wish.final_capture) out += " final";
  return out;
}

MessageType message_of(ItemKind kind) {
  switch (kind) {
    case ItemKind::reversal:
      return wire::MESSAGE_TYPE_AUTH_REV_REQ;
    case ItemKind::capture:
      return wire::MESSAGE_TYPE_CAP_REQ;
    case ItemKind::capture_reversal:
      return wire::MESSAGE_TYPE_CAP_REV_REQ;
    case ItemKind::credit:
      return wire::MESSAGE_TYPE_CRED_REQ;
    case ItemKind::credit_reversal:
      return wire::MESSAGE_TYPE_CRED_REV_REQ;
  }
  return wire::MESSAGE_TYPE_CAP_REQ;
}

constexpr MessageType kRequests[] = {
    wire::MESSAGE_TYPE_AUTH_REQ,       wire::MESSAGE_TYPE_AUTH_REV_REQ,
    wire::MESSAGE_TYPE_CAP_REQ,        wire::MESSAGE_TYPE_CAP_REV_REQ,
    wire::MESSAGE_TYPE_CRED_REQ,       wire::MESSAGE_TYPE_CRED_REV_REQ,
    wire::MESSAGE_TYPE_BATCH_ADMIN_REQ};

MessageType message_of(std::string_view name) {
  for (const auto type : kRequests) {
    if (to_string(type) == name) return type;
  }
  return wire::MESSAGE_TYPE_UNSPECIFIED;  // the schema allows none
}

Result<AskedItem> asked_item_of(const Row& row) {
  auto line = TRY(item_of(row));
  constexpr std::size_t c = kAfterItemColumns;
  const auto lid_c = TRY(LIDC::parse(string_of(row.blob(c + 3))));
  const auto lid_m = TRY(LIDM::parse(string_of(row.blob(c + 4))));
  const auto authorized = TRY(Amount::make(line.item.amount.currency(), row.integer(c)));
  TransIDs ids{lid_c, lid_m, row.octets<XID>(c + 2), row.instant(c + 5), "", row.text(c + 6)};
  return AskedItem{std::move(line.item), std::move(ids), authorized,
                   row.is_null(c + 1) ? Bytes{} : row.blob(c + 1)};
}

Result<std::vector<AskedItem>> asked_items(Transaction& t, const RRPID& rrpid) {
  const auto rows =
      TRY(t.query("SELECT " + std::string(kItemColumns) +
                      ", CASE a.state WHEN 'given up' THEN a.requested ELSE a.authorized - "
                      "a.released END, a.cap_token,"
                      " p.xid, p.lid_c, p.order_id, p.initiated_at, p.language"
                      " FROM items i JOIN authorizations a ON a.auth_rrpid = i.auth_rrpid"
                      " JOIN purchases p ON p.xid = a.xid"
                      " WHERE i.rrpid = $1 AND i.state = 'asked' ORDER BY i.auth_rrpid",
                  {rrpid}));
  std::vector<AskedItem> out;
  for (const auto& row : rows) out.push_back(TRY(asked_item_of(row)));
  return out;
}

Result<void> undo(Transaction& t, const Item& item) {
  return moved(TRY(t.execute("UPDATE items SET state = 'reversed'"
                             " WHERE rrpid = $1 AND auth_rrpid = $2 AND state = 'done'",
                             {item.reversed, item.auth_rrpid})),
               "what is undone was not done");
}

/// Whether what this undid was booked already, by a purge whose list came before this answer. It
/// was the void that undid it, so both are in the batch's sums and cancel out.
Result<bool> is_booked_by_purge(Transaction& t, const Item& item) {
  if (!item.reversed) return false;
  return TRY(t.execute("UPDATE items SET batch_id ="
                       " (SELECT r.batch_id FROM requests r WHERE r.rrpid = items.purge)"
                       " WHERE rrpid = $1 AND auth_rrpid = $2 AND state = 'reversed'"
                       " AND batch_id = '' AND purge IS NOT NULL",
                       {*item.reversed, item.auth_rrpid})) == 1;
}

Result<void> keep_auth_token(Transaction& t, const RRPID& auth_rrpid, const Bytes& auth_token) {
  if (auth_token.empty()) return {};
  TRY(
      t.execute("UPDATE purchases SET auth_token = $2"
                " WHERE xid = (SELECT xid FROM authorizations WHERE auth_rrpid = $1)",
                {auth_rrpid, auth_token}));
  return {};
}

// authorization_state.h: AuthRevRes, less or nothing. Tokens are replaced or dropped.
Result<void> book_reversal(Transaction& t, const Item& item, const ItemOutcome& outcome,
                           Instant now) {
  const auto state =
      TRY(t.query_one("SELECT state FROM authorizations WHERE auth_rrpid = $1", {item.auth_rrpid}));
  if (state && state->text(0) == "given up") {
    TRY(drop_unanswered(t, item.auth_rrpid, now));
    // The AuthRes that was lost may have replaced the AuthToken.
    return keep_auth_token(t, item.auth_rrpid, outcome.auth_token_new);
  }
  TRY(
      t.execute("UPDATE authorizations SET cap_token = $3,"
                " state = CASE WHEN authorized - released = $2 THEN 'reversed' ELSE state END,"
                " authorized = CASE WHEN authorized - released = $2 THEN 0"
                " ELSE authorized - $2 END,"
                " released = CASE WHEN authorized - released = $2 THEN 0 ELSE released END"
                " WHERE auth_rrpid = $1",
                {item.auth_rrpid, item.amount.minor(), outcome.cap_token_new}));
  return keep_auth_token(t, item.auth_rrpid, outcome.auth_token_new);
}

Result<void> book(Transaction& t, const Item& item, const ItemOutcome& outcome, Instant now) {
  const auto minor = item.amount.minor();
  const auto add = [&](std::string_view column, std::int64_t amount) -> Result<void> {
    const auto sum = std::string(column);
    TRY(t.execute("UPDATE authorizations SET " + sum + " = " + sum + " + $2 WHERE auth_rrpid = $1",
                  {item.auth_rrpid, amount}));
    return {};
  };
  switch (item.kind) {
    case ItemKind::reversal:
      return book_reversal(t, item, outcome, now);
    case ItemKind::capture:
      TRY(add("captured", minor));
      if (!item.final_capture) return {};
      TRY(
          t.execute("UPDATE authorizations SET released = authorized - captured"
                    " WHERE auth_rrpid = $1",
                    {item.auth_rrpid}));
      return {};
    case ItemKind::capture_reversal:
      TRY(undo(t, item));
      return add("captured", -minor);
    case ItemKind::credit:
      return add("credited", minor);
    case ItemKind::credit_reversal:
      TRY(undo(t, item));
      return add("credited", -minor);
  }
  return {};
}

// What the feed says of an item's end, and of what that made of its order.
Result<void> tell_item(Transaction& t, const Item& item, bool done, Instant now) {
  const auto found = TRY(find_payment(t, item.auth_rrpid, now));
  const auto& payment = found.payment();
  const auto line = std::ranges::find(payment.items, item.rrpid,
                                      [](const ItemLine& each) { return each.item.rrpid; });
  CHECK_OR_FAIL(line != payment.items.end(), ErrorCode::internal, "an item has gone");
  // Who cancels what was never answered tells of the authorisation, not of the reversal.
  const bool cancels = item.kind == ItemKind::reversal && payment.auth_code != AuthCode::approved;
  if (!cancels) {
    TRY(append(t, item_event(item_event_type(item.kind, done), found.order, payment, *line,
                             TRY(once_of(t, item.rrpid)), now)));
  }
  return tell_order(t, found.order.order.id, now);
}

Result<void> end_item(Transaction& t, const Item& item, const ItemOutcome& outcome, Instant now) {
  TRY(moved(TRY(t.execute("UPDATE items SET state = $3, code = $4, batch_id = $5,"
                          " batch_sequence_num = $6"
                          " WHERE rrpid = $1 AND auth_rrpid = $2 AND state = 'asked'",
                          {item.rrpid, item.auth_rrpid,
                           to_string(outcome.done ? ItemState::done : ItemState::refused),
                           outcome.code, outcome.batch_id, outcome.batch_sequence_num})),
            "this item is decided already"));
  if (outcome.done) {
    if (TRY(is_booked_by_purge(t, item))) return {};  // and told: money is told once (ADR 0052)
    TRY(book(t, item, outcome, now));
  } else if (item.kind == ItemKind::reversal) {
    TRY(take_up_again(t, item.auth_rrpid, now));
  }
  return tell_item(t, item, outcome.done, now);
}

}  // namespace

Result<void> insert_request(Transaction& t, const NewRequest& request, const Request* bytes,
                            Instant next_attempt_at) {
  TRY(
      t.execute("INSERT INTO requests (rrpid, message, state, once, waiting_since, asked_at, wire,"
                " pending_reply, next_attempt_at, wish)"
                " VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9)",
                {request.rrpid, to_string(request.message), bytes != nullptr ? "asked" : "wanted",
                 request.once.empty() ? SqlValue() : SqlValue(request.once), request.now,
                 bytes != nullptr ? SqlValue(bytes->wire) : SqlValue(),
                 bytes != nullptr ? SqlValue(bytes->pending.to_bytes().reveal()) : SqlValue(),
                 next_attempt_at, request.wish}));
  return {};
}

Result<void> insert_batch_request(Transaction& t, const BatchAsked& asked, const RRPID& rrpid,
                                  const std::optional<RRPID>& purge, Instant now) {
  TRY(insert_request(t, {rrpid, wire::MESSAGE_TYPE_BATCH_ADMIN_REQ, "", now}, nullptr, now));
  TRY(
      t.execute("UPDATE requests SET batch_id = $2, batch_operation = $3, batch_details = $4,"
                " batch_errors = $5, purge = $6 WHERE rrpid = $1",
                {rrpid, asked.batch_id,
                 asked.operation ? SqlValue(static_cast<int>(*asked.operation)) : SqlValue(),
                 asked.details ? SqlValue(asked.starting_point) : SqlValue(),
                 asked.errors_only ? 1 : 0, purge ? SqlValue(*purge) : SqlValue()}));
  return set::audit::append(
      t, wanted_entry(wire::MESSAGE_TYPE_BATCH_ADMIN_REQ, rrpid, asked.batch_id, now));
}

Result<std::optional<RRPID>> find_once(Transaction& t, const std::string& once,
                                       MessageType message, const std::string& wish) {
  if (once.empty()) return std::optional<RRPID>();
  const auto row =
      TRY(t.query_one("SELECT rrpid, message, wish FROM requests WHERE once = $1", {once}));
  // One from before wishes were kept has none.
  const bool same = !row || (row->text(1) == to_string(message) &&
                             (row->text(2).empty() || row->text(2) == wish));
  CHECK_OR_FAIL(same, ErrorCode::conflict, "this name was used for another request");
  return row ? std::optional(row->octets<RRPID>(0)) : std::nullopt;
}

Result<void> insert_item(Transaction& t, const ItemLine& line) {
  const auto& item = line.item;
  TRY(
      t.execute("INSERT INTO items (rrpid, auth_rrpid, kind, state, amount, reversed,"
                " final_capture, date, code, batch_id, batch_sequence_num, batch_wish)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                {item.rrpid, item.auth_rrpid, to_string(item.kind), to_string(line.state),
                 item.amount.minor(), item.reversed, item.final_capture ? 1 : 0, item.date,
                 line.state == ItemState::asked ? SqlValue() : SqlValue(line.code), line.batch_id,
                 line.batch_sequence_num, item.batch_wish}));
  return {};
}

Result<void> end_request(Transaction& t, const RRPID& rrpid, std::string_view state,
                         std::string_view code, const SqlValue& evidence, Instant now) {
  TRY(moved(TRY(t.execute("UPDATE requests SET state = $2, code = $3, evidence = $4,"
                          " decided_at = $5, wire = NULL, pending_reply = NULL,"
                          " next_attempt_at = NULL"
                          " WHERE rrpid = $1 AND state IN ('asked', 'parked')",
                          {rrpid, state, code, evidence, now})),
            "this request is decided already"));
  TRY(t.execute("DELETE FROM earlier_bytes WHERE rrpid = $1", {rrpid}));
  return {};
}

Result<RRPID> Store::want(const std::vector<LIDM>& orders, const ItemWish& wish,
                          const std::string& once, const RRPID& rrpid, Instant now) {
  CHECK_OR_FAIL(!orders.empty() && orders.size() <= kMaxItems, ErrorCode::invalid_argument,
                "one request is about 1 to 64 orders");
  CHECK_OR_FAIL(orders.size() == 1 || wish.kind != ItemKind::reversal, ErrorCode::invalid_argument,
                "one reversal is about one order");
  const auto whole = words_of(orders, wish);
  return database_->in_transaction("merchant:want", [&](Transaction& t) -> Result<RRPID> {
    if (const auto before = TRY(find_once(t, once, message_of(wish.kind), whole))) return *before;
    TRY(insert_request(t, {rrpid, message_of(wish.kind), once, now, whole}, nullptr, now));
    for (const auto& id : orders) {
      auto item = TRY(choose_item(TRY(summary_of(t, id, now)), wish, rrpid, now));
      if (item.batch_wish.empty()) item.batch_wish = TRY(new_batch_of(t, item));
      TRY(insert_item(t, {item, ItemState::asked, "", "", 0}));
    }
    std::string subject;
    for (const auto& id : orders) subject += (subject.empty() ? "" : " ") + id.value;
    TRY(set::audit::append(t, wanted_entry(message_of(wish.kind), rrpid, subject, now)));
    return rrpid;
  });
}

Result<RRPID> Store::want(const BatchAsked& asked, const RRPID& rrpid, Instant now) {
  return database_->in_transaction("merchant:want_batch", [&](Transaction& t) -> Result<RRPID> {
    const auto open =
        TRY(t.query_one("SELECT COUNT(*) FROM requests WHERE message ="
                        " 'BatchAdminReq' AND state IN ('wanted', 'asked')"));
    CHECK_OR_FAIL(open->integer(0) == 0, ErrorCode::conflict,
                  "another question about batches waits for its answer");
    if (asked.operation == BatchOperation::purge) {
      // What it undoes must be known here first.
      const auto items = TRY(t.query_one("SELECT COUNT(*) FROM items WHERE state = 'asked'"));
      CHECK_OR_FAIL(items->integer(0) == 0, ErrorCode::conflict,
                    "a capture or refund waits for its answer: purge when it is known");
    }
    TRY(insert_batch_request(t, asked, rrpid, std::nullopt, now));
    return rrpid;
  });
}

Result<std::optional<OpenRequest>> Store::find_open(const RRPID& rrpid) {
  return database_->in_transaction(
      "merchant:find_open", [&](Transaction& t) -> Result<std::optional<OpenRequest>> {
        const auto row =
            TRY(t.query_one("SELECT r.message, r.state, r.waiting_since, r.wire, r.pending_reply,"
                            " r.batch_id, r.batch_operation, r.batch_details, a.xid, r.signed_as, r.batch_errors,"
                            " r.purge"
                            " FROM requests r LEFT JOIN authorizations a ON a.auth_rrpid = r.rrpid"
                            " WHERE r.rrpid = $1 AND r.state IN ('wanted', 'asked')",
                            {rrpid}));
        if (!row) return std::optional<OpenRequest>();
        auto items = TRY(asked_items(t, rrpid));
        OpenRequest out{rrpid,
                        message_of(row->text(0)),
                        std::nullopt,
                        row->instant(2),
                        row->is_null(9) ? Thumbprint{} : row->octets<Thumbprint>(9),
                        std::nullopt,
                        std::move(items),
                        {row->text(5)}};
        if (row->text(1) == "asked") out.request = TRY(request_of(*row, 3));
        if (!row->is_null(6)) out.batch.operation = static_cast<BatchOperation>(row->integer(6));
        out.batch.details = !row->is_null(7);
        if (out.batch.details)
          out.batch.starting_point = static_cast<std::uint32_t>(row->integer(7));
        out.batch.errors_only = row->integer(10) == 1;
        if (!row->is_null(8)) out.xid = row->octets<XID>(8);
        if (!row->is_null(11)) out.purge = row->octets<RRPID>(11);
        return std::optional<OpenRequest>(std::move(out));
      });
}

Result<void> Store::save_bytes(const RRPID& rrpid, const Request& request, const Thumbprint& signer,
                               Instant now, const Proof& proof) {
  return database_->in_transaction("merchant:save_bytes", [&](Transaction& t) -> Result<void> {
    TRY(moved(
        TRY(t.execute("UPDATE requests SET state = 'asked', wire = $2, pending_reply = $3,"
                      " asked_at = $4, signed_as = $5"
                      " WHERE rrpid = $1 AND state = 'wanted'",
                      {rrpid, request.wire, request.pending.to_bytes().reveal(), now, signer})),
        "this request is made already"));
    return statements::save(t, proof, now);
  });
}

Result<void> Store::replace_bytes(const RRPID& rrpid, const Request& request, Instant now,
                                  Instant asked_by, const Proof& proof) {
  return database_->in_transaction("merchant:replace_bytes", [&](Transaction& t) -> Result<void> {
    TRY(moved(TRY(t.execute("INSERT INTO earlier_bytes SELECT rrpid, asked_at, wire, pending_reply"
                            " FROM requests"
                            " WHERE rrpid = $1 AND state = 'asked' AND asked_at <= $2",
                            {rrpid, asked_by})),
              "this request is decided already, or is young"));
    TRY(
        t.execute("UPDATE requests SET wire = $2, pending_reply = $3, asked_at = $4"
                  " WHERE rrpid = $1",
                  {rrpid, request.wire, request.pending.to_bytes().reveal(), now}));
    return statements::save(t, proof, now);
  });
}

Result<std::vector<Request>> Store::earlier_bytes(const RRPID& rrpid) {
  return database_->in_transaction("merchant:earlier_bytes",
                                   [&](Transaction& t) -> Result<std::vector<Request>> {
                                     std::vector<Request> out;
                                     const auto rows =
                                         TRY(t.query("SELECT wire, pending_reply FROM earlier_bytes"
                                                     " WHERE rrpid = $1 ORDER BY asked_at DESC",
                                                     {rrpid}));
                                     for (const auto& row : rows)
                                       out.push_back(TRY(request_of(row, 0)));
                                     return out;
                                   });
}

Result<void> Store::settle(const RRPID& rrpid, const std::vector<ItemOutcome>& outcomes,
                           const std::vector<BatchStatus>& batches, const Bytes& evidence,
                           Instant now, const Proof& proof) {
  return database_->in_transaction("merchant:settled", [&](Transaction& t) -> Result<void> {
    TRY(end_request(t, rrpid, "answered", "", evidence, now));
    for (const auto& asked : TRY(asked_items(t, rrpid))) {
      for (const auto& outcome : outcomes) {
        if (outcome.auth_rrpid == asked.item.auth_rrpid) TRY(end_item(t, asked.item, outcome, now));
      }
    }
    for (const auto& status : batches) TRY(put_batch_status(t, status, now));
    return statements::save(t, proof, now);
  });
}

Result<void> Store::refuse(const RRPID& rrpid, std::string_view code, Instant now,
                           const AuditEntry& audit) {
  return database_->in_transaction("merchant:refused", [&](Transaction& t) -> Result<void> {
    TRY(end_request(t, rrpid, "refused", code, std::nullopt, now));
    for (const auto& asked : TRY(asked_items(t, rrpid)))
      TRY(end_item(t, asked.item, {asked.item.auth_rrpid, false, std::string(code)}, now));
    return set::audit::append(t, audit);
  });
}

Result<RequestOutcome> Store::outcome(const RRPID& rrpid) {
  using State = RequestOutcome::State;
  return database_->in_transaction(
      "merchant:outcome", [&](Transaction& t) -> Result<RequestOutcome> {
        const auto row = TRY(t.query_one(
            "SELECT state, code, batch_answer FROM requests WHERE rrpid = $1", {rrpid}));
        CHECK_OR_FAIL(row, ErrorCode::not_found, "there is no such request");
        RequestOutcome out{State::open, row->is_null(1) ? "" : row->text(1), std::nullopt};
        if (row->text(0) == "answered") out.state = State::answered;
        if (row->text(0) == "refused") out.state = State::refused;
        if (!row->is_null(2))
          out.batch = TRY(from_wire(TRY(parse_as<wire::BatchAdminResData>(row->blob(2)))));
        // Of a purge, the list of what it left: while it is open, or if it was refused.
        const auto list =
            TRY(t.query_one("SELECT state, code FROM requests"
                            " WHERE purge = $1 AND state <> 'answered'",
                            {rrpid}));
        if (!list) return out;
        out.state = list->text(0) == "refused" ? State::refused : State::open;
        out.code = list->is_null(1) ? "" : list->text(1);
        return out;
      });
}

Result<std::vector<Store::Due>> Store::due(Instant now, int limit) {
  return database_->in_transaction("merchant:due", [&](Transaction& t) -> Result<std::vector<Due>> {
    const auto rows =
        TRY(t.query("SELECT rrpid, attempts FROM requests"
                    " WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2",
                    {now, limit}));
    std::vector<Due> out;
    for (const auto& row : rows) out.push_back({row.octets<RRPID>(0), row.integer(1)});
    return out;
  });
}

Result<bool> Store::take_up(const Due& due, Instant next_attempt_at) {
  return database_->in_transaction("merchant:postpone", [&](Transaction& t) -> Result<bool> {
    const auto taken =
        TRY(t.execute("UPDATE requests SET attempts = attempts + 1, next_attempt_at = $3"
                      " WHERE rrpid = $1 AND attempts = $2 AND state IN ('wanted', 'asked')",
                      {due.rrpid, due.attempts, next_attempt_at}));
    return taken == 1;
  });
}

Result<void> Store::postpone(const RRPID& rrpid, Instant next_attempt_at) {
  return database_->in_transaction("merchant:postpone", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("UPDATE requests SET attempts = attempts + 1, next_attempt_at = $2"
                  " WHERE rrpid = $1 AND state IN ('wanted', 'asked')",
                  {rrpid, next_attempt_at}));
    return {};
  });
}

Result<void> Store::try_again_at(const RRPID& rrpid, Instant next_attempt_at) {
  return database_->in_transaction("merchant:try_again", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("UPDATE requests SET next_attempt_at = $2"
                  " WHERE rrpid = $1 AND state IN ('wanted', 'asked')",
                  {rrpid, next_attempt_at}));
    return {};
  });
}

Result<void> Store::make_all_due(Instant now) {
  return database_->in_transaction("merchant:make_all_due", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("UPDATE requests SET next_attempt_at = $1, attempts = 0"
                  " WHERE state IN ('wanted', 'asked')",
                  {now}));
    return {};
  });
}

}  // namespace set::merchant
