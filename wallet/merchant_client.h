// The client of a merchant's shop front: server TLS under the transport root of the card's trust; who
// the merchant is proves itself in the messages. Called by service.cpp. Any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <grpcpp/channel.h>

#include "common/crypto/trust.h"
#include "common/daemon/client.h"
#include "common/message/open.h"

namespace set::wallet {

inline constexpr Duration kMerchantDeadline = std::chrono::seconds(30);

/// A message of the merchant, and whom the TLS certificate names that it came under.
using MerchantAnswer = Answered<wire::MessageWrapper>;

class MerchantClient {
 public:
  /// `address` is "host:port", from the payment link.
  static MerchantClient connect(std::string address, const Trust& trust);
  /// Over a channel that exists; tests use gRPC's in-process one.
  MerchantClient(std::string address, std::shared_ptr<grpc::Channel> channel);

  /// The certificates that the merchant uses now, with their issuers; not yet verified.
  Result<std::vector<Certificate>> fetch_certificates() const;

  // Each sends the exact bytes of a MessageWrapper. Errors: peer_unavailable, in_progress,
  // resource_exhausted, permission_denied: none of them says whether the merchant did the work.
  Result<MerchantAnswer> purchase_init(ByteView request) const;
  Result<MerchantAnswer> purchase(ByteView request) const;
  Result<MerchantAnswer> purchase_inquiry(ByteView request) const;

 private:
  std::string address_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace set::wallet
