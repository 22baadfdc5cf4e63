// Resolver::ask, for the two files that use it.
#pragma once

#include "common/audit/proof.h"
#include "common/base/log.h"
#include "merchant/resolver.h"

namespace set::merchant {

template <class Res, class Make>
Result<GatewayAnswer<Res>> Resolver::ask(const Party& self, const RRPID& rrpid,
                                         const Request& request, std::vector<XID> purchases,
                                         Duration deadline, const Make& make_younger) {
  constexpr auto kAnswer = Treatment<Res>::info.type;
  auto answer = parts_.gateway.template ask<Res>(self, request, deadline);
  if (std::holds_alternative<TooOld>(answer)) {
    // The same RRPID under a fresh date: the gateway knows by that name what it has done.
    const auto younger = TRY(make_younger());
    const auto now = parts_.clock();
    const auto proof =
        proof_of_request(request_type_of(kAnswer), younger, self, std::move(purchases), now);
    const auto saved =
        parts_.store.replace_bytes(rrpid, younger, now, now - kFreshnessWindow, proof);
    if (!saved && saved.error().code != ErrorCode::conflict) return failure(saved.error());
    if (saved) {
      log_info("request made anew", kAnswer, rrpid);
      answer = parts_.gateway.template ask<Res>(self, younger, deadline);
    }
  }
  // That the first bytes were too old may have been said in the clear, about a spoilt copy, when
  // the gateway had decided by them. Then it has their answer, for these bytes whatever their date.
  if (std::holds_alternative<KnownInOtherBytes>(answer)) {
    for (const auto& earlier : TRY(parts_.store.earlier_bytes(rrpid))) {
      auto again = parts_.gateway.template ask<Res>(self, earlier, deadline);
      if (std::holds_alternative<OpenedAnswer<Res>>(again)) return again;
      // No other word counts: the gateway has just said that it did take this request up.
    }
  }
  if (const auto* unanswered = std::get_if<Unanswered>(&answer))
    log_warning("not answered", kAnswer, rrpid, unanswered->reason);
  if (std::holds_alternative<TooOld>(answer))
    log_warning("not answered: the clocks differ", kAnswer, rrpid);
  if (std::holds_alternative<KnownInOtherBytes>(answer))
    log_warning("not answered: the gateway knows it in other bytes", kAnswer, rrpid);
  if (const auto* refused = std::get_if<Refused>(&answer))
    log_warning("refused", kAnswer, rrpid, refused->code);
  return answer;
}

}  // namespace set::merchant
