// Acquirer: the bank network behind the gateway, as the gateway sees it. One of the house's three
// virtual interfaces, for the bank is outside: acquirer_client.h is the sandbox in the gateway's
// own database, iso8583_client.h a bank over TCP. Called from many threads.
//
// Every question has a name and is idempotent by it: asked again, it is the same question and gets
// the first answer. The card number goes along with the authorisation only; whatever follows refers
// to it, and the network resolves the card.
#pragma once

#include <optional>
#include <string>

#include "common/iso8583/response_code.h"
#include "common/iso8583/address.h"
#include "common/iso8583/message.h"
#include "common/message/account.h"
#include "common/message/authorization.h"

namespace set::gateway {

struct AcquirerNameTag {
  static constexpr const char* kName = "the acquirer's name of a question";
};
/// Names a capture, a credit, a lowering or a reversal.
using AcquirerName = Octets<AcquirerNameTag, 20>;

/// The name of one item of a request: of CapReq, CapRevReq, CredReq, CredRevReq or AuthRevReq with
/// this RRPID, about the authorisation auth_rrpid; of a reversal, also about the RRPID it names.
AcquirerName acquirer_name(const RRPID& request, const RRPID& auth_rrpid,
                           const std::optional<RRPID>& reversed = std::nullopt);
/// The capture that a sale brings with it (AcquirerRequest::capture_now).
AcquirerName sale_capture_name(const RRPID& auth_rrpid);

/// One question about a card. It is named by authRRPID.
struct AcquirerRequest {
  RRPID auth_rrpid;
  const PANData& account;
  Amount amount;
  bool capture_now;  ///< a sale: authorise and capture at once
  std::string merchant_id;
  std::string batch_id = {};  ///< where a sale's capture is counted
  std::optional<iso8583::Address> address = std::nullopt;  ///< to be compared by the issuer
};

/// Another question about the card of an approved authorisation of the same merchant, for which a
/// token stands and no card number is there: split shipment, instalments, recurring payments.
struct AcquirerSubsequent {
  RRPID auth_rrpid;
  RRPID original;  ///< the authorisation whose card is meant
  Amount amount;
  bool capture_now;
  std::string merchant_id;
  std::string batch_id = {};
};

struct AcquirerAnswer {
  AuthCode code;
  std::string approval_code;  ///< 6 characters iff approved
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;         ///< the network's name for it
  Instant hold_expires{};         ///< iff approved and not captured
  iso8583::CardNotes notes = {};  ///< AVS where the network compares addresses and had one
};

/// What follows an authorisation.
struct AcquirerMovement {
  AcquirerName name;
  RRPID auth_rrpid;  ///< the authorisation whose card and merchant it is about
  Amount amount;
  std::string batch_id;  ///< where it is counted
};

/// One merchant's batch in one currency, as the gateway has counted it.
struct AcquirerReconciliation {
  std::string merchant_id;
  std::string batch_id;
  Currency currency;
  SettlementTotals totals;
};
struct AcquirerReconciled {
  bool in_balance = false;
  SettlementTotals totals;  ///< as the network has counted it
};

class Acquirer {
 public:
  virtual ~Acquirer() = default;

  /// outcome_unknown: no answer in time; it may have been approved, so reverse it.
  virtual Result<AcquirerAnswer> authorize(const AcquirerRequest& request) = 0;
  /// As authorize. conflict: there is no approved `original`; nothing was asked.
  virtual Result<AcquirerAnswer> authorize_subsequent(const AcquirerSubsequent& request) = 0;

  /// The answer that was given under this name, for a gateway that died waiting and no longer has
  /// the card number. None: it was never asked. outcome_unknown as above.
  virtual Result<std::optional<AcquirerAnswer>> inquire(const RRPID& auth_rrpid) = 0;

  /// Whatever happened under this name is undone, and nothing will happen under it any more; also
  /// for a name that the network has never heard. Success is a promise: it is done, or saved and
  /// will be forwarded until it is.
  virtual Result<void> reverse(const RRPID& auth_rrpid) = 0;

  // Errors of what follows. conflict: the network said no, and nothing changed: there is nothing
  // held or captured under this name, or less, its time is over, or the name was used otherwise.
  // outcome_unknown: no answer yet; it is saved and will be forwarded until there is one, which the
  // same question under the same name finds.

  /// Lowers what is held to movement.amount, which is at least what was captured.
  virtual Result<void> lower(const AcquirerMovement& movement) = 0;

  /// Captures at most what is held. Not final: what is left stays held for further captures.
  virtual Result<void> capture(const AcquirerMovement& movement, bool final) = 0;
  /// Undoes the whole capture `captured`, counted in this batch; while the hold lasts the amount
  /// may be captured again. conflict also if it was undone under another name or credited.
  virtual Result<void> reverse_capture(const AcquirerName& name, const AcquirerName& captured,
                                       const std::string& batch_id) = 0;

  /// Gives back at most what was captured and not credited.
  virtual Result<void> credit(const AcquirerMovement& movement) = 0;
  /// Undoes the whole credit `credited`.
  virtual Result<void> reverse_credit(const AcquirerName& name, const AcquirerName& credited,
                                      const std::string& batch_id) = 0;

  /// True while a question of what follows, asked under this name, is still being forwarded: to
  /// ask it again would only wait.
  virtual Result<bool> is_waiting(const AcquirerName& /*name*/) { return false; }

  /// Compares a batch's totals; after all of the merchant's that was forwarded before. Changes
  /// nothing. Errors: peer_unavailable: no answer in time; in_progress: the network lacks something
  /// that is parked, which only an operator sends again.
  virtual Result<AcquirerReconciled> reconcile(const AcquirerReconciliation& batch) = 0;
};

/// SET's word for what a bank answered.
AuthCode auth_code_of(iso8583::ResponseCode code);

}  // namespace set::gateway
