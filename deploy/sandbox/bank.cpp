#include "deploy/sandbox/bank.h"

#include "common/base/log.h"
#include "common/crypto/digest.h"

namespace set::bank {

using namespace iso8583;

namespace {

constexpr std::size_t kAmountDigits = 12;

/// What an answer repeats of its request.
Message answer_to(const Message& request, ResponseCode code) {
  Message out;
  out.mti = answer_type(request.mti);
  for (const int element : {kProcessingCode, kAmount, kTransmissionTime, kStan, kAcquirer, kRrn,
                            kMerchant, kCurrency, kSettlementCurrency, kBatch, kNetworkCode}) {
    if (!request.at(element).empty()) out.elements[element] = request.at(element);
  }
  out.elements[kResponseCode] = to_string(code);
  return out;
}

Result<Bytes> encoded(const Message& answer) { return bytes_of(TRY(encode(answer)).reveal()); }

/// An answer that has nothing but its code, and is not kept.
Result<Bank::Handled> plain(const Message& request, ResponseCode code) {
  auto bytes = TRY(encoded(answer_to(request, code)));
  return Bank::Handled{.answer = std::move(bytes)};
}

/// The amount that a partial reversal leaves, the first part of element 95; none: nothing is left.
Result<std::optional<Amount>> replacement_of(const Message& request) {
  const auto currency = TRY(amount_of(request)).currency();
  std::int64_t minor = 0;
  for (const char c : request.at(kReplacement).substr(0, kAmountDigits)) {
    CHECK_OR_FAIL(c >= '0' && c <= '9', ErrorCode::decoding_failure,
                  "data element 95 is no amount");
    minor = minor * 10 + (c - '0');
  }
  if (minor == 0) return std::nullopt;
  return TRY(Amount::make(currency, minor));
}

/// What of the billing address is to be compared.
std::optional<Address> address_in(const Message& request) {
  Address out{std::string(request.more(kStreetDigits)), std::string(request.more(kPostalCode))};
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

bool is_about_authorization(const Message& request) {
  return request.at(kOriginal).substr(0, 2) == "01";
}

std::optional<ResponseCode> forced_by(const std::optional<Rule>& rule) {
  if (!rule) return std::nullopt;
  if (rule->action == Action::approve || rule->action == Action::partial) {
    return ResponseCode::approved;
  }
  const bool refuses = rule->action == Action::decline || rule->action == Action::referral ||
                       rule->action == Action::expired;
  return refuses ? std::optional(rule->code) : std::nullopt;
}

}  // namespace

Bank::Bank(Database& database, const CardFile& cards, const SecretBytes& key, std::uint64_t seed,
           Duration hold_lifetime, Clock clock)
    : database_(database),
      cards_(cards),
      key_(key.clone()),
      ledger_(cards,
              {.card_index = key.clone(),
               .codes = SecretBytes::copy_of(view_of("seed " + std::to_string(seed)))},
              hold_lifetime),
      clock_(std::move(clock)) {}

Result<void> Bank::open_accounts() {
  return database_.in_transaction("bank:accounts", [&](Transaction& t) -> Result<void> {
    TRY(t.execute("DELETE FROM accounts"));
    for (const auto& card : cards_.cards()) {
      const auto digits = card.pan.reveal();
      for (const auto& limit : card.limits) {
        TRY(t.execute(
            "INSERT INTO accounts (card_index, currency, last_four, behaviour, "
            "limit_minor) VALUES ($1, $2, $3, $4, $5)",
            {ledger_.card_index(card.pan), limit.currency().number(),
             digits.substr(digits.size() - 4), to_string(card.behaviour), limit.minor()}));
      }
    }
    return {};
  });
}

/// Keyed, since a card number is among the bytes. A repeat differs from its original in the last
/// digit of its type alone.
Bytes Bank::mac_of(ByteView request) const {
  auto same = Botan::secure_vector<std::uint8_t>(request.begin(), request.end());
  same.at(3) = '0';
  return hmac_sha384(key_.reveal(), same);
}

Result<Bank::Handled> Bank::handle(const Message& request, ByteView bytes,
                                   const std::optional<Rule>& rule) {
  if (request.mti.starts_with("08")) {
    return plain(request, ResponseCode::approved);
  }
  const auto mac = mac_of(bytes);
  auto handled = database_.in_transaction(
      "bank:answer", [&](Transaction& t) { return handle_in(t, request, mac, rule); });
  if (handled) return handled;
  log_error("the bank could not decide", handled.error());
  return plain(request, ResponseCode::malfunction);
}

Result<Bank::Handled> Bank::handle_in(Transaction& t, const Message& request, ByteView mac,
                                      const std::optional<Rule>& rule) {
  const auto key = key_of(request);
  const auto known = TRY(t.query_one(
      "SELECT request_mac, answer, silent FROM answers WHERE name = $1", {view_of(key)}));
  if (known) {
    if (equal(known->blob(0), mac)) {
      return Handled{.answer = known->blob(1), .silent = known->integer(2) != 0};
    }
    return plain(request, ResponseCode::duplicate);
  }
  const auto decision = TRY(decide(t, request, rule));
  auto answer = answer_to(request, decision.code);
  if (!decision.approval_code.empty()) answer.elements[kApprovalCode] = decision.approval_code;
  if (!decision.reference.empty()) answer.elements[kReference] = decision.reference;
  if (decision.amount) TRY(set_amount(answer, *decision.amount));
  if (decision.totals) {
    set_totals(answer, *decision.totals);
    answer.elements[kSettlementCode] = decision.code == ResponseCode::approved ? "1" : "2";
  }
  if (decision.hold_expires) {
    answer.additional.emplace(kHoldExpires, full_time(*decision.hold_expires));
  }
  TRY(set_card_notes(answer, decision.notes));
  auto bytes = TRY(encoded(answer));
  Handled out{.answer = std::move(bytes), .silent = decision.silent};
  TRY(
      t.execute("INSERT INTO answers (name, request_mac, answer, silent, answered_at) VALUES ($1, "
                "$2, $3, $4, $5)",
                {view_of(key), mac, out.answer, out.silent, clock_()}));
  const auto* card = request.pan ? cards_.find(*request.pan) : nullptr;
  out.slow = card != nullptr && card->behaviour == CardBehaviour::slow &&
             request.at(kProcessingCode) == kPurchase;
  return out;
}

Result<Bank::Decision> Bank::decide(Transaction& t, const Message& request,
                                    const std::optional<Rule>& rule) const {
  if (request.mti.starts_with("01")) return authorize(t, request, rule);
  if (request.mti.starts_with("05")) return reconcile(t, request);
  // A script's refusal of what follows an authorisation changes nothing.
  if (const auto forced = forced_by(rule); forced && *forced != ResponseCode::approved) {
    return Decision{.code = *forced};
  }
  const auto code =
      request.mti.starts_with("02") ? TRY(post(t, request)) : TRY(reverse(t, request));
  return Decision{.code = code};
}

Result<Bank::Decision> Bank::authorize(Transaction& t, const Message& request,
                                       const std::optional<Rule>& rule) const {
  const auto processing = request.at(kProcessingCode);
  if (processing != kPurchase && processing != kAccountCheck) {
    return Decision{.code = ResponseCode::invalid_transaction};
  }
  if (!request.pan) {
    const bool by_reference = processing == kPurchase && !request.at(kOriginal).empty();
    if (!by_reference) return Decision{.code = ResponseCode::format_error};
    return purchase(t, request, rule, nullptr);
  }
  const auto expiry = CardExpiry::parse("20" + std::string(request.at(kExpiry)));
  if (!expiry) return Decision{.code = ResponseCode::format_error};
  if (processing == kPurchase) return purchase(t, request, rule, &*expiry);
  if (const auto forced = forced_by(rule)) return Decision{.code = *forced};
  return Decision{.code = judge_account(cards_.find(*request.pan), *expiry, request.verification,
                                        request.more(kCardholderName), clock_())};
}

Result<Bank::Decision> Bank::purchase(Transaction& t, const Message& request,
                                      const std::optional<Rule>& rule,
                                      const CardExpiry* expiry) const {
  const auto asked = amount_of(request);
  if (!asked) return Decision{.code = ResponseCode::invalid_amount};
  const bool partial = rule && rule->action == Action::partial &&
                       rule->partial->currency() == asked->currency() &&
                       rule->partial->minor() < asked->minor();
  // An advice tells what was approved in our stead (39 and 38 are the stand-in's).
  const bool advice = request.mti.starts_with("012");
  const auto name = key_of(request);
  const Ledger::Question question{
      .name = view_of(name),
      .amount = partial ? *rule->partial : *asked,
      .merchant_id = merchant_of(request),
      .forced = advice ? std::optional(ResponseCode::approved) : forced_by(rule)};
  const auto answer =
      expiry == nullptr
          ? TRY(ledger_.authorize_subsequent(t, question, view_of(original_key(request)), clock_()))
          : TRY(ledger_.authorize(
                t, question,
                {.pan = *request.pan,
                 .expiry = *expiry,
                 .verification = request.verification,
                 .address = address_in(request)},
                clock_()));
  Decision out{.code = answer.code,
               .reference = answer.log_ref_id,
               .notes = answer.notes,
               .silent = answer.silent};
  if (answer.reversed) out.code = ResponseCode::invalid_transaction;
  if (out.code != ResponseCode::approved) return out;
  out.approval_code = answer.approval_code;
  out.hold_expires = answer.hold_expires;
  if (partial) {
    out.code = ResponseCode::partially_approved;
    out.amount = *rule->partial;
  }
  return out;
}

Result<ResponseCode> Bank::post(Transaction& t, const Message& request) const {
  const auto amount = amount_of(request);
  if (!amount) return ResponseCode::invalid_amount;
  if (!is_about_authorization(request)) return ResponseCode::invalid_transaction;
  const auto name = key_of(request);
  const auto hold = original_key(request);
  const Ledger::Movement movement{.name = view_of(name),
                                  .hold = view_of(hold),
                                  .amount = *amount,
                                  .batch_id = std::string(request.at(kBatch))};
  if (request.at(kProcessingCode) == kRefund) return Ledger::credit(t, movement, clock_());
  if (request.at(kProcessingCode) != kPurchase) return ResponseCode::invalid_transaction;
  return Ledger::capture(t, movement, request.more(kFinalCapture) != "N", clock_());
}

Result<ResponseCode> Bank::reverse(Transaction& t, const Message& request) const {
  const auto name = key_of(request);
  const auto original = original_key(request);
  if (!is_about_authorization(request)) {
    return Ledger::reverse_movement(t, view_of(name), view_of(original),
                                    std::string(request.at(kBatch)), clock_());
  }
  if (request.at(kReplacement).empty()) return Ledger::reverse(t, view_of(original), clock_());
  const auto left = replacement_of(request);
  if (!left) return ResponseCode::invalid_amount;
  if (!*left) return Ledger::reverse(t, view_of(original), clock_());
  return Ledger::lower(t,
                       {.name = view_of(name),
                        .hold = view_of(original),
                        .amount = **left,
                        .batch_id = std::string(request.at(kBatch))},
                       clock_());
}

Result<Bank::Decision> Bank::reconcile(Transaction& t, const Message& request) {
  unsigned number = 0;
  for (const char c : request.at(kSettlementCurrency)) {
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  const auto currency = Currency::from_number(number);
  const auto theirs = totals_of(request);
  if (!currency || !theirs) return Decision{.code = ResponseCode::format_error};
  Decision out;
  out.totals =
      TRY(Ledger::totals(t, merchant_of(request), std::string(request.at(kBatch)), *currency));
  out.code = *out.totals == *theirs ? ResponseCode::approved : ResponseCode::out_of_balance;
  return out;
}

}  // namespace set::bank
