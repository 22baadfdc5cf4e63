#include "gateway/iso8583_client.h"

#include "common/base/log.h"
#include "common/daemon/trace.h"

namespace set::gateway {

using iso8583::ResponseCode;

namespace {

AcquirerName name_at_bank(const RRPID& auth_rrpid) { return AcquirerName{auth_rrpid.value}; }

tl::unexpected<Error> unknown_outcome(const char* why) {
  return failure(ErrorCode::outcome_unknown, why);
}

AcquirerAnswer acquirer_answer(const BankAnswer& answer) {
  const bool approved = answer.code == ResponseCode::approved;
  return {.code = auth_code_of(answer.code),
          .approval_code = approved ? answer.approval_code : "",
          .resp_reason = RespReason::issuer,
          .log_ref_id = answer.log_ref_id,
          .hold_expires = answer.hold_expires.value_or(Instant{}),
          .notes = answer.notes};
}

Result<void> accepted(const BankAnswer& answer) {
  CHECK_OR_FAIL(
      answer.code == ResponseCode::approved, ErrorCode::conflict,
      "the bank refused, with response code " + std::string(iso8583::to_string(answer.code)));
  return {};
}

/// A partial approval is a decline that we reverse ourselves; its answer stays.
bool is_reversed_part(const StoredQuestion& stored) {
  return stored.answer && stored.answer->code == ResponseCode::partially_approved;
}

/// Whose work it is, for the bank's log. A repeat may say another: it is not of the content.
void carry_trace(iso8583::Message& message) {
  const bool may = message.mti.starts_with("01") || message.mti.starts_with("02");
  if (const auto trace = current_trace(); may && trace)
    message.additional.insert_or_assign(std::string(iso8583::kTraceparent), traceparent_of(*trace));
}

// A daemon that died while it forwarded is waited for that long, and one exchange.
constexpr Duration kLeadership = std::chrono::seconds(5);
// On a database of several daemons it may be another that is told the answer.
constexpr Duration kLookAtOthers = std::chrono::milliseconds(100);

/// A question that no bank need hear: there is nothing that it could be about.
BankAnswer nothing_to_tell() {
  return {
      .code = ResponseCode::approved, .approval_code = "", .log_ref_id = "", .hold_expires = {}};
}

}  // namespace

Iso8583Client::Iso8583Client(Database& database, Iso8583Options options, Clock clock, Rng& rng)
    : database_(database),
      options_(std::move(options)),
      clock_(std::move(clock)),
      rng_(rng),
      look_at_others_(database.is_shared() ? kLookAtOthers : options_.timeout),
      leader_(database, "bank queue", 2 * options_.timeout + kLeadership, clock_),
      link_({.address = options_.address,
             .acquirer = options_.acquirer_bin,
             .echo_every = options_.echo_every,
             .answer_within = options_.timeout},
            clock_),
      forwarder_([this] { forward(); }) {}

Iso8583Client::~Iso8583Client() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  link_.stop();  // the forwarder may be asking
  forwarder_.join();
}

void Iso8583Client::signal() {
  {
    const std::lock_guard lock(mutex_);
    ++changes_;
  }
  changed_.notify_all();
}

// --- the authorisation ---

Result<Iso8583Client::Asked> Iso8583Client::save_authorization(Question wanted,
                                                               const AcquirerName& about) {
  return database_.in_transaction("acquirer:authorize", [&](Transaction& t) -> Result<Asked> {
    const auto reversal = TRY(questions::find(t, QuestionKind::reversal, wanted.name));
    if (auto known = TRY(questions::find(t, QuestionKind::authorization, wanted.name))) {
      CHECK_OR_FAIL(known->question.amount == wanted.amount && known->about == about,
                    ErrorCode::conflict, "this authRRPID was used for another authorisation");
      return Asked{*std::move(known), true, reversal.has_value()};
    }
    CHECK_OR_FAIL(!reversal, ErrorCode::outcome_unknown, "this authorisation was reversed");
    auto question = TRY(questions::number(t, wanted));
    Asked out{.stored = {.question = std::move(question),
                         .about = about,
                         .message = std::nullopt,
                         .answer = std::nullopt}};
    TRY(questions::insert(t, out.stored));
    return out;
  });
}

Result<BankAnswer> Iso8583Client::ask_authorization(const Question& question,
                                                    const iso8583::Message& message) {
  const auto bytes = TRY(iso8583::encode(message));
  const auto answer = link_.ask(bytes.reveal(), options_.timeout);
  if (!answer) return unknown_outcome("the bank did not answer in time");
  auto accepted_answer = accept_authorization_answer(question, *answer);
  // What cannot be understood may have been an approval.
  if (!accepted_answer) return unknown_outcome("the bank's answer cannot be understood");
  return accepted_answer;
}

/// True if it counts: it was not reversed in the meantime. With a sale's approval its capture is
/// queued; with a part's, which SET has no word for, its reversal.
Result<bool> Iso8583Client::save_answer(const Question& question, const BankAnswer& answer) {
  return database_.in_transaction("acquirer:answered", [&](Transaction& t) -> Result<bool> {
    if (TRY(questions::find(t, QuestionKind::reversal, question.name))) return false;
    TRY(questions::answer(t, question.serial, answer));
    const auto stored = TRY(questions::find(t, QuestionKind::authorization, question.name));
    CHECK_OR_FAIL(stored, ErrorCode::internal, "an answer without its question");
    if (answer.code == ResponseCode::partially_approved) {
      auto reversal = question;
      reversal.kind = QuestionKind::reversal;
      TRY(queue(t, std::move(reversal), *stored, true));
    }
    if (answer.code == ResponseCode::approved && question.capture_now) {
      auto sale = question;
      sale.kind = QuestionKind::capture;
      TRY(queue(t, std::move(sale), *stored, true));
    }
    return true;
  });
}

template <class Request>
Question Iso8583Client::question_of(const Request& request) const {
  return {.kind = QuestionKind::authorization,
          .name = name_at_bank(request.auth_rrpid),
          .asked_at = clock_(),
          .acquirer_bin = options_.acquirer_bin,
          .merchant_id = request.merchant_id,
          .amount = request.amount,
          .batch_id = request.batch_id,
          .capture_now = request.capture_now};
}

template <class Make>
Result<AcquirerAnswer> Iso8583Client::decide(Question wanted, const AcquirerName& about,
                                             const Make& make) {
  iso8583::Message fitting;
  if (!iso8583::set_amount(fitting, wanted.amount)) {
    return AcquirerAnswer{.code = AuthCode::amount_error,
                          .approval_code = "",
                          .resp_reason = std::nullopt,
                          .log_ref_id = ""};
  }
  const auto asked = TRY(save_authorization(std::move(wanted), about));
  if (asked.reversed && !is_reversed_part(asked.stored)) {
    return unknown_outcome("this authorisation was reversed");
  }
  if (asked.stored.answer) return acquirer_answer(*asked.stored.answer);
  const auto& question = asked.stored.question;
  auto message = TRY(make(question, asked.repeat));
  carry_trace(message);
  const auto answer = TRY(ask_authorization(question, message));
  const bool counts = TRY(save_answer(question, answer));
  signal();
  if (!counts) return unknown_outcome("this authorisation was reversed");
  return acquirer_answer(answer);
}

Result<AcquirerAnswer> Iso8583Client::authorize(const AcquirerRequest& request) {
  return decide(question_of(request), name_at_bank(request.auth_rrpid),
                [&](const Question& question, bool repeat) {
                  return make_authorization(question, request, repeat);
                });
}

Result<AcquirerAnswer> Iso8583Client::authorize_subsequent(const AcquirerSubsequent& request) {
  const auto about = name_at_bank(request.original);
  const auto original = TRY(database_.in_transaction("acquirer:find", [&](Transaction& t) {
    return questions::find(t, QuestionKind::authorization, about);
  }));
  CHECK_OR_FAIL(original && original->answer && original->answer->code == ResponseCode::approved &&
                    original->question.merchant_id == request.merchant_id,
                ErrorCode::conflict, "there is no approved authorisation of this name");
  return decide(question_of(request), about, [&](const Question& question, bool repeat) {
    return make_subsequent(question, original->question, repeat);
  });
}

Result<std::optional<AcquirerAnswer>> Iso8583Client::inquire(const RRPID& auth_rrpid) {
  const auto name = name_at_bank(auth_rrpid);
  return database_.in_transaction(
      "acquirer:inquire", [&](Transaction& t) -> Result<std::optional<AcquirerAnswer>> {
        const auto known = TRY(questions::find(t, QuestionKind::authorization, name));
        if (!known) return std::nullopt;
        const auto reversal = TRY(questions::find(t, QuestionKind::reversal, name));
        const bool gone = reversal && !is_reversed_part(*known);
        if (!known->answer || gone) return unknown_outcome("the bank's answer is not known");
        return acquirer_answer(*known->answer);
      });
}

// --- what follows ---

Result<void> Iso8583Client::queue(Transaction& t, Question question, const StoredQuestion& about,
                                  bool final) {
  question.asked_at = clock_();
  question.rrn = about.question.rrn;
  const auto numbered = TRY(questions::number(t, std::move(question)));
  auto message = TRY(make_following(numbered, about.question, final));
  carry_trace(message);
  const auto bytes = TRY(iso8583::encode(message));
  return questions::insert(t, {.question = numbered,
                               .about = about.question.name,
                               .message = bytes_of(bytes.reveal()),
                               .answer = std::nullopt});
}

Result<void> Iso8583Client::reverse(const RRPID& auth_rrpid) {
  const auto name = name_at_bank(auth_rrpid);
  TRY(database_.in_transaction("acquirer:reverse", [&](Transaction& t) -> Result<void> {
    if (TRY(questions::find(t, QuestionKind::reversal, name))) return {};
    const auto known = TRY(questions::find(t, QuestionKind::authorization, name));
    if (known) {
      auto reversal = known->question;
      reversal.kind = QuestionKind::reversal;
      return queue(t, std::move(reversal), *known, true);
    }
    // The bank never heard of it; only we must remember.
    const auto amount = TRY(Amount::make(TRY(Currency::from_code("EUR")), 1));
    auto question = TRY(questions::number(t, {.kind = QuestionKind::reversal,
                                              .name = name,
                                              .asked_at = clock_(),
                                              .acquirer_bin = options_.acquirer_bin,
                                              .merchant_id = "",
                                              .amount = amount,
                                              .batch_id = ""}));
    return questions::insert(t, {.question = std::move(question),
                                 .about = name,
                                 .message = std::nullopt,
                                 .answer = nothing_to_tell()});
  }));
  signal();
  return {};
}

Result<void> Iso8583Client::follow(QuestionKind kind, const AcquirerMovement& movement,
                                   bool final) {
  const auto about = name_at_bank(movement.auth_rrpid);
  TRY(database_.in_transaction("acquirer:queue", [&](Transaction& t) -> Result<void> {
    if (const auto known = TRY(questions::find_movement(t, movement.name))) {
      CHECK_OR_FAIL(known->question.kind == kind && known->about == about &&
                        known->question.amount == movement.amount,
                    ErrorCode::conflict, "this name was used for another question");
      return {};
    }
    const auto original = TRY(questions::find(t, QuestionKind::authorization, about));
    CHECK_OR_FAIL(original && original->answer && original->answer->code == ResponseCode::approved,
                  ErrorCode::conflict, "there is no approved authorisation of this name");
    auto question = original->question;
    question.kind = kind;
    question.name = movement.name;
    question.amount = movement.amount;
    question.batch_id = movement.batch_id;
    return queue(t, std::move(question), *original, final);
  }));
  signal();
  return wait_for_answer(movement.name);
}

Result<void> Iso8583Client::undo(QuestionKind kind, const AcquirerName& name,
                                 QuestionKind about_kind, const AcquirerName& about,
                                 const std::string& batch_id) {
  TRY(database_.in_transaction("acquirer:queue", [&](Transaction& t) -> Result<void> {
    if (const auto known = TRY(questions::find_movement(t, name))) {
      CHECK_OR_FAIL(known->question.kind == kind && known->about == about, ErrorCode::conflict,
                    "this name was used for another question");
      return {};
    }
    const auto original = TRY(questions::find(t, about_kind, about));
    CHECK_OR_FAIL(original, ErrorCode::conflict, "there is nothing of this name to reverse");
    auto question = original->question;
    question.kind = kind;
    question.name = name;
    question.batch_id = batch_id;
    return queue(t, std::move(question), *original, true);
  }));
  signal();
  return wait_for_answer(name);
}

template <class Done>
Result<bool> Iso8583Client::wait_until(const Done& done) {
  const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
  while (true) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      seen = changes_;
    }
    if (TRY(done())) return true;
    std::unique_lock lock(mutex_);
    const auto until = std::min(deadline, std::chrono::steady_clock::now() + look_at_others_);
    changed_.wait_until(lock, until, [&] { return stop_ || changes_ != seen; });
    if (stop_ || std::chrono::steady_clock::now() >= deadline) return false;
  }
}

Result<void> Iso8583Client::wait_for_answer(const AcquirerName& name) {
  std::optional<BankAnswer> answer;
  const bool answered = TRY(wait_until([&]() -> Result<bool> {
    auto stored = TRY(database_.in_transaction(
        "acquirer:find", [&](Transaction& t) { return questions::find_movement(t, name); }));
    CHECK_OR_FAIL(stored, ErrorCode::internal, "a question is gone");
    answer = std::move(stored->answer);
    return answer.has_value();
  }));
  if (!answered) return unknown_outcome("the bank has not answered yet; it is being asked");
  return accepted(*answer);
}

Result<void> Iso8583Client::lower(const AcquirerMovement& movement) {
  return follow(QuestionKind::lowering, movement, true);
}

Result<void> Iso8583Client::capture(const AcquirerMovement& movement, bool final) {
  return follow(QuestionKind::capture, movement, final);
}

Result<void> Iso8583Client::reverse_capture(const AcquirerName& name, const AcquirerName& captured,
                                            const std::string& batch_id) {
  return undo(QuestionKind::capture_reversal, name, QuestionKind::capture, captured, batch_id);
}

Result<void> Iso8583Client::credit(const AcquirerMovement& movement) {
  return follow(QuestionKind::credit, movement, true);
}

Result<void> Iso8583Client::reverse_credit(const AcquirerName& name, const AcquirerName& credited,
                                           const std::string& batch_id) {
  return undo(QuestionKind::credit_reversal, name, QuestionKind::credit, credited, batch_id);
}

Result<AcquirerReconciled> Iso8583Client::reconcile(const AcquirerReconciliation& batch) {
  const auto length = [&] {
    return database_.in_transaction("acquirer:count", [&](Transaction& t) {
      return questions::queue_length(t, batch.merchant_id);
    });
  };
  CHECK_OR_FAIL(TRY(length()).parked == 0, ErrorCode::in_progress,
                "something of this merchant's is parked");
  const bool forwarded =
      TRY(wait_until([&]() -> Result<bool> { return TRY(length()).queued == 0; }));
  CHECK_OR_FAIL(forwarded, ErrorCode::peer_unavailable,
                "the bank has not heard of everything yet: try again later");
  const auto one = TRY(Amount::make(batch.currency, 1));
  const auto question =
      TRY(database_.in_transaction("acquirer:reconcile", [&](Transaction& t) -> Result<Question> {
        const auto name = rng_.make<AcquirerName>();
        auto asked = TRY(questions::number(t, {.kind = QuestionKind::reconciliation,
                                               .name = name,
                                               .asked_at = clock_(),
                                               .acquirer_bin = options_.acquirer_bin,
                                               .merchant_id = batch.merchant_id,
                                               .amount = one,
                                               .batch_id = batch.batch_id}));
        TRY(questions::insert(
            t,
            {.question = asked, .about = name, .message = std::nullopt, .answer = std::nullopt}));
        return asked;
      }));
  const auto message = TRY(make_reconciliation(question, batch.totals));
  const auto bytes = TRY(iso8583::encode(message));
  const auto answer = link_.ask(bytes.reveal(), options_.timeout);
  CHECK_OR_FAIL(answer, ErrorCode::peer_unavailable, "the bank did not answer in time");
  const auto code = TRY(iso8583::parse_response_code(answer->at(iso8583::kResponseCode)));
  CHECK_OR_FAIL(code == ResponseCode::approved || code == ResponseCode::out_of_balance,
                ErrorCode::peer_unavailable, "the bank did not reconcile");
  const auto totals = TRY(iso8583::totals_of(*answer));
  return AcquirerReconciled{.in_balance = code == ResponseCode::approved, .totals = totals};
}

Result<bool> Iso8583Client::is_waiting(const AcquirerName& name) {
  const auto stored = TRY(database_.in_transaction(
      "acquirer:find", [&](Transaction& t) { return questions::find_movement(t, name); }));
  return stored && !stored->answer;
}

// --- store and forward ---

/// True if it is parked now, and the next may go.
Result<bool> Iso8583Client::count_failure(const StoredQuestion& question, const Error& error) {
  const auto serial = question.question.serial;
  const bool garbled = error.code == ErrorCode::decoding_failure;
  return database_.in_transaction("acquirer:attempt", [&](Transaction& t) -> Result<bool> {
    if (!garbled) {
      TRY(questions::count_attempt(t, serial));
      return false;
    }
    if (TRY(questions::count_garbled(t, serial)) < options_.park_after) return false;
    TRY(questions::park(t, serial, clock_()));
    return true;
  });
}

/// True if one was answered, so that the next may go.
Result<bool> Iso8583Client::forward_next() {
  const auto next = TRY(database_.in_transaction(
      "acquirer:next", [](Transaction& t) { return questions::next_queued(t); }));
  if (!next) return false;
  const auto& question = next->question;
  const auto bytes = next->attempts > 0 ? as_repeat(*next->message) : *next->message;
  const auto reply = link_.ask(bytes, options_.timeout);
  auto answer =
      reply ? accept_following_answer(*reply) : Result<BankAnswer>(failure(reply.error()));
  if (!answer) {
    const bool parked = TRY(count_failure(*next, answer.error()));
    if (!parked) return failure(std::move(answer).error());
    log_error("parked: the bank's answers to it cannot be understood; `queue retry` sends it again",
              LogWord{"kind", name_of(question.kind)},
              LogWord{"serial", std::to_string(question.serial)});
    return true;
  }
  if (answer->code != ResponseCode::approved) {
    log_warning("the bank refused what follows an authorisation",
                LogWord{"kind", name_of(question.kind)},
                LogWord{"response", iso8583::to_string(answer->code)});
  }
  TRY(database_.in_transaction("acquirer:forwarded", [&](Transaction& t) {
    return questions::answer(t, question.serial, *answer);
  }));
  signal();
  return true;
}

void Iso8583Client::forward() {
  while (true) {
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      seen = changes_;
    }
    const auto leads = leader_.hold();
    const auto forwarded = leads && *leads ? forward_next()
                           : leads         ? Result<bool>(false)
                                           : Result<bool>(failure(leads.error()));
    if (forwarded && *forwarded) continue;
    if (!forwarded) log_warning("forwarding to the bank", forwarded.error());
    std::unique_lock lock(mutex_);
    // After a failure the queue's head is tried again in a while, whatever else is queued. What
    // another process puts into the queue, `queue retry` for one, is seen after a while too.
    if (forwarded) {
      changed_.wait_for(lock, options_.look_again, [&] { return stop_ || changes_ != seen; });
    } else {
      changed_.wait_for(lock, options_.retry_after, [&] { return stop_; });
    }
  }
}

}  // namespace set::gateway
