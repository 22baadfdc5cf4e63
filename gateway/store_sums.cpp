#include "gateway/store_sums.h"

#include "gateway/store.h"
#include "gateway/store_batches.h"

namespace set::gateway::sums {
namespace {

/// Takes what is no longer authorised off the PI's sum.
Result<void> release(Transaction& t, const RRPID& auth_rrpid, std::int64_t minor) {
  TRY(
      t.execute("UPDATE pis SET authorized_minor = authorized_minor - $2 WHERE hpi_data = "
                "(SELECT hpi_data FROM authorizations WHERE auth_rrpid = $1)",
                {auth_rrpid, minor}));
  return {};
}

/// "A final capture releases the rest of its authorisation" (protocol §9).
Result<void> release_rest(Transaction& t, const RRPID& auth_rrpid) {
  const auto rest =
      TRY(t.query_one("SELECT authorized_minor - captured_minor - capturing_minor "
                      "FROM authorizations WHERE auth_rrpid = $1",
                      {auth_rrpid}));
  TRY(
      t.execute("UPDATE authorizations SET authorized_minor = captured_minor + capturing_minor "
                "WHERE auth_rrpid = $1",
                {auth_rrpid}));
  return release(t, auth_rrpid, rest->integer(0));
}

/// A cancelled sale takes its capture with it, out of the batch that it was in.
Result<void> undo_sale_capture(Transaction& t, const PaymentItem& cancellation,
                               const std::string& merchant_id, Instant now) {
  const auto& auth_rrpid = cancellation.asked.auth_rrpid;
  const auto sale = TRY(t.query_one(
      "SELECT batch_id FROM payment_items WHERE name = $1 AND state = 'done' AND NOT EXISTS "
      "(SELECT 1 FROM payment_items r WHERE r.undoes = $1 AND r.state <> 'refused')",
      {sale_capture_name(auth_rrpid)}));
  if (!sale) return {};
  const auto place = TRY(batches::next_place(t, merchant_id, sale->text(0)));
  TRY(t.execute(
      "INSERT INTO payment_items (merchant, message, rrpid, position, kind, state, name, "
      "auth_rrpid, trans_ids, reversed, undoes, merchant_id, currency, amount_minor, final, "
      "batch_id, batch_sequence_num, code, decided_at) SELECT c.merchant, c.message, c.rrpid, "
      "c.position + 1, 'capture_reversal', 'done', $3, s.auth_rrpid, s.trans_ids, s.auth_rrpid, "
      "s.name, s.merchant_id, s.currency, s.amount_minor, 0, s.batch_id, $4, 0, $5 "
      "FROM payment_items s, payment_items c WHERE s.name = $1 AND c.name = $2",
      {sale_capture_name(auth_rrpid), cancellation.name,
       acquirer_name(RRPID{cancellation.name->value}, auth_rrpid, auth_rrpid), place, now}));
  return {};
}

/// A PI of which nothing is authorised any more may come again; its AuthToken does not outlive it.
/// Of several cancellations at once, the one that takes the amount off the sum frees it.
Result<void> free_pi(Transaction& t, const RRPID& auth_rrpid) {
  TRY(t.execute(
      "UPDATE pis SET state = 'free_again', auth_token = NULL WHERE state = 'consumed' AND "
      "authorized_minor = 0 AND hpi_data = (SELECT hpi_data FROM authorizations WHERE auth_rrpid = "
      "$1) AND NOT EXISTS "
      "(SELECT 1 FROM authorizations a WHERE a.hpi_data = pis.hpi_data "
      "AND a.standing IN ('open', 'closed'))",
      {auth_rrpid}));
  return {};
}

}  // namespace

Result<void> set_aside(Transaction& t, const AskedItem& asked, Instant now,
                       const std::string& merchant_id, bool is_known_authorization) {
  const auto minor = asked.amount ? asked.amount->minor() : 0;
  switch (asked.kind) {
    case ItemKind::capture:
      TRY(
          t.execute("UPDATE authorizations SET capturing_minor = capturing_minor + $2, "
                    "standing = CASE WHEN $3 = 1 THEN 'closed' ELSE standing END "
                    "WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor, asked.final}));
      return {};
    case ItemKind::capture_reversal:
      TRY(
          t.execute("UPDATE authorizations SET captured_minor = captured_minor - $2, "
                    "capturing_minor = capturing_minor + $2 WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::credit:
      TRY(
          t.execute("UPDATE authorizations SET credited_minor = credited_minor + $2 "
                    "WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::credit_reversal:
      return {};
    case ItemKind::lowering:
      TRY(t.execute("UPDATE authorizations SET authorized_minor = $2 WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::cancellation:
      break;
  }
  if (!is_known_authorization) {
    TRY(
        t.execute("INSERT INTO cancelled_authorizations (merchant_id, auth_rrpid, cancelled_at) "
                  "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                  {merchant_id, asked.auth_rrpid, now}));
    return {};
  }
  TRY(
      t.execute("UPDATE authorizations SET standing = 'reversed', authorized_minor = 0, "
                "captured_minor = 0, capturing_minor = 0 "
                "WHERE auth_rrpid = $1 AND standing IN ('open', 'closed')",
                {asked.auth_rrpid}));
  return {};
}

Result<void> settle_done(Transaction& t, const PaymentItem& item, std::int64_t previous_minor,
                         const std::string& merchant_id, const Bytes& cap_token_new, Instant now) {
  const auto& asked = item.asked;
  const auto minor = asked.amount ? asked.amount->minor() : 0;
  switch (asked.kind) {
    case ItemKind::capture:
      TRY(
          t.execute("UPDATE authorizations SET captured_minor = captured_minor + $2, "
                    "capturing_minor = capturing_minor - $2 WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      if (asked.final) TRY(release_rest(t, asked.auth_rrpid));
      return {};
    case ItemKind::capture_reversal:
      TRY(
          t.execute("UPDATE authorizations SET capturing_minor = capturing_minor - $2, "
                    "standing = 'open' WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::credit:
      return {};
    case ItemKind::credit_reversal:
      TRY(
          t.execute("UPDATE authorizations SET credited_minor = credited_minor - $2 "
                    "WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::lowering:
      TRY(t.execute("UPDATE authorizations SET cap_token_now = $2 WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, cap_token_new}));
      return release(t, asked.auth_rrpid, previous_minor - minor);
    case ItemKind::cancellation:
      break;
  }
  // Without an authorisation of this merchant the mark is all there is.
  if (!TRY(Store::find_standing(t, merchant_id, asked.auth_rrpid))) return {};
  TRY(undo_sale_capture(t, item, merchant_id, now));
  TRY(release(t, asked.auth_rrpid, previous_minor));
  return free_pi(t, asked.auth_rrpid);
}

Result<void> settle_refused(Transaction& t, const PaymentItem& item, std::int64_t previous_minor) {
  const auto& asked = item.asked;
  const auto minor = asked.amount ? asked.amount->minor() : 0;
  switch (asked.kind) {
    case ItemKind::capture:
      TRY(
          t.execute("UPDATE authorizations SET capturing_minor = capturing_minor - $2, "
                    "standing = CASE WHEN $3 = 1 THEN 'open' ELSE standing END "
                    "WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor, asked.final}));
      return {};
    case ItemKind::capture_reversal:
      TRY(
          t.execute("UPDATE authorizations SET captured_minor = captured_minor + $2, "
                    "capturing_minor = capturing_minor - $2 WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::credit:
      TRY(
          t.execute("UPDATE authorizations SET credited_minor = credited_minor - $2 "
                    "WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, minor}));
      return {};
    case ItemKind::credit_reversal:
      return {};
    case ItemKind::lowering:
      TRY(
          t.execute("UPDATE authorizations SET authorized_minor = authorized_minor + $2 "
                    "WHERE auth_rrpid = $1",
                    {asked.auth_rrpid, previous_minor - minor}));
      return {};
    case ItemKind::cancellation:
      break;
  }
  return failure(ErrorCode::internal, "a cancellation that the acquirer refused");
}

}  // namespace set::gateway::sums
