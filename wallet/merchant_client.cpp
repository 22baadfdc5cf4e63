#include "wallet/merchant_client.h"

#include "common/daemon/client.h"
#include "common/daemon/tls.h"
#include "set/v1/services.grpc.pb.h"

namespace set::wallet {
namespace {

using Stub = wire::MerchantService::Stub;
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const wire::MessageWrapper&,
                                      wire::MessageWrapper*);

constexpr int kMaxCertificates = 32;

Result<MerchantAnswer> send(const std::shared_ptr<grpc::Channel>& channel,
                            const std::string& address, Method method, ByteView request) {
  const auto wrapper = TRY(parse_wrapper(request));
  const auto stub = wire::MerchantService::NewStub(channel);
  return call_party(*stub, method, wrapper, address, kMerchantDeadline);
}

}  // namespace

MerchantClient MerchantClient::connect(std::string address, const Trust& trust) {
  auto channel = make_channel(address, channel_credentials(trust.transport_root_pem()));
  return {std::move(address), std::move(channel)};
}

MerchantClient::MerchantClient(std::string address, std::shared_ptr<grpc::Channel> channel)
    : address_(std::move(address)), channel_(std::move(channel)) {}

Result<std::vector<Certificate>> MerchantClient::fetch_certificates() const {
  const auto stub = wire::MerchantService::NewStub(channel_);
  const auto response = TRY(call(*stub, &Stub::FetchCertificates, wire::FetchCertificatesRequest(),
                                 address_, kMerchantDeadline));
  CHECK_OR_FAIL(response.certificates_size() <= kMaxCertificates, ErrorCode::decoding_failure,
                "the merchant sends more certificates than anybody needs");
  std::vector<Certificate> out;
  for (const auto& der : response.certificates()) out.push_back(TRY(Certificate::parse(view_of(der))));
  return out;
}

Result<MerchantAnswer> MerchantClient::purchase_init(ByteView request) const {
  return send(channel_, address_, &Stub::PurchaseInit, request);
}

Result<MerchantAnswer> MerchantClient::purchase(ByteView request) const {
  return send(channel_, address_, &Stub::Purchase, request);
}

Result<MerchantAnswer> MerchantClient::purchase_inquiry(ByteView request) const {
  return send(channel_, address_, &Stub::PurchaseInquiry, request);
}

}  // namespace set::wallet
