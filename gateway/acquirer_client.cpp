#include "gateway/acquirer_client.h"

#include "common/crypto/digest.h"

namespace set::gateway {
namespace {

constexpr std::size_t kApprovalCodeBytes = 6;
constexpr std::size_t kLogRefIDBytes = 8;

/// Six digits, as banks print them.
std::string make_approval_code(Rng& rng) {
  std::string out;
  for (const auto byte : rng.bytes(kApprovalCodeBytes)) {
    out.push_back(static_cast<char>('0' + byte % 10));
  }
  return out;
}

}  // namespace

/// What the bank says, before it is written down.
struct AcquirerClient::Verdict {
  AuthCode code;
  bool silent = false;
  Duration delay{};
};

/// A row of the book.
struct AcquirerClient::Entry {
  std::string state;
  bool silent = false;
  bool is_new = false;
  Duration delay{};
  AcquirerAnswer answer;
  std::optional<Digest> card_index;
  std::int64_t currency = 0;
  std::int64_t amount_minor = 0;
};

AcquirerClient::AcquirerClient(Database& database, const CardFile& cards,
                               SecretBytes card_index_key, AcquirerOptions options, Clock clock,
                               Rng& rng, Sleep sleep)
    : database_(database),
      cards_(cards),
      card_index_key_(std::move(card_index_key)),
      options_(options),
      clock_(std::move(clock)),
      rng_(rng),
      sleep_(std::move(sleep)) {}

Digest AcquirerClient::card_index(const Pan& pan) const {
  Digest out;
  const auto mac = hmac_sha384(card_index_key_.reveal(), view_of(pan.reveal()));
  std::copy(mac.begin(), mac.end(), out.value.begin());
  return out;
}

AcquirerClient::Verdict AcquirerClient::judge(const AcquirerRequest& request,
                                              const SandboxCard* card, std::int64_t used_minor,
                                              Instant now) const {
  if (card == nullptr) return {.code = AuthCode::declined};
  Verdict out{.code = AuthCode::approved};
  if (card->behaviour == CardBehaviour::slow) out.delay = options_.slow;
  out.silent = card->behaviour == CardBehaviour::no_reply;
  const auto answered = [&](AuthCode code) {
    out.code = code;
    return out;
  };
  if (card->behaviour == CardBehaviour::decline) return answered(AuthCode::declined);
  if (card->behaviour == CardBehaviour::referral) return answered(AuthCode::call_issuer);
  if (card->behaviour == CardBehaviour::expired) return answered(AuthCode::expired_card);
  const auto& account = request.account;
  if (now >= account.expiry.end() || now >= card->expiry.end()) {
    return answered(AuthCode::expired_card);
  }
  if (!card->expiry_fits(account.expiry)) return answered(AuthCode::declined);
  // A verification value need not be there, since the cardholder has signed; a wrong one is a no.
  if (account.cvv && !card->verification_fits(account.cvv)) return answered(AuthCode::declined);
  const auto limit = card->limit_in(request.amount.currency());
  if (!limit || used_minor > limit->minor() ||
      request.amount.minor() > limit->minor() - used_minor) {
    return answered(AuthCode::declined);
  }
  return out;
}

Result<std::optional<AcquirerClient::Entry>> AcquirerClient::find(Transaction& t,
                                                                  const RRPID& auth_rrpid) {
  const auto row = TRY(t.query_one(
      "SELECT state, silent, card_index, currency, amount_minor, auth_code, approval_code, "
      "log_ref_id, hold_expires FROM acquirer_holds WHERE auth_rrpid = $1",
      {auth_rrpid}));
  if (!row) return std::nullopt;
  Entry out;
  out.state = row->text(0);
  out.silent = row->integer(1) != 0;
  if (row->is_null(2)) return out;  // reversed before it was asked
  out.card_index = row->octets<Digest>(2);
  out.currency = row->integer(3);
  out.amount_minor = row->integer(4);
  out.answer.code = static_cast<AuthCode>(row->integer(5));
  out.answer.approval_code = row->text(6);
  out.answer.resp_reason = RespReason::issuer;
  out.answer.log_ref_id = row->text(7);
  if (!row->is_null(8)) out.answer.hold_expires = row->instant(8);
  return out;
}

Result<AcquirerClient::Entry> AcquirerClient::find_or_decide(const AcquirerRequest& request) {
  const auto now = clock_();
  const auto index = card_index(request.account.pan);
  const auto* card = cards_.find(request.account.pan);
  const auto log_ref_id = to_hex(rng_.bytes(kLogRefIDBytes));
  return database_.in_transaction("acquirer:authorize", [&](Transaction& t) -> Result<Entry> {
    if (auto known = TRY(find(t, request.auth_rrpid))) {
      const bool same =
          !known->card_index ||
          (*known->card_index == index && known->currency == request.amount.currency().number() &&
           known->amount_minor == request.amount.minor());
      CHECK_OR_FAIL(same, ErrorCode::conflict, "this authRRPID was used for another authorisation");
      return *std::move(known);
    }
    // A hold that nobody captured in time no longer counts.
    TRY(
        t.execute("UPDATE acquirer_holds SET state = 'expired' WHERE card_index = $1 "
                  "AND state = 'held' AND hold_expires <= $2",
                  {index, now}));
    const auto used =
        TRY(t.query_one("SELECT COALESCE(SUM(CASE state WHEN 'captured' THEN captured_minor ELSE "
                        "amount_minor END), 0) "
                        "FROM acquirer_holds WHERE card_index = $1 AND currency = $2 "
                        "AND state IN ('held', 'captured')",
                        {index, request.amount.currency().number()}));
    const auto verdict = judge(request, card, used->integer(0), now);
    Entry out;
    out.is_new = true;
    out.silent = verdict.silent;
    out.delay = verdict.delay;
    out.answer.code = verdict.code;
    out.answer.resp_reason = RespReason::issuer;
    out.answer.log_ref_id = log_ref_id;
    out.state = "refused";
    std::optional<Instant> hold_expires;
    if (verdict.code == AuthCode::approved) {
      out.answer.approval_code = make_approval_code(rng_);
      out.state = request.capture_now ? "captured" : "held";
      out.answer.hold_expires = now + options_.hold_lifetime;
      hold_expires = out.answer.hold_expires;
    }
    TRY(t.execute(
        "INSERT INTO acquirer_holds (auth_rrpid, state, silent, card_index, merchant_id, currency, "
        "amount_minor, captured_minor, auth_code, approval_code, log_ref_id, hold_expires, "
        "created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        {request.auth_rrpid, out.state, out.silent, index, request.merchant_id,
         request.amount.currency().number(), request.amount.minor(),
         out.state == "captured" ? request.amount.minor() : 0, static_cast<int>(out.answer.code),
         out.answer.approval_code, log_ref_id, hold_expires, now}));
    return out;
  });
}

Result<AcquirerAnswer> AcquirerClient::spoken(const Entry& entry, Duration delay) const {
  // What was reversed has no answer any more; a silent card never has one.
  if (entry.state == "reversed") {
    return failure(ErrorCode::outcome_unknown, "the acquirer has reversed this authorisation");
  }
  if (entry.silent || delay >= options_.timeout) {
    sleep_(options_.timeout);
    return failure(ErrorCode::outcome_unknown, "the acquirer did not answer in time");
  }
  if (delay > Duration::zero()) sleep_(delay);
  return entry.answer;
}

Result<AcquirerAnswer> AcquirerClient::authorize(const AcquirerRequest& request) {
  const auto entry = TRY(find_or_decide(request));
  return spoken(entry, entry.delay);
}

Result<std::optional<AcquirerAnswer>> AcquirerClient::inquire(const RRPID& auth_rrpid) {
  const auto entry = TRY(database_.in_transaction(
      "acquirer:inquire", [&](Transaction& t) { return find(t, auth_rrpid); }));
  if (!entry) return std::nullopt;
  return TRY(spoken(*entry, {}));
}

Result<void> AcquirerClient::capture(const RRPID& auth_rrpid, const Amount& amount) {
  const auto now = clock_();
  return database_.in_transaction("acquirer:capture", [&](Transaction& t) -> Result<void> {
    const auto changed = TRY(t.execute(
        "UPDATE acquirer_holds SET state = 'captured', captured_minor = $2 WHERE auth_rrpid = $1 "
        "AND currency = $3 AND amount_minor >= $2 "
        "AND ((state = 'held' AND hold_expires > $4) OR (state = 'captured' AND captured_minor = "
        "$2))",
        {auth_rrpid, amount.minor(), amount.currency().number(), now}));
    CHECK_OR_FAIL(changed == 1, ErrorCode::conflict, "there is no such hold to capture from");
    return {};
  });
}

Result<void> AcquirerClient::reverse(const RRPID& auth_rrpid) {
  const auto now = clock_();
  return database_.in_transaction("acquirer:reverse", [&](Transaction& t) -> Result<void> {
    TRY(
        t.execute("INSERT INTO acquirer_holds (auth_rrpid, state, created_at) "
                  "VALUES ($1, 'reversed', $2) ON CONFLICT (auth_rrpid) DO UPDATE "
                  "SET state = 'reversed', captured_minor = 0",
                  {auth_rrpid, now}));
    return {};
  });
}

}  // namespace set::gateway
