#include "common/enrollment/ca_client.h"

#include <thread>

#include "common/daemon/client.h"
#include "common/daemon/patience.h"
#include "set/v1/services.grpc.pb.h"

namespace set {
namespace {

using Stub = wire::CertificateAuthorityService::Stub;
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const wire::MessageWrapper&,
                                      wire::MessageWrapper*);

constexpr int kAttempts = 4;
// Five lists of the largest size would be more: a list so long is a reason to make a new CA.
constexpr int kMaxDistributionBytes = 16 << 20;
constexpr Duration kFirstPause = std::chrono::milliseconds(200);

Result<Method> method_for(MessageType type) {
  if (type == wire::MESSAGE_TYPE_CARD_C_INIT_REQ) return &Stub::CardCInit;
  if (type == wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ) return &Stub::MeAqCInit;
  if (type == wire::MESSAGE_TYPE_REG_FORM_REQ) return &Stub::RegForm;
  if (type == wire::MESSAGE_TYPE_CERT_REQ) return &Stub::Cert;
  if (type == wire::MESSAGE_TYPE_CERT_INQ_REQ) return &Stub::CertInq;
  return failure(ErrorCode::internal, "a CA does not take this type of message");
}

bool may_ask_again(ErrorCode code) {
  return code == ErrorCode::peer_unavailable || code == ErrorCode::in_progress;
}

}  // namespace

CaClient CaClient::connect(std::string target, const Trust& trust, const TlsIdentity* own) {
  auto channel = make_channel(target,
                              own != nullptr ? channel_credentials(*own)
                                             : channel_credentials(trust.transport_root_pem()),
                              kMaxDistributionBytes);
  return {std::move(target), std::move(channel)};
}

Result<Envelope> CaClient::send(const Request& request, const Clock& clock) const {
  const auto wrapper = TRY(parse_wrapper(request.wire));
  const auto header = TRY(parse_as<wire::MessageHeader>(view_of(wrapper.header())));
  const auto method = TRY(method_for(header.message_type()));
  const auto stub = wire::CertificateAuthorityService::NewStub(channel_);
  auto pause = kFirstPause;
  for (int attempt = 1;; ++attempt) {
    auto answer = call_party(*stub, method, wrapper, target_, kWalletDeadline);
    if (answer) {
      const bool by_ca = !answer->by || answer->by->role == PartyRole::ca;
      CHECK_OR_FAIL(by_ca, ErrorCode::permission_denied,
                    target_ + " is not a CA by its TLS certificate: is the address right?");
      return read_envelope(std::move(answer->response), clock());
    }
    if (attempt == kAttempts || !may_ask_again(answer.error().code)) return failure(answer.error());
    std::this_thread::sleep_for(waiting_time(pause));
    pause *= 2;
  }
}

Result<void> CaClient::fetch_revocations(const Trust& trust, Instant now,
                                         Duration deadline) const {
  wire::BCIDistributionRequest request;
  add_held_revocations(*request.mutable_thumbs(), trust);
  const auto stub = wire::CertificateAuthorityService::NewStub(channel_);
  const auto response = TRY(call(*stub, &Stub::BCIDistribution, request, target_, deadline));
  return adopt_revocations(response.bag(), trust, now);
}

}  // namespace set
