// The shop front: what wallets may ask of set-merchant. Each RPC is one straight flow behind
// common/daemon/handle.h. Called from gRPC's threads; owns no state beside the store.
#pragma once

#include "common/daemon/handle.h"
#include "merchant/resolver.h"
#include "set/v1/services.grpc.pb.h"

namespace set::merchant {

class Service final : public wire::MerchantService::Service {
 public:
  struct Parts {
    Current<const Party> party;
    Store& store;
    GatewayClient& gateway;
    Resolver& resolver;
    Clock clock;
    Rng& rng;
  };
  explicit Service(Parts parts);

  /// What is counted for the audit log's keeper.
  audit::CallCounts& counts() { return receiver_.counts(); }

  grpc::Status FetchCertificates(grpc::ServerContext* context,
                                 const wire::FetchCertificatesRequest* in,
                                 wire::FetchCertificatesResponse* out) override;
  grpc::Status PurchaseInit(grpc::ServerContext* context, const wire::MessageWrapper* in,
                            wire::MessageWrapper* out) override;
  grpc::Status Purchase(grpc::ServerContext* context, const wire::MessageWrapper* in,
                        wire::MessageWrapper* out) override;
  grpc::Status PurchaseInquiry(grpc::ServerContext* context, const wire::MessageWrapper* in,
                               wire::MessageWrapper* out) override;

 private:
  Result<Reply<PInitRes>> purchase_init(const Opened<PInitReq>& pinit_req);
  Result<Reply<PRes>> purchase(const Opened<PReq>& preq);
  Result<Reply<InqRes>> purchase_inquiry(const Opened<InqReq>& inq_req);

  /// We, under the certificate that a purchase was begun under.
  std::shared_ptr<const Party> party_of(const Initiated& purchase) const;
  Result<Initiated> initiate(const Opened<PInitReq>& pinit_req, const GatewayCertificates& gateway);
  Result<FoundPurchase> take_order(const FoundPurchase& found, const Opened<PReq>& preq);
  Result<FoundPurchase> save_order(Ordered order, const Opened<PReq>& preq, Instant now);
  Result<FoundPurchase> save_rejection(Rejected rejected);

  Parts parts_;
  Receiver receiver_;
};

}  // namespace set::merchant
