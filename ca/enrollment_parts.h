// What cardholders' and parties' registration share. Internal to enrollment*.cpp; pure.
#pragma once

#include "ca/enrollment.h"
#include "common/enrollment/enrollee.h"

namespace set::ca::parts {

inline constexpr std::size_t kLidBytes = 20;

SessionHead open_session(const LIDEE& lid_ee, const Digest& opened_by, Instant now, Rng& rng);
Result<void> check_brand(const std::string& asked, std::string_view served);
tl::unexpected<Error> unknown_registration();
Result<void> check_lids(const SessionHead& head, const LIDEE& lid_ee, const LIDCA& lid_ca);
Refusal rejected(std::string why);
/// "RegFormID is current and every required field well-formed": the fault, in SET's status code and
/// items.
std::optional<Refusal> form_fault(const RegFormData& form, const CertReq& req);

/// The head of the session's last state, kept for a day.
inline SessionHead complete(SessionHead head, Instant now) {
  head.expires_at = now + kCompletedLife;
  return head;
}

}  // namespace set::ca::parts
