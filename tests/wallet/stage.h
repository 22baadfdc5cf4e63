// A wallet's counterpart for tests: a merchant and a gateway with real certificates, which answer with
// real messages that a test may bend before they are signed.
#pragma once

#include <functional>

#include "tests/support/pki.h"
#include "wallet/purchase.h"
#include "wallet/receipt.h"
#include "wallet/store.h"

namespace set::wallet::test {

using set::test::TestCardholder;
using set::test::TestParty;
using set::test::TestPki;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}
inline void must(Result<void> result) {
  if (!result) throw std::runtime_error(result.error().detail);
}

/// An answer before it is signed.
template <class Res>
struct Draft {
  Res message;
  Answer answer;
  ReplyContext reply;
  const Party* signer;
};
template <class Res>
using Bend = std::function<void(Draft<Res>&)>;

struct Stage {
  Stage();
  static Stage& get();  ///< made once

  const TestPki& pki;
  TestParty merchant, other_merchant, gateway;
  TestCardholder cardholder;
  Chain cardholder_chain;
  Instant now;
  Rng& rng = Rng::system();
  OrderSecret secret;

  const Trust& trust() const { return *pki.trust(); }
  PaymentLink link() const;
  std::vector<Certificate> merchant_certificates() const;
  Merchant chosen() const;
  Amount amount() const;
  XID next_xid;  ///< of the next offer

  // --- the merchant's side; requests as they travel ---
  Bytes answer_pinit(ByteView request, Instant at, const Bend<PInitRes>& bend = {}) const;
  Bytes answer_preq(ByteView request, Instant at, const Bend<PRes>& bend = {}) const;
  Bytes answer_inq(ByteView request, Instant at, const PRes& state, const Bend<InqRes>& bend = {}) const;
  /// An approved PRes for this order.
  PRes approved(const Order& order) const;

  // --- the wallet's side ---
  PInit pinit() const;
  Result<Offered> offered(const Bend<PInitRes>& bend = {}) const;
  SignedOrder signed_order() const;
  Result<AfterPRes> answered(const SignedOrder& order, const Bend<PRes>& bend = {}) const;
  Completed completed() const;
  CardSecrets card_secrets() const;
};

XID xid_of(std::uint8_t fill);

}  // namespace set::wallet::test
