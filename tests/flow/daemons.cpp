#include "tests/flow/daemons.h"

#include <grpcpp/server_builder.h>

#include "gateway/cap_token.h"
#include "tests/support/databases.h"
#include "tests/support/pki.h"

namespace set::flow {
namespace {

std::string card_toml(std::string_view pan, std::string_view behaviour) {
  return "[[card]]\nnumber = \"" + std::string(pan) +
         "\"\nname = \"Alice Example\"\nexpiry = \"2030-12\"\nverification = \"123\"\n"
         "limits = [\"1000000.00 EUR\", \"1000000.00 USD\"]\nbehaviour = \"" +
         std::string(behaviour) + "\"\n";
}

std::unique_ptr<grpc::Server> start(grpc::Service& service) {
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  return builder.BuildAndStart();
}

merchant::GatewayClient::Parts client_parts(std::shared_ptr<const Party> party,
                                            grpc::Server& server, const Clock& clock, Rng& rng) {
  return {std::move(party), "the gateway", server.InProcessChannel(grpc::ChannelArguments()), clock,
          rng};
}

}  // namespace

CardFile test_cards() {
  return must(CardFile::parse(card_toml(test::kApprovePan, "approve") +
                              card_toml(test::kDeclinePan, "decline") +
                              card_toml(test::kNoReplyPan, "no_reply")));
}

// The audit log has every request, the refused ones too.
std::string dump_of(Database& database) {
  return must(set::test::dump_of(database, {"audit", "audit_inbox"}));
}

CaDaemon::CaDaemon(const Clock& clock, Rng& rng)
    : issuer(test_cards()),
      store(must(ca::Store::open(test::database_url()))),
      service({home().ca, issuer, store, clock, rng}) {}

GatewayDaemon::GatewayDaemon(std::shared_ptr<const Party> party, const Clock& clock, Rng& rng)
    : cards(test_cards()),
      store(must(gateway::Store::open(test::database_url(), DatabaseUse::daemon))),
      token_key(rng.secret(gateway::kTokenKeyBytes)),
      receiver([party = std::move(party)] { return party; }, store.database(), clock, rng),
      acquirer(store.database(), cards, rng.secret(48), {}, clock, [](Duration) {}),
      service({.receiver = receiver,
               .store = store,
               .acquirer = acquirer,
               .token_key = token_key,
               .terms = gateway::GatewayTerms{.acquirer_bin = std::string(test::kBin)}}) {}

// --- the line ---

void GatewayLine::change_answers(Change change) {
  const std::lock_guard lock(mutex_);
  change_ = std::move(change);
}

void GatewayLine::listen(std::function<void(const wire::MessageWrapper&)> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void GatewayLine::passed(const wire::MessageWrapper& wrapper) {
  const std::lock_guard lock(mutex_);
  if (listener_) listener_(wrapper);
}

grpc::Status GatewayLine::Authorize(grpc::ServerContext*, const wire::MessageWrapper* in,
                                    wire::MessageWrapper* out) {
  if (down_) return {grpc::StatusCode::UNAVAILABLE, "the line is cut"};
  passed(*in);
  const auto status = gateway_.authorize(std::nullopt, *in, *out);
  const std::lock_guard lock(mutex_);
  if (listener_) listener_(*out);
  if (change_) change_(*out);
  return status;
}

grpc::Status GatewayLine::GatewayCertificates(grpc::ServerContext*, const wire::MessageWrapper* in,
                                              wire::MessageWrapper* out) {
  passed(*in);
  const auto status = gateway_.gateway_certificates(std::nullopt, *in, *out);
  passed(*out);
  return status;
}

grpc::Status GatewayLine::FetchCertificates(grpc::ServerContext*,
                                            const wire::FetchCertificatesRequest* in,
                                            wire::FetchCertificatesResponse* out) {
  *out = must(gateway_.fetch_certificates(*in));
  return grpc::Status::OK;
}

MerchantDaemon::MerchantDaemon(std::shared_ptr<const Party> party, gateway::Service& peer,
                               const Clock& clock, Rng& rng)
    : line(peer),
      server(start(line)),
      database(must(Database::open(test::database_url()))),
      store(must(merchant::Store::open(database))),
      gateway(client_parts(party, *server, clock, rng)),
      resolver({.party = party, .store = store, .gateway = gateway, .clock = clock, .rng = rng}),
      service({.party = party,
               .store = store,
               .gateway = gateway,
               .resolver = resolver,
               .clock = clock,
               .rng = rng}) {}

MerchantDaemon::~MerchantDaemon() { server->Shutdown(); }

}  // namespace set::flow
