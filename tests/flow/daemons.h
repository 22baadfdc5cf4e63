// The three daemons in one process: the real services on databases in memory, under one clock that
// is turned by hand. gRPC is only between merchant and gateway, and inside the process.
#pragma once

#include <atomic>
#include <mutex>

#include <grpcpp/server.h>

#include "ca/service.h"
#include "gateway/acquirer_client.h"
#include "gateway/service.h"
#include "merchant/service.h"
#include "tests/flow/authorities.h"

namespace set::flow {

/// Cards of tests/support/pki.h with more money than any test spends.
CardFile test_cards();

/// Every row of every table, as text; blobs in hex.
std::string dump_of(Database& database);

struct CaDaemon {
  CaDaemon(const Clock& clock, Rng& rng);
  ca::Issuer issuer;
  ca::Store store;
  ca::Service service;
};

struct GatewayDaemon {
  GatewayDaemon(std::shared_ptr<const Party> party, const Clock& clock, Rng& rng);
  CardFile cards;
  gateway::Store store;
  SecretBytes token_key;
  Receiver receiver;
  gateway::AcquirerClient acquirer;
  gateway::Service service;
};

/// The line between merchant and gateway, whose ends are this process. What passes can be read,
/// changed or lost.
class GatewayLine final : public wire::GatewayService::Service {
 public:
  using Change = std::function<void(wire::MessageWrapper&)>;
  explicit GatewayLine(gateway::Service& gateway) : gateway_(gateway) {}

  void cut(bool down) { down_ = down; }
  void change_answers(Change change);
  void listen(std::function<void(const wire::MessageWrapper&)> listener);

  grpc::Status Authorize(grpc::ServerContext* context, const wire::MessageWrapper* in,
                         wire::MessageWrapper* out) override;
  grpc::Status GatewayCertificates(grpc::ServerContext* context, const wire::MessageWrapper* in,
                                   wire::MessageWrapper* out) override;
  grpc::Status FetchCertificates(grpc::ServerContext* context,
                                 const wire::FetchCertificatesRequest* in,
                                 wire::FetchCertificatesResponse* out) override;

 private:
  void passed(const wire::MessageWrapper& wrapper);

  gateway::Service& gateway_;
  std::atomic<bool> down_ = false;
  std::mutex mutex_;
  Change change_;
  std::function<void(const wire::MessageWrapper&)> listener_;
};

struct MerchantDaemon {
  MerchantDaemon(std::shared_ptr<const Party> party, gateway::Service& gateway, const Clock& clock,
                 Rng& rng);
  ~MerchantDaemon();

  GatewayLine line;
  std::unique_ptr<grpc::Server> server;
  Database database;
  merchant::Store store;
  merchant::GatewayClient gateway;
  merchant::Resolver resolver;
  merchant::Service service;
};

}  // namespace set::flow
