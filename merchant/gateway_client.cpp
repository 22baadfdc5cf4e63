#include "merchant/gateway_client.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/daemon/client.h"
#include "set/v1/services.grpc.pb.h"

namespace set::merchant {
namespace {

using Stub = wire::GatewayService::Stub;

// A stored answer is as old as the first time it was given; that it is no replay shows in the reply
// key and the request's digest. Only an answer from the future is refused for its date.
Result<Envelope> read_answer(wire::MessageWrapper wrapper, Instant now) {
  wire::MessageHeader header;
  CHECK_OR_FAIL(parse_canonical(view_of(wrapper.header()), header), ErrorCode::bad_message_header,
                "the answer's header is malformed");
  return read_envelope(std::move(wrapper), std::min(now, from_millis(header.date_ms())));
}

}  // namespace

std::shared_ptr<const GatewayCertificates> GatewayClient::certificates() const {
  const std::lock_guard lock(mutex_);
  return certificates_;
}

Result<GatewayCertificates> GatewayClient::fetch_certificates() const {
  Stub stub(parts_.channel);
  const auto response = TRY(call(stub, &Stub::FetchCertificates, wire::FetchCertificatesRequest(),
                                 parts_.target, kDaemonDeadline));
  CHECK_OR_FAIL(response.certificates_size() <= 32, ErrorCode::decoding_failure,
                "the gateway sends more certificates than it can use");
  std::vector<Certificate> certificates;
  for (const auto& der : response.certificates())
    certificates.push_back(TRY(Certificate::parse(view_of(der))));
  return find_gateway_certificates(certificates, *parts_.party->trust,
                                   parts_.party->signature.value().leaf.brand(), parts_.clock());
}

Result<void> GatewayClient::refresh() {
  const auto& party = *parts_.party;
  const auto fetched = TRY(fetch_certificates());
  const auto request = TRY(make_pcert_req(party, fetched, parts_.clock(), parts_.rng));
  Stub stub(parts_.channel);
  auto wrapper = TRY(call(stub, &Stub::GatewayCertificates, TRY(parse_wrapper(request.wire)),
                          parts_.target, kDaemonDeadline));
  const auto now = parts_.clock();
  const auto envelope = TRY(read_envelope(std::move(wrapper), now));
  const auto answer = TRY(Opener::answer<PCertRes>(
      envelope, request.pending, party, {.brand = party.signature.value().leaf.brand()}, now));
  auto certificates =
      std::make_shared<const GatewayCertificates>(TRY(accept_pcert_res(answer, party, now)));
  const std::lock_guard lock(mutex_);
  const bool changed = certificates_ == nullptr || certificates_->key_exchange.leaf.thumbprint() !=
                                                       certificates->key_exchange.leaf.thumbprint();
  if (changed) log_info("gateway certificate in use", certificates->key_exchange.leaf.thumbprint());
  certificates_ = std::move(certificates);
  return {};
}

AuthAnswer GatewayClient::authorize(const Request& auth_req, Duration deadline) const {
  const auto& party = *parts_.party;
  const auto request = parse_wrapper(auth_req.wire);
  if (!request) return Unanswered{request.error()};
  Stub stub(parts_.channel);
  auto response = call(stub, &Stub::Authorize, *request, parts_.target, deadline);
  if (!response) return Unanswered{response.error()};
  const auto now = parts_.clock();
  const auto envelope = read_answer(std::move(*response), now);
  if (!envelope) return Unanswered{envelope.error()};
  auto answer = Opener::answer<AuthRes>(*envelope, auth_req.pending, party,
                                        {.brand = party.signature.value().leaf.brand()}, now);
  if (answer) return std::move(*answer);
  const auto& error = answer.error();
  const auto word = peer_word(error);
  if (word != PeerWord::none && error.code == ErrorCode::message_too_old) return TooOld{};
  // Only what came under the reply key is the gateway's last word.
  if (word != PeerWord::final) return Unanswered{error};
  if (error.code == ErrorCode::bad_message_header) return KnownInOtherBytes{};
  return Refused{error.code};
}

}  // namespace set::merchant
