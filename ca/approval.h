// Who decides about a request for certificates, by role and BIN: nobody more than the issuer
// (cardholders), the enrolment token (merchants and gateways), or an operator in a second step
// (requestPended, CertInqReq). Pure; immutable, any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/crypto/certificate.h"

namespace set::ca {

enum class Approval {
  automatic,  ///< cardholders: the issuer's yes is enough
  token,      ///< merchants and gateways: the token's record is enough
  by_operator,
};

class ApprovalRules {
 public:
  /// Each "ROLE=POLICY" or "ROLE:BIN=POLICY", BIN by its first digits, POLICY auto, token or
  /// operator. invalid_argument in the command's words.
  static Result<ApprovalRules> parse(const std::vector<std::string>& rules);

  /// The rule with the longest fitting BIN; without one: cardholders auto, the others token.
  Approval choose(Role role, std::string_view bin) const;

 private:
  struct Rule {
    Role role;
    std::string bin;
    Approval approval;
  };
  std::vector<Rule> rules_;
};

}  // namespace set::ca
