#include "common/sandbox/ledger.h"

#include <algorithm>

#include "common/crypto/digest.h"
#include "common/message/wire.h"

namespace set {

using iso8583::ResponseCode;

namespace {

constexpr std::size_t kApprovalCodeDigits = 6;
constexpr std::size_t kLogRefIDDigits = 12;

/// A hold, as far as movements need it.
struct Hold {
  std::string state;
  std::string merchant_id;
  std::int64_t currency = 0;
  std::int64_t held_minor = 0;
  std::int64_t captured_minor = 0;
  std::int64_t credited_minor = 0;
  Instant expires{};

  bool is_live() const { return state == "held" || state == "closed"; }
};

Result<std::optional<Hold>> find_hold(Transaction& t, ByteView name) {
  const auto row = TRY(t.query_one(
      "SELECT state, merchant_id, currency, held_minor, captured_minor, credited_minor, "
      "hold_expires FROM ledger_holds WHERE name = $1 AND card_index IS NOT NULL",
      {name}));
  if (!row) return std::nullopt;
  return Hold{.state = row->text(0),
              .merchant_id = row->text(1),
              .currency = row->integer(2),
              .held_minor = row->integer(3),
              .captured_minor = row->integer(4),
              .credited_minor = row->integer(5),
              .expires = row->is_null(6) ? Instant{} : row->instant(6)};
}

struct Entry {
  std::string kind;
  Bytes hold;
  std::optional<Bytes> reverses;
  std::int64_t currency = 0;
  std::int64_t amount_minor = 0;
  std::string batch_id;
};

Result<std::optional<Entry>> find_entry(Transaction& t, ByteView name) {
  const auto row =
      TRY(t.query_one("SELECT kind, hold, reverses, currency, amount_minor, batch_id FROM "
                      "ledger_entries WHERE name = $1",
                      {name}));
  if (!row) return std::nullopt;
  return Entry{.kind = row->text(0),
               .hold = row->blob(1),
               .reverses = row->is_null(2) ? std::nullopt : std::optional(row->blob(2)),
               .currency = row->integer(3),
               .amount_minor = row->integer(4),
               .batch_id = row->text(5)};
}

Result<void> post(Transaction& t, ByteView name, const Entry& entry, const std::string& merchant_id,
                  Instant now) {
  TRY(t.execute(
      "INSERT INTO ledger_entries (number, name, kind, hold, reverses, merchant_id, batch_id, "
      "currency, amount_minor, posted_at) VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM "
      "ledger_entries), $1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {name, entry.kind, entry.hold, entry.reverses, merchant_id, entry.batch_id, entry.currency,
       entry.amount_minor, now}));
  return {};
}

Result<bool> is_cancelled(Transaction& t, ByteView name) {
  return TRY(t.query_one("SELECT 1 FROM ledger_cancelled WHERE name = $1", {name})).has_value();
}

Entry entry_of(const Ledger::Movement& movement, std::string_view kind) {
  return {.kind = std::string(kind),
          .hold = bytes_of(movement.hold),
          .reverses = std::nullopt,
          .currency = movement.amount.currency().number(),
          .amount_minor = movement.amount.minor(),
          .batch_id = movement.batch_id};
}

/// The step that capture(), credit() and lower() share: a repeat is approved, a stranger refused,
/// and `apply` decides and changes the hold.
template <class Apply>
Result<ResponseCode> apply_movement(Transaction& t, const Ledger::Movement& movement,
                                    std::string_view kind, Instant now, const Apply& apply) {
  const auto entry = entry_of(movement, kind);
  if (const auto known = TRY(find_entry(t, movement.name))) {
    const bool same = known->kind == entry.kind && known->hold == entry.hold &&
                      known->currency == entry.currency &&
                      known->amount_minor == entry.amount_minor;
    return same ? ResponseCode::approved : ResponseCode::duplicate;
  }
  if (TRY(is_cancelled(t, movement.name))) return ResponseCode::invalid_transaction;
  const auto hold = TRY(find_hold(t, movement.hold));
  if (!hold || !hold->is_live()) return ResponseCode::no_such_record;
  if (hold->currency != entry.currency) return ResponseCode::invalid_amount;
  const auto code = TRY(apply(*hold, entry.amount_minor));
  if (code == ResponseCode::approved) TRY(post(t, movement.name, entry, hold->merchant_id, now));
  return code;
}

/// CardNotes in three columns.
Result<iso8583::CardNotes> notes_of(const Row& row, std::size_t column) {
  iso8583::CardNotes out;
  if (!row.is_null(column)) out.avs_result = static_cast<AVSResult>(row.integer(column));
  if (!row.is_null(column + 1)) out.card_type = static_cast<CardType>(row.integer(column + 1));
  if (!row.is_null(column + 2)) {
    out.curr_conv = TRY(from_wire(TRY(parse_as<wire::CurrConv>(row.blob(column + 2)))));
  }
  return out;
}

template <class Code>
SqlValue number_if(const std::optional<Code>& code) {
  return code ? SqlValue(static_cast<int>(*code)) : SqlValue();
}

/// The name of a reversal that comes with a whole authorisation's.
Bytes name_of_undoing(ByteView movement) {
  return bytes_of(digest("SET/2 sandbox undoing", movement).view());
}

}  // namespace

Digest Ledger::card_index(const Pan& pan) const {
  Digest out;
  const auto mac = hmac_sha384(keys_.card_index.reveal(), view_of(pan.reveal()));
  std::copy(mac.begin(), mac.end(), out.value.begin());
  return out;
}

std::string Ledger::code_of(std::string_view purpose, ByteView name, std::size_t digits) const {
  const auto mac = hmac_sha384(keys_.codes.reveal(), concat({view_of(purpose), name}));
  std::string out;
  for (std::size_t i = 0; i < digits; ++i) out.push_back(static_cast<char>('0' + mac[i] % 10));
  return out;
}

Result<std::optional<Ledger::Answer>> Ledger::find(Transaction& t, ByteView name) {
  const auto row = TRY(
      t.query_one("SELECT state, silent, response_code, approval_code, log_ref_id, hold_expires, "
                  "avs_result, card_type, curr_conv FROM ledger_holds WHERE name = $1",
                  {name}));
  if (!row) return std::nullopt;
  Answer out;
  out.reversed = row->text(0) == "reversed";
  if (row->is_null(2)) return out;  // reversed before it was asked
  out.code = TRY(iso8583::parse_response_code(row->text(2)));
  out.silent = row->integer(1) != 0;
  out.approval_code = row->text(3);
  out.log_ref_id = row->text(4);
  if (!row->is_null(5)) out.hold_expires = row->instant(5);
  out.notes = TRY(notes_of(*row, 6));
  return out;
}

Result<CardUse> Ledger::use_of(Transaction& t, const Digest& card, const SandboxCard* known,
                               Currency currency, Instant now) const {
  // A hold that nobody captured in time no longer counts; what was captured from it does.
  const auto used = TRY(t.query_one(
      "SELECT COALESCE(SUM(captured_minor - credited_minor + CASE WHEN state = 'held' AND "
      "hold_expires > $3 THEN held_minor - captured_minor ELSE 0 END), 0) FROM ledger_holds "
      "WHERE card_index = $1 AND currency = $2",
      {card, currency.number(), now}));
  CardUse out{.used_minor = used->integer(0)};
  if (known == nullptr || !known->velocity) return out;
  out.recent = TRY(t.query_one("SELECT COUNT(*) FROM ledger_holds WHERE card_index = $1 AND "
                               "created_at > $2",
                               {card, now - known->velocity->window}))
                   ->integer(0);
  return out;
}

Result<void> Ledger::record(Transaction& t, const Question& question, const Digest& card,
                            const Answer& answer, Instant now) const {
  const bool approved = answer.code == ResponseCode::approved;
  const auto minor = question.amount.minor();
  const bool sale = approved && question.capture_into;
  const auto& notes = answer.notes;
  TRY(t.execute(
      "INSERT INTO ledger_holds (name, state, silent, card_index, merchant_id, currency, "
      "asked_minor, held_minor, captured_minor, response_code, approval_code, log_ref_id, "
      "hold_expires, created_at, avs_result, card_type, curr_conv) VALUES ($1, $2, $3, $4, $5, "
      "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      {question.name,
       !approved ? "refused"
       : sale    ? "closed"
                 : "held",
       answer.silent, card, question.merchant_id, question.amount.currency().number(), minor,
       approved ? minor : 0, sale ? minor : 0, to_string(answer.code), answer.approval_code,
       answer.log_ref_id, approved ? SqlValue(answer.hold_expires) : SqlValue(), now,
       number_if(notes.avs_result), number_if(notes.card_type),
       notes.curr_conv ? SqlValue(serialize(to_wire(*notes.curr_conv))) : SqlValue()}));
  if (!sale) return {};
  // A sale's capture has the authorisation's own name.
  const Movement capture{question.name, question.name, question.amount, *question.capture_into};
  return post(t, question.name, entry_of(capture, "capture"), question.merchant_id, now);
}

template <class Judge>
Result<Ledger::Answer> Ledger::decide(Transaction& t, const Question& question, const Digest& card,
                                      const SandboxCard* known,
                                      const std::optional<iso8583::Address>& address,
                                      const Judge& judge, Instant now) const {
  if (auto answered = TRY(find(t, question.name))) {
    const auto same = TRY(t.query_one(
        "SELECT 1 FROM ledger_holds WHERE name = $1 AND (card_index IS NULL OR (card_index = $2 "
        "AND currency = $3 AND asked_minor = $4))",
        {question.name, card, question.amount.currency().number(), question.amount.minor()}));
    CHECK_OR_FAIL(same, ErrorCode::conflict, "this name was used for another authorisation");
    return *std::move(answered);
  }
  const auto use = TRY(use_of(t, card, known, question.amount.currency(), now));
  Answer out;
  out.is_new = true;
  out.silent = known != nullptr && known->behaviour == CardBehaviour::no_reply;
  out.code = question.forced ? *question.forced : judge(use);
  out.log_ref_id = code_of("reference", question.name, kLogRefIDDigits);
  if (out.code == ResponseCode::approved) {
    out.approval_code = code_of("approval", question.name, kApprovalCodeDigits);
    out.hold_expires = now + hold_lifetime_;
  }
  if (address) out.notes.avs_result = judge_address(known, *address);
  if (known != nullptr) {
    out.notes.card_type = known->type;
    if (out.code == ResponseCode::approved) {
      out.notes.curr_conv = cards_.conversion(*known, question.amount.currency());
    }
  }
  TRY(record(t, question, card, out, now));
  return out;
}

Result<Ledger::Answer> Ledger::authorize(Transaction& t, const Question& question, const Card& card,
                                         Instant now) const {
  const auto* known = cards_.find(card.pan);
  const auto judge = [&](const CardUse& use) {
    return judge_authorization(known, card.expiry, card.verification, question.amount, use, now);
  };
  return decide(t, question, card_index(card.pan), known, card.address, judge, now);
}

Result<Ledger::Answer> Ledger::authorize_subsequent(Transaction& t, const Question& question,
                                                    ByteView original, Instant now) const {
  const auto row = TRY(
      t.query_one("SELECT card_index FROM ledger_holds WHERE name = $1 AND merchant_id = $2 AND "
                  "response_code = $3",
                  {original, question.merchant_id, to_string(ResponseCode::approved)}));
  if (!row) {
    Answer none;
    none.code = ResponseCode::no_such_record;
    none.is_new = true;
    return none;
  }
  const auto index = row->octets<Digest>(0);
  const auto known = std::ranges::find_if(
      cards_.cards(), [&](const auto& card) { return card_index(card.pan) == index; });
  const auto* card = known == cards_.cards().end() ? nullptr : &*known;
  const auto judge = [&](const CardUse& use) {
    // What was checked when the card was there is not asked again.
    return card == nullptr
               ? ResponseCode::no_such_card
               : judge_authorization(card, card->expiry, std::nullopt, question.amount, use, now);
  };
  return decide(t, question, index, card, std::nullopt, judge, now);
}

Result<ResponseCode> Ledger::capture(Transaction& t, const Movement& movement, bool final,
                                     Instant now) {
  return apply_movement(t, movement, "capture", now,
                        [&](const Hold& hold, std::int64_t minor) -> Result<ResponseCode> {
                          if (hold.state != "held") return ResponseCode::no_such_record;
                          if (hold.expires <= now) return ResponseCode::expired_card;
                          if (minor > hold.held_minor - hold.captured_minor) {
                            return ResponseCode::invalid_amount;
                          }
                          const bool closed =
                              final || minor == hold.held_minor - hold.captured_minor;
                          TRY(t.execute(
                              "UPDATE ledger_holds SET captured_minor = captured_minor + $2, "
                              "state = $3 WHERE name = $1",
                              {movement.hold, minor, closed ? "closed" : "held"}));
                          return ResponseCode::approved;
                        });
}

Result<ResponseCode> Ledger::credit(Transaction& t, const Movement& movement, Instant now) {
  return apply_movement(t, movement, "credit", now,
                        [&](const Hold& hold, std::int64_t minor) -> Result<ResponseCode> {
                          if (minor > hold.captured_minor - hold.credited_minor) {
                            return ResponseCode::invalid_amount;
                          }
                          TRY(t.execute(
                              "UPDATE ledger_holds SET credited_minor = credited_minor + $2 "
                              "WHERE name = $1",
                              {movement.hold, minor}));
                          return ResponseCode::approved;
                        });
}

Result<ResponseCode> Ledger::lower(Transaction& t, const Movement& movement, Instant now) {
  return apply_movement(
      t, movement, "lowering", now,
      [&](const Hold& hold, std::int64_t minor) -> Result<ResponseCode> {
        if (hold.state != "held") return ResponseCode::no_such_record;
        if (minor > hold.held_minor || minor < hold.captured_minor) {
          return ResponseCode::invalid_amount;
        }
        const bool closed = minor == hold.captured_minor;
        TRY(t.execute("UPDATE ledger_holds SET held_minor = $2, state = $3 WHERE name = $1",
                      {movement.hold, minor, closed ? "closed" : "held"}));
        return ResponseCode::approved;
      });
}

Result<ResponseCode> Ledger::reverse_movement(Transaction& t, ByteView name, ByteView reversed,
                                              const std::string& batch_id, Instant now) {
  if (const auto known = TRY(find_entry(t, name))) {
    const bool same = known->reverses && equal(*known->reverses, reversed);
    return same ? ResponseCode::approved : ResponseCode::duplicate;
  }
  const auto entry = TRY(find_entry(t, reversed));
  if (!entry) {
    TRY(t.execute("INSERT INTO ledger_cancelled (name) VALUES ($1) ON CONFLICT DO NOTHING",
                  {reversed}));
    return ResponseCode::approved;
  }
  const bool is_capture = entry->kind == "capture";
  if (!is_capture && entry->kind != "credit") return ResponseCode::invalid_transaction;
  const auto undone =
      TRY(t.query_one("SELECT 1 FROM ledger_entries WHERE reverses = $1", {reversed}));
  if (undone) return ResponseCode::duplicate;
  const auto hold = TRY(find_hold(t, entry->hold));
  CHECK_OR_FAIL(hold, ErrorCode::internal, "a movement without its hold");
  const auto minor = entry->amount_minor;
  if (is_capture) {
    // Money that went back already cannot be taken off once more.
    if (minor > hold->captured_minor - hold->credited_minor) return ResponseCode::invalid_amount;
    TRY(
        t.execute("UPDATE ledger_holds SET captured_minor = captured_minor - $2, state = 'held' "
                  "WHERE name = $1",
                  {entry->hold, minor}));
  } else {
    TRY(t.execute("UPDATE ledger_holds SET credited_minor = credited_minor - $2 WHERE name = $1",
                  {entry->hold, minor}));
  }
  auto reversal = *entry;
  reversal.kind += "_reversal";
  reversal.reverses = bytes_of(reversed);
  reversal.batch_id = batch_id;
  TRY(post(t, name, reversal, hold->merchant_id, now));
  return ResponseCode::approved;
}

Result<ResponseCode> Ledger::reverse(Transaction& t, ByteView hold, Instant now) {
  // Credits come off before the captures that they were of.
  const auto live = TRY(t.query(
      "SELECT name, batch_id FROM ledger_entries AS e WHERE hold = $1 AND kind IN ('capture', "
      "'credit') AND NOT EXISTS (SELECT 1 FROM ledger_entries AS r WHERE r.reverses = e.name) "
      "ORDER BY kind DESC, number DESC",
      {hold}));
  for (const auto& row : live) {
    const auto code =
        TRY(reverse_movement(t, name_of_undoing(row.blob(0)), row.blob(0), row.text(1), now));
    CHECK_OR_FAIL(code == ResponseCode::approved, ErrorCode::internal,
                  "a movement could not be undone with its authorisation");
  }
  TRY(
      t.execute("INSERT INTO ledger_holds (name, state, created_at) VALUES ($1, 'reversed', $2) "
                "ON CONFLICT (name) DO UPDATE SET state = 'reversed', held_minor = 0",
                {hold, now}));
  return ResponseCode::approved;
}

Result<SettlementTotals> Ledger::totals(Transaction& t, const std::string& merchant_id,
                                        const std::string& batch_id, Currency currency) {
  const auto rows = TRY(t.query(
      "SELECT kind, COUNT(*), SUM(amount_minor) FROM ledger_entries WHERE merchant_id = $1 AND "
      "batch_id = $2 AND currency = $3 AND kind <> 'lowering' GROUP BY kind",
      {merchant_id, batch_id, currency.number()}));
  SettlementTotals out;
  for (const auto& row : rows) {
    const CountAndSum sum{row.integer(1), row.integer(2)};
    if (row.text(0) == "capture") out.debits = sum;
    if (row.text(0) == "capture_reversal") out.debit_reversals = sum;
    if (row.text(0) == "credit") out.credits = sum;
    if (row.text(0) == "credit_reversal") out.credit_reversals = sum;
  }
  return out;
}

}  // namespace set
