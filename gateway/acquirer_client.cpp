#include "gateway/acquirer_client.h"

namespace set::gateway {

using iso8583::ResponseCode;

namespace {

Ledger::Movement movement_of(const AcquirerMovement& movement) {
  return {.name = movement.name.view(),
          .hold = movement.auth_rrpid.view(),
          .amount = movement.amount,
          .batch_id = movement.batch_id};
}

/// AcquirerRequest or AcquirerSubsequent.
template <class Request>
Ledger::Question ledger_question(const Request& request) {
  return {.name = request.auth_rrpid.view(),
          .amount = request.amount,
          .merchant_id = request.merchant_id,
          .capture_into = request.capture_now ? std::optional(request.batch_id) : std::nullopt};
}

Result<void> accepted(ResponseCode code) {
  CHECK_OR_FAIL(code == ResponseCode::approved, ErrorCode::conflict,
                "the acquirer refused, with response code " + std::string(to_string(code)));
  return {};
}

}  // namespace

AcquirerClient::AcquirerClient(Database& database, const CardFile& cards,
                               const SecretBytes& card_index_key, AcquirerOptions options,
                               Clock clock, Sleep sleep)
    : database_(database),
      cards_(cards),
      ledger_(cards, {.card_index = card_index_key.clone(), .codes = card_index_key.clone()},
              options.hold_lifetime),
      options_(options),
      clock_(std::move(clock)),
      sleep_(std::move(sleep)) {}

Result<AcquirerAnswer> AcquirerClient::spoken(const Ledger::Answer& answer, Duration delay) const {
  // What was reversed has no answer any more; a silent card never has one.
  if (answer.reversed) {
    return failure(ErrorCode::outcome_unknown, "the acquirer has reversed this authorisation");
  }
  if (answer.silent || delay >= options_.timeout) {
    sleep_(options_.timeout);
    return failure(ErrorCode::outcome_unknown, "the acquirer did not answer in time");
  }
  if (delay > Duration::zero()) sleep_(delay);
  return AcquirerAnswer{.code = auth_code_of(answer.code),
                        .approval_code = answer.approval_code,
                        .resp_reason = RespReason::issuer,
                        .log_ref_id = answer.log_ref_id,
                        .hold_expires = answer.hold_expires,
                        .notes = answer.notes};
}

Result<AcquirerAnswer> AcquirerClient::authorize(const AcquirerRequest& request) {
  const auto& account = request.account;
  const auto answer = TRY(database_.in_transaction("acquirer:authorize", [&](Transaction& t) {
    return ledger_.authorize(
        t, ledger_question(request),
        {.pan = account.pan,
         .expiry = account.expiry,
         .verification = account.cvv,
         .address = request.address},
        clock_());
  }));
  const auto* card = cards_.find(account.pan);
  const bool slow = answer.is_new && card != nullptr && card->behaviour == CardBehaviour::slow;
  return spoken(answer, slow ? options_.slow : Duration::zero());
}

Result<AcquirerAnswer> AcquirerClient::authorize_subsequent(const AcquirerSubsequent& request) {
  const auto answer = TRY(database_.in_transaction("acquirer:authorize", [&](Transaction& t) {
    return ledger_.authorize_subsequent(t, ledger_question(request), request.original.view(),
                                        clock_());
  }));
  CHECK_OR_FAIL(answer.code != ResponseCode::no_such_record, ErrorCode::conflict,
                "there is no approved authorisation of this name");
  return spoken(answer, {});
}

Result<std::optional<AcquirerAnswer>> AcquirerClient::inquire(const RRPID& auth_rrpid) {
  const auto answer = TRY(database_.in_transaction(
      "acquirer:inquire", [&](Transaction& t) { return Ledger::find(t, auth_rrpid.view()); }));
  if (!answer) return std::nullopt;
  return TRY(spoken(*answer, {}));
}

Result<void> AcquirerClient::reverse(const RRPID& auth_rrpid) {
  return accepted(TRY(database_.in_transaction("acquirer:reverse", [&](Transaction& t) {
    return Ledger::reverse(t, auth_rrpid.view(), clock_());
  })));
}

Result<void> AcquirerClient::lower(const AcquirerMovement& movement) {
  return accepted(TRY(database_.in_transaction("acquirer:lower", [&](Transaction& t) {
    return Ledger::lower(t, movement_of(movement), clock_());
  })));
}

Result<void> AcquirerClient::capture(const AcquirerMovement& movement, bool final) {
  return accepted(TRY(database_.in_transaction("acquirer:capture", [&](Transaction& t) {
    return Ledger::capture(t, movement_of(movement), final, clock_());
  })));
}

Result<void> AcquirerClient::credit(const AcquirerMovement& movement) {
  return accepted(TRY(database_.in_transaction("acquirer:credit", [&](Transaction& t) {
    return Ledger::credit(t, movement_of(movement), clock_());
  })));
}

Result<void> AcquirerClient::reverse_movement(const AcquirerName& name,
                                              const AcquirerName& reversed,
                                              const std::string& batch_id) {
  return accepted(TRY(database_.in_transaction("acquirer:reverse-movement", [&](Transaction& t) {
    return Ledger::reverse_movement(t, name.view(), reversed.view(), batch_id, clock_());
  })));
}

Result<void> AcquirerClient::reverse_capture(const AcquirerName& name, const AcquirerName& captured,
                                             const std::string& batch_id) {
  return reverse_movement(name, captured, batch_id);
}

Result<void> AcquirerClient::reverse_credit(const AcquirerName& name, const AcquirerName& credited,
                                            const std::string& batch_id) {
  return reverse_movement(name, credited, batch_id);
}

Result<AcquirerReconciled> AcquirerClient::reconcile(const AcquirerReconciliation& batch) {
  const auto ours = TRY(database_.in_transaction("acquirer:reconcile", [&](Transaction& t) {
    return Ledger::totals(t, batch.merchant_id, batch.batch_id, batch.currency);
  }));
  return AcquirerReconciled{.in_balance = ours == batch.totals, .totals = ours};
}

}  // namespace set::gateway
