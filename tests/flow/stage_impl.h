// What stage*.cpp share. Internal to the stage.
#pragma once

#include "common/enrollment/enrollee.h"
#include "tests/flow/daemons.h"
#include "tests/flow/stage.h"
#include "wallet/purchase.h"

namespace set::flow {

/// One registration after the other, at the stage's CA.
struct Stage::Registration {
  explicit Registration(Stage& stage) : stage_(stage) {}

  template <class Req, class Res>
  Exchange exchange(Request request, std::shared_ptr<const Party> sender,
                    std::function<Result<Word>(const OpenedAnswer<Res>&)> accept) {
    const Ends ends{
        std::move(sender), stage_.ca(), {home().brand.certificate.brand(), {}}, stage_.clock()};
    return make_exchange<Req, Res>(std::move(request), ends, std::move(accept));
  }
  /// Sends it and opens the answer.
  template <class Res>
  OpenedAnswer<Res> ask(const Exchange& exchange) {
    return must(open_answer_as<Res>(stage_.answer(exchange), exchange.sent->pending,
                                    *exchange.sender, {}, stage_.now()));
  }

  // cardholder
  CardCInitiated card_initiated();
  FormReceived form_received();
  struct CardAsked {
    std::shared_ptr<const SoftwareSigner> key;
    AwaitingCardCertRes next;
    Exchange exchange;
  };
  CardAsked card_asked();

  // merchant and gateway
  struct PartyInit {
    std::shared_ptr<PartyKeys> keys;
    AwaitingMeAqCInitRes next;
    Exchange exchange;
  };
  PartyInit party_init(const PartyToEnroll& party);
  struct PartyAsked {
    std::shared_ptr<PartyKeys> keys;
    AwaitingPartyCertRes next;
    Exchange exchange;
  };
  PartyAsked party_asked(const PartyToEnroll& party);
  std::shared_ptr<const Party> enrol(const PartyToEnroll& party);

 private:
  Stage& stage_;
};

/// One purchase after the other, at the stage's merchant.
struct Stage::Purchase {
  explicit Purchase(Stage& stage) : stage_(stage) {}

  struct Init {
    wallet::AwaitingPInitRes next;
    Exchange exchange;
  };
  Init init();
  wallet::Offered offered();
  struct Signed {
    wallet::Order order;
    Exchange exchange;
  };
  Signed signed_by(const Cardholder& cardholder);

 private:
  Stage& stage_;
};

/// What follows an authorisation, at the stage's merchant and gateway.
struct Stage::FollowUp {
  explicit FollowUp(Stage& stage) : stage_(stage) {}

  /// A paid order: a sale, or authorised only.
  LIDM order(bool capture_now);
  template <class Req, class Res>
  Exchange exchange(const LIDM& order, const merchant::ItemWish& wish, merchant::MakeItems make,
                    merchant::AcceptItems<Res> accept);
  /// All that is left, or all of what is undone.
  template <class Req, class Res>
  Exchange exchange(const LIDM& order, merchant::ItemKind kind, merchant::MakeItems make,
                    merchant::AcceptItems<Res> accept) {
    return exchange<Req, Res>(order, merchant::ItemWish{kind, std::nullopt, "", "", false}, make,
                              accept);
  }

 private:
  Stage& stage_;
};

struct Stage::Impl {
  explicit Impl(Setting with);

  Setting setting;
  std::atomic<std::int64_t> millis;
  Rng& rng = Rng::system();
  Clock clock = [this] { return from_millis(millis); };
  std::mutex mutex;
  std::function<void(const wire::MessageWrapper&)> listener;
  CaDaemon ca;
  std::shared_ptr<const Party> merchant_party, gateway_party;
  std::unique_ptr<GatewayDaemon> gateway;
  std::unique_ptr<MerchantDaemon> merchant;
  std::optional<Cardholder> cardholder;
  std::shared_ptr<const Party> stranger;  ///< no certificate yet
  /// The last PReq's order, by its RRPID: what an inquiry asks about.
  std::map<RRPID, wallet::Order> orders;
  merchant::OrderTerms terms;  ///< of the next order

  grpc::Status send(MessageType door, const wire::MessageWrapper& in, wire::MessageWrapper& out);
  void heard(const wire::MessageWrapper& wrapper);
};

}  // namespace set::flow
