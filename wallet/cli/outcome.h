// From a purchase to the exit code of the command that showed it.
#pragma once

#include "common/base/result.h"
#include "set/v1/local.pb.h"

namespace set::wallet {

namespace wire = set::v1;

/// Nothing for an approved purchase; declined, conflict, outcome_unknown or the merchant's Error, with
/// a sentence, for the others.
Result<void> exit_of(const wire::Purchase& purchase);

/// After an order was confirmed a daemon that did not answer may have sent it: outcome_unknown, with
/// what to do. Other errors stay what they are.
Error unknown_if_unanswered(Error error);

/// 40 hex digits, as all commands print it. invalid_argument.
Result<std::string> parse_xid(const std::string& text);

}  // namespace set::wallet
