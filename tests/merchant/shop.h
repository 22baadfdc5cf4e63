// What the merchant's tests share: parties of a small PKI, an order, and a cardholder who makes
// correct messages. A test changes one thing in a Draft and looks at what is refused.
#pragma once

#include <functional>

#include <catch2/catch_test_macros.hpp>

#include "common/message/dual_signature.h"
#include "merchant/authorization.h"
#include "merchant/purchase.h"
#include "tests/support/pki.h"

namespace set::merchant::test {

using namespace set::test;  // NOLINT: test support is one vocabulary

/// Opens a Result in a test: fails it with the Error's words.
template <class T>
T value_of(Result<T> result) {
  if (!result) FAIL(std::string(to_string(result.error().code)) + ": " + result.error().detail);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Amount amount(std::string_view text);

/// Everything that goes into one PReq; correct as it comes.
struct Draft {
  TransIDs ids;
  Challenge chall_c;
  Challenge chall_m;
  std::string description;
  Amount purch_amt;
  std::string brand;
  Instant valid_until;
  const Certificate* merchant_signature;
  const Certificate* gateway_key_exchange;
  std::optional<InstallRecurData> install_recur = std::nullopt;
};

struct Shop {
  Shop();

  NewOrder make_order(std::string_view price = "49.95 EUR", Duration life = std::chrono::hours(1));
  /// A PInitReq for this order as the merchant opens it.
  Opened<PInitReq> open_pinit_req(const NewOrder& order,
                                  const std::function<void(PInitReq&)>& change = {});
  Request make_pinit_req(const NewOrder& order, const std::function<void(PInitReq&)>& change = {});
  Initiated initiate(const NewOrder& order);

  Draft draft(const Initiated& purchase);
  set::Purchase make_preq(const Draft& draft);
  Opened<PReq> open_preq(const Draft& draft);
  Opened<PReq> open_preq(const Request& request);
  Ordered take(const Initiated& purchase);

  Request make_inq_req(const TransIDs& ids, const Challenge& chall_c2, const Party& inquirer);
  Opened<InqReq> open_inq_req(const Request& request);

  /// The gateway's answer to an AuthReq, as the merchant opens it.
  OpenedAnswer<AuthRes> answer(const AwaitingAuthRes& awaiting,
                               const std::function<void(AuthRes&)>& change = {},
                               const Party* gateway = nullptr);

  const TestPki& pki;
  Rng& rng;
  Instant now;
  TestParty merchant, other_merchant, gateway, other_gateway;
  TestCardholder cardholder, other_cardholder;
  GatewayCertificates gateway_certificates;
};

/// The AuthRes of a gateway that approves and captures what is asked.
AuthRes approval(const Opened<AuthReq>& auth_req, const Party& gateway, Instant now);

GatewayCertificates certificates_of(const TestParty& gateway);

}  // namespace set::merchant::test
