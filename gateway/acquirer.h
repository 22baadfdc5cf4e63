// Acquirer: the bank network behind the gateway, as the gateway sees it. One of the house's three
// virtual interfaces, for the bank is outside: acquirer_client.h is the sandbox; an ISO 8583 link
// would be another. Called from many threads.
#pragma once

#include <optional>
#include <string>

#include "common/message/account.h"
#include "common/message/authorization.h"

namespace set::gateway {

/// One question. It is named by authRRPID: asked again under the same name, it is the same
/// question.
struct AcquirerRequest {
  RRPID auth_rrpid;
  const PANData& account;
  Amount amount;
  bool capture_now;  ///< a sale: authorise and capture at once
  std::string merchant_id;
};

struct AcquirerAnswer {
  AuthCode code;              ///< approved, declined, callIssuer, expiredCard
  std::string approval_code;  ///< 6 characters iff approved
  std::optional<RespReason> resp_reason;
  std::string log_ref_id;  ///< the network's name for it
  Instant hold_expires{};  ///< iff approved and not captured
};

class Acquirer {
 public:
  virtual ~Acquirer() = default;

  /// Idempotent by auth_rrpid: a repeat gets the first answer.
  /// outcome_unknown: no answer in time; it may have been approved, so reverse it.
  virtual Result<AcquirerAnswer> authorize(const AcquirerRequest& request) = 0;

  /// The answer that was given under this name, for a gateway that died waiting and no longer has
  /// the card number. None: it was never asked. outcome_unknown as above.
  virtual Result<std::optional<AcquirerAnswer>> inquire(const RRPID& auth_rrpid) = 0;

  /// Captures at most what is held. conflict: nothing is held under this name, or less.
  virtual Result<void> capture(const RRPID& auth_rrpid, const Amount& amount) = 0;

  /// Whatever happened under this name is undone, and nothing will happen under it any more.
  /// Idempotent; also for a name that the acquirer has never heard.
  virtual Result<void> reverse(const RRPID& auth_rrpid) = 0;
};

}  // namespace set::gateway
