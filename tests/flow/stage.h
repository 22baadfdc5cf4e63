// The stage: merchant, gateway and CA as they are, a cardholder's wallet as its pure functions, and
// any of SET's pairs begun in its right state. All of it is certified by registering at the CA.
#pragma once

#include <grpcpp/support/status.h>

#include "common/message/account.h"
#include "tests/flow/forge.h"

namespace set {
class Database;
}

namespace set::flow {

/// SET's pairs; Cert and CertInq in the form of each kind of requester.
enum class Pair {
  card_c_init,
  reg_form,
  card_cert,
  card_cert_inq,
  me_aq_c_init,
  party_cert,
  pinit,
  preq,
  inq,
  auth,
  pcert,
  cap,
  cap_rev,
  cred,
  cred_rev,
  auth_rev,
  batch_admin,
};
inline constexpr Pair kAllPairs[] = {
    Pair::card_c_init, Pair::reg_form, Pair::card_cert, Pair::card_cert_inq, Pair::me_aq_c_init,
    Pair::party_cert,  Pair::pinit,    Pair::preq,      Pair::inq,           Pair::auth,
    Pair::pcert,       Pair::cap,      Pair::cap_rev,   Pair::cred,          Pair::cred_rev,
    Pair::auth_rev,    Pair::batch_admin};
/// "PInit".
std::string_view name_of(Pair pair);
inline bool at_ca(Pair pair) { return pair <= Pair::party_cert; }

struct Setting {
  std::string merchant_id = "shop-1";
  std::string gateway_id = "gateway-1";
  std::string amount = "49.95 EUR";
  std::string description = "two books and a ZEBRA-STRIPED-CANARY";
  Duration late = {};  ///< how much later than kStart it begins
};

/// A cardholder with a registered card.
struct Cardholder {
  std::shared_ptr<const Party> party;
  SecretBytes card_secret, pan_secret;
  PANData pan_data(Rng& rng, std::string_view cvv = "123") const;
};

struct Delivered {
  grpc::Status status;
  Bytes answer;  ///< empty unless the status is OK
};

class Stage {
 public:
  explicit Stage(Setting setting = {});
  ~Stage();

  /// A fresh, valid request in its context.
  Exchange begin(Pair pair);

  /// To one of the doors, named by the request that it takes, as gRPC would. Takes 10 ms of the
  /// stage's time, in which the daemons' allowance of Errors renews itself.
  Delivered deliver(MessageType door, ByteView wrapper);
  /// What became of a request at its own door.
  Word outcome(const Exchange& exchange, const Forged& forged);
  /// The answer to the request as it is.
  Bytes answer(const Exchange& exchange);

  /// The database of whoever has this door, and all that is in it but the audit log.
  Database& database(MessageType door);
  std::string dump(MessageType door);
  std::string digest_of_database(MessageType door);

  Instant now() const;
  Clock clock() const;
  void pass(Duration time);

  // --- what single tests need beside it ---
  std::shared_ptr<const Party> merchant() const;
  std::shared_ptr<const Party> gateway() const;
  std::shared_ptr<const Party> ca() const;
  const Cardholder& cardholder() const;
  const Setting& setting() const;
  Cardholder register_cardholder();
  /// PInit and PReq to the end: InqReq's state. With this card.
  Exchange preq(const Cardholder& cardholder);
  /// Another InqReq of the purchase that this PReq made, by this cardholder.
  Exchange inquiry(const Exchange& preq, const Cardholder& cardholder);
  /// What the merchant's resolver makes of this PReq's open authorisation when it asks again:
  /// "awaiting", or what was decided.
  Word resolve(const Exchange& preq);
  /// The gateway cannot be reached, or what it answers is changed on the way.
  void cut_line(bool down);
  void change_gateway_answers(std::function<void(wire::MessageWrapper&)> change);
  /// Hears every wrapper that passes anywhere.
  void listen(std::function<void(const wire::MessageWrapper&)> listener);
  /// The wrong guesses about the card are forgotten by the CA.
  void forget_attempts();

 private:
  struct Impl;
  struct Registration;
  struct Purchase;
  struct FollowUp;

  Exchange card_c_init();
  Exchange reg_form();
  Exchange card_cert();
  Exchange card_cert_inq();
  Exchange me_aq_c_init();
  Exchange party_cert();
  Exchange pinit();
  Exchange inq();
  Exchange auth();
  Exchange pcert();
  // stage_follow_up.cpp
  Exchange cap();
  Exchange cap_rev();
  Exchange cred();
  Exchange cred_rev();
  Exchange auth_rev();
  Exchange batch_admin();

  std::unique_ptr<Impl> impl_;
};

/// The request as it is.
Forged as_sent(const Exchange& exchange);

}  // namespace set::flow
