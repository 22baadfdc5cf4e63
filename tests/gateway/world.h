// A gateway in one process: real store in memory, real sandbox acquirer, and a merchant and a
// cardholder who make correct AuthReqs. A test takes a Draft, changes one thing, and sends it.
#pragma once

#include <functional>

#include "gateway/acquirer_client.h"
#include "gateway/service.h"
#include "tests/support/pki.h"

namespace set::gateway::test {

using namespace set::test;  // NOLINT: test support is one vocabulary

Amount euro(std::string_view amount);  ///< euro("49.95")

/// Everything that goes into one AuthReq; correct as it comes.
struct Draft {
  // the cardholder's purchase
  TransIDs trans_ids;
  Amount purch_amt = euro("49.95");
  std::string order_description = "one teapot";
  std::string brand{kBrand};
  Instant valid_until;
  const Certificate* merchant_signature;  ///< named in the PI
  const Certificate* gateway_key_exchange;
  PANData account;
  // the merchant's AuthReq
  const TestParty* merchant;  ///< who sends it
  TransIDs auth_trans_ids;
  Amount auth_req_amt = euro("49.95");
  bool capture_now = true;
  bool subsequent_auth_ind = false;
  std::optional<InstallRecurData> install_recur = std::nullopt;  ///< signed and repeated
  std::function<void(AuthReq&)> change_auth_req = [](AuthReq&) {};
  std::function<void(Bytes& pi)> change_pi = [](Bytes&) {};
};

/// A PI and what the merchant knows of it.
struct MadePI {
  Bytes pi;
  Digest hoi_data, hpi_data, hod;
  Bytes card_message_key = {};
};

/// An AuthReq on its way, and what opens its answer.
struct MadeAuthReq {
  Bytes wire;
  PendingReply pending;
  RRPID rrpid;
  std::shared_ptr<const Party> sender;
};

struct Answered {
  AuthRes message;
  AuthResBaggage baggage;
};

class World {
 public:
  explicit World(GatewayTerms terms = {.acquirer_bin = std::string(kBin)});

  Draft draft(std::string_view pan = kApprovePan);
  MadePI make_pi(const Draft& draft);
  MadeAuthReq make_auth_req(const Draft& draft, const MadePI& pi);
  MadeAuthReq make_auth_req(const Draft& draft) { return make_auth_req(draft, make_pi(draft)); }
  /// The answer's exact bytes, or the transport's no as an Error (status name as detail).
  Result<Bytes> send(ByteView wire);
  Result<Answered> open(const MadeAuthReq& request, ByteView answer);
  Result<Answered> authorize(const Draft& draft);

  /// A service beside the first, over the same store, with another acquirer.
  std::unique_ptr<Service> service_with(Acquirer& acquirer);
  Result<Bytes> send_to(Service& service, ByteView wire);

  const TestPki& pki;
  Rng& rng;
  TestParty gateway, merchant, other_merchant, other_gateway;
  TestCardholder cardholder;
  Instant now;
  CardFile cards;
  Store store;
  SecretBytes token_key;
  Receiver receiver;
  std::vector<Duration> slept;  ///< by the acquirer; one thread
  AcquirerClient acquirer;
  GatewayTerms terms;
  std::unique_ptr<Service> service;
};

/// The approve card has 1000 EUR and 50000 JPY.
CardFile test_cards();
/// Opens a Result in a test: fails it with the Error's words.
template <class T>
T value_of(Result<T> result);

}  // namespace set::gateway::test

#include <catch2/catch_test_macros.hpp>

namespace set::gateway::test {
template <class T>
T value_of(Result<T> result) {
  if (!result) {
    FAIL(std::string(to_string(result.error().code)) + ": " + result.error().detail);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}
}  // namespace set::gateway::test
