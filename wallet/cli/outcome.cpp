#include "wallet/cli/outcome.h"

#include "common/base/ids.h"
#include "common/daemon/patience.h"

namespace set::wallet {
namespace {

/// SET's Error by its spelling.
ErrorCode code_of(const std::string& name) {
  for (int number = 1; number <= 22; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (to_string(code) == name) return code;
  }
  return ErrorCode::conflict;
}

}  // namespace

Result<void> exit_of(const wire::Purchase& purchase) {
  const auto& outcome = purchase.outcome();
  if (outcome == "approved") return {};
  if (outcome == "declined") {
    return failure(ErrorCode::declined, "the payment was not approved (" + purchase.auth_code() + ")");
  }
  if (outcome == "order_rejected") {
    return failure(ErrorCode::conflict, "the merchant refused the order; nothing was paid");
  }
  if (outcome == "rejected") {
    return failure(code_of(purchase.error_code()),
                   "the merchant did not take the order (" + purchase.error_code() +
                       "); nothing was paid");
  }
  return failure(ErrorCode::outcome_unknown, "the outcome is not known yet; run: set-wallet resume");
}

Error unknown_if_unanswered(Error error) {
  if (error.code != ErrorCode::peer_unavailable) return error;
  if (waiting_is_over()) {
    return {ErrorCode::outcome_unknown,
            "the time of --timeout is over before the outcome was known; the wallet's daemon keeps the "
            "order, nothing is lost: run set-wallet resume"};
  }
  return {ErrorCode::outcome_unknown,
          "the wallet's daemon did not answer after the order was confirmed; start it and run: "
          "set-wallet resume"};
}

Result<std::string> parse_xid(const std::string& text) {
  const auto bytes = from_hex(text);
  CHECK_OR_FAIL(bytes && bytes->size() == XID::kSize, ErrorCode::invalid_argument,
                "an XID has 40 hex digits; see set-wallet order list");
  return string_of(*bytes);
}

}  // namespace set::wallet
