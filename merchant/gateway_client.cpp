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

using Door = grpc::Status (Stub::*)(grpc::ClientContext*, const wire::MessageWrapper&,
                                    wire::MessageWrapper*);

constexpr std::pair<MessageType, Door> kDoors[] = {
    {wire::MESSAGE_TYPE_AUTH_RES, &Stub::Authorize},
    {wire::MESSAGE_TYPE_AUTH_REV_RES, &Stub::ReverseAuthorization},
    {wire::MESSAGE_TYPE_CAP_RES, &Stub::Capture},
    {wire::MESSAGE_TYPE_CAP_REV_RES, &Stub::ReverseCapture},
    {wire::MESSAGE_TYPE_CRED_RES, &Stub::Credit},
    {wire::MESSAGE_TYPE_CRED_REV_RES, &Stub::ReverseCredit},
    {wire::MESSAGE_TYPE_BATCH_ADMIN_RES, &Stub::AdministerBatch}};

}  // namespace

std::shared_ptr<const GatewayCertificates> GatewayClient::certificates() const {
  const auto found = [&] {
    const std::lock_guard lock(mutex_);
    return certificates_;
  }();
  if (found == nullptr) return nullptr;
  const auto good = verify(*found);
  if (good) return found;
  const std::lock_guard lock(mutex_);
  if (said_ != found) log_warning("the gateway's certificates are not good any more", good.error());
  said_ = found;  // once, however often they are asked for
  return nullptr;
}

Result<void> GatewayClient::verify(const GatewayCertificates& certificates) const {
  const auto party = parts_.party();
  const auto& trust = *party->trust;
  const auto& [signature, key_exchange] = certificates;
  const auto& brand = signature.brand();
  const auto now = parts_.clock();
  TRY(trust.verify(key_exchange.leaf, key_exchange.issuers,
                   {Role::gateway, KeyUse::key_exchange, brand}, now));
  return trust.verify(signature, key_exchange.issuers, {Role::gateway, KeyUse::signature, brand},
                      now);
}

Result<GatewayCertificates> GatewayClient::fetch_certificates(const Party& party) const {
  Stub stub(parts_.channel());
  const auto response = TRY(call(stub, &Stub::FetchCertificates, wire::FetchCertificatesRequest(),
                                 parts_.target, kDaemonDeadline));
  CHECK_OR_FAIL(response.certificates_size() <= 32, ErrorCode::decoding_failure,
                "the gateway sends more certificates than it can use");
  std::vector<Certificate> certificates;
  for (const auto& der : response.certificates())
    certificates.push_back(TRY(Certificate::parse(view_of(der))));
  return find_gateway_certificates(certificates, *party.trust, party.signature.value().leaf.brand(),
                                   parts_.clock());
}

Result<void> GatewayClient::refresh() {
  const auto current = parts_.party();
  const auto& party = *current;
  const auto fetched = TRY(fetch_certificates(party));
  const auto request = TRY(make_pcert_req(party, fetched, parts_.clock(), parts_.rng));
  Stub stub(parts_.channel());
  auto answered = TRY(call_party(stub, &Stub::GatewayCertificates, TRY(parse_wrapper(request.wire)),
                                 parts_.target, kDaemonDeadline));
  const auto now = parts_.clock();
  const auto envelope = TRY(read_envelope(std::move(answered.response), now));
  const auto answer = TRY(Opener::answer<PCertRes>(envelope, request.pending, party,
                                                   expected_of(party, answered.by), now));
  auto certificates =
      std::make_shared<const GatewayCertificates>(TRY(accept_pcert_res(answer, party, now)));
  const std::lock_guard lock(mutex_);
  const bool changed = certificates_ == nullptr || certificates_->key_exchange.leaf.thumbprint() !=
                                                       certificates->key_exchange.leaf.thumbprint();
  if (changed) log_info("gateway certificate in use", certificates->key_exchange.leaf.thumbprint());
  certificates_ = std::move(certificates);
  return {};
}

Result<GatewayClient::Heard> GatewayClient::send(MessageType answer, const Request& request,
                                                 Duration deadline) const {
  const auto* door = std::ranges::find(kDoors, answer, &std::pair<MessageType, Door>::first);
  CHECK_OR_FAIL(door != std::end(kDoors), ErrorCode::internal,
                "the gateway has no door for this message");
  const auto wrapper = TRY(parse_wrapper(request.wire));
  Stub stub(parts_.channel());
  auto answered = TRY(call_party(stub, door->second, wrapper, parts_.target, deadline));
  auto envelope = TRY(read_answer(std::move(answered.response), parts_.clock()));
  return Heard{std::move(envelope), std::move(answered.by)};
}

ExpectedSigner GatewayClient::expected_of(const Party& self,
                                          const std::optional<PartyName>& answered_by) {
  return {.brand = self.signature.value().leaf.brand(), .known = {}, .party = answered_by};
}

NoAnswer GatewayClient::meaning_of(const Error& error) {
  const auto word = peer_word(error);
  if (word != PeerWord::none && error.code == ErrorCode::message_too_old) return TooOld{};
  // Only what came under the reply key is the gateway's last word.
  if (word != PeerWord::final) return Unanswered{error};
  if (error.code == ErrorCode::bad_message_header) return KnownInOtherBytes{};
  return Refused{error.code};
}

}  // namespace set::merchant
