#include <algorithm>
#include <iterator>

#include "common/crypto/random.h"
#include "common/daemon/client.h"
#include "common/daemon/doctor.h"
#include "common/daemon/tls_probe.h"
#include "common/message/open.h"
#include "set/v1/services.grpc.pb.h"

namespace set {
namespace {

// Beyond this the clocks are told apart by people; beyond five minutes messages are refused.
constexpr Duration kClocksMayDiffer = std::chrono::minutes(1);
constexpr std::size_t kMaxCertificates = 32;

struct Peer {
  PartyRole role;
  std::string address;
  std::string about;
  std::shared_ptr<grpc::Channel> channel;
};

Role set_role(PartyRole role) {
  if (role == PartyRole::merchant) return Role::merchant;
  return role == PartyRole::gateway ? Role::gateway : Role::mca;
}

std::string option_of(PartyRole role) { return "--" + std::string(to_string(role)); }

// --- TLS ---

// False after a bad finding.
bool examine_tls(Examination& examination, const Examiner& self, const Peer& peer) {
  const auto probe =
      probe_tls(peer.address, self.trust->transport_root_pem(), self.tls, self.clock());
  if (!probe.version.empty()) {
    examination.good(peer.about, "speaks " + probe.version + ", " + probe.cipher);
  }
  const auto facts = tls_certificate_facts(probe.chain_pem);
  if (facts) {
    std::string names;
    for (const auto& name : probe.names) names += " " + name;
    examination.note(peer.about, "TLS certificate of " + facts->organizational_unit + " " +
                                     facts->common_name + " of " + facts->organization + ", for" +
                                     names + ", valid " + to_string(facts->not_before) + " to " +
                                     to_string(facts->not_after) + ", fingerprint " +
                                     facts->fingerprint_hex);
  }
  if (probe.failed || !facts) {
    examination.bad(peer.about,
                    probe.failed.value_or(Error{ErrorCode::internal, "no certificate came"}),
                    probe.fix);
    return false;
  }
  const auto role = party_role(facts->organizational_unit);
  if (role != peer.role) {
    examination.bad(
        peer.about,
        {ErrorCode::permission_denied, "this is no " + std::string(to_string(peer.role)) +
                                           " but a " + facts->organizational_unit},
        "correct the address given with " + option_of(peer.role));
    return false;
  }
  if (!self.brand.empty() && facts->organization != self.brand) {
    examination.bad(peer.about,
                    {ErrorCode::invalid_certificate,
                     "it is of the brand " + facts->organization + ", and we are of " + self.brand},
                    "connect to one of our brand, or enrol with its CA");
    return false;
  }
  examination.good(peer.about, "its TLS certificate leads to our transport root and fits");
  return true;
}

// --- certificates that it sends of itself ---

template <class Service>
Result<std::vector<Certificate>> fetch(const Peer& peer) {
  typename Service::Stub stub(peer.channel);
  const auto response = TRY(call(stub, &Service::Stub::FetchCertificates,
                                 wire::FetchCertificatesRequest(), peer.address, kDaemonDeadline));
  CHECK_OR_FAIL(static_cast<std::size_t>(response.certificates_size()) <= kMaxCertificates,
                ErrorCode::decoding_failure, "it sends more certificates than anybody needs");
  std::vector<Certificate> out;
  for (const auto& der : response.certificates())
    out.push_back(TRY(Certificate::parse(view_of(der))));
  return out;
}

void examine_certificates(Examination& examination, const Examiner& self, const Peer& peer) {
  if (peer.role == PartyRole::ca) return;  // it shows its own with its Error
  const auto fetched = peer.role == PartyRole::gateway ? fetch<wire::GatewayService>(peer)
                                                       : fetch<wire::MerchantService>(peer);
  if (!fetched) {
    const bool denied = fetched.error().code == ErrorCode::permission_denied;
    return examination.bad(peer.about, fetched.error(),
                           denied ? "our TLS certificate is of a role that may not call it"
                                  : "does it accept our TLS certificate? See its log");
  }
  std::vector<Certificate> issuers;
  std::ranges::copy_if(*fetched, std::back_inserter(issuers), [](const Certificate& one) {
    return one.key_use() == KeyUse::certificate_signing;
  });
  for (const auto& certificate : *fetched) {
    if (!certificate.has_role(set_role(peer.role))) continue;
    examine_chain(examination, peer.about, {certificate, issuers}, *self.trust, self.clock());
  }
}

// --- its signature and its clock ---

// A wrapper without a message. Its header is good, so that the answer names it.
wire::MessageWrapper empty_message(MessageType type, const RRPID& rrpid, Instant now) {
  wire::MessageWrapper out;
  out.set_header(string_of(serialize(wrapper_header(type, rrpid, now))));
  return out;
}

struct Heard {
  Envelope envelope;
  PendingReply pending;
  std::optional<PartyName> by;
  Instant asked, answered;
};

template <class Stub>
Result<Heard> ask_nothing(const Peer& peer, const Examiner& self, MessageType type,
                          grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                       const wire::MessageWrapper&,
                                                       wire::MessageWrapper*)) {
  Stub stub(peer.channel);
  const auto rrpid = Rng::system().make<RRPID>();
  const auto asked = self.clock();
  auto answer = TRY(
      call_party(stub, method, empty_message(type, rrpid, asked), peer.address, kDaemonDeadline));
  const auto answered = self.clock();
  wire::MessageHeader header;
  CHECK_OR_FAIL(parse_canonical(view_of(answer.response.header()), header),
                ErrorCode::bad_message_header, "its answer's header is malformed");
  // By its own clock: how far that is from ours is what we want to know.
  auto envelope = TRY(read_envelope(std::move(answer.response), from_millis(header.date_ms())));
  return Heard{std::move(envelope), PendingReply{rrpid, {}, std::nullopt}, std::move(answer.by),
               asked, answered};
}

// The Error is what we want: any other failure is the peer's.
template <class Res>
Result<void> check_signed(const Heard& heard, const Examiner& self) {
  const Party stranger{.trust = self.trust,
                       .signer = nullptr,
                       .signature = std::nullopt,
                       .kem = nullptr,
                       .key_exchange = std::nullopt};
  const ExpectedSigner expected{.brand = self.brand, .known = {}, .party = heard.by};
  const auto answer =
      Opener::answer<Res>(heard.envelope, heard.pending, stranger, expected, self.clock());
  CHECK_OR_FAIL(!answer, ErrorCode::internal, "it answers a message that is none");
  if (peer_word(answer.error()) != PeerWord::none) return {};
  return failure(answer.error());
}

void examine_clock(Examination& examination, const Peer& peer, const Heard& heard) {
  const auto middle = heard.asked + (heard.answered - heard.asked) / 2;
  const auto ahead = heard.envelope.date - middle;
  const bool is_ahead = ahead.count() > 0;
  const auto by = is_ahead ? ahead : -ahead;
  const auto seconds = std::to_string(by.count() / 1000) + "." +
                       std::to_string(by.count() / 100 % 10) + " s " +
                       (is_ahead ? "ahead of" : "behind") + " ours";
  if (by <= kClocksMayDiffer) return examination.good(peer.about, "its clock is " + seconds);
  examination.bad(peer.about,
                  {is_ahead ? ErrorCode::message_too_new : ErrorCode::message_too_old,
                   "its clock is " + seconds},
                  "set both clocks by NTP: messages more than five minutes off are refused");
}

template <class Res, class Stub>
void examine_messages(Examination& examination, const Examiner& self, const Peer& peer,
                      MessageType type,
                      grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                   const wire::MessageWrapper&,
                                                   wire::MessageWrapper*)) {
  const auto heard = ask_nothing(peer, self, type, method);
  if (!heard) {
    return examination.bad(peer.about, heard.error(),
                           "see its log; if it refuses our certificate, compare root fingerprints");
  }
  examine_clock(examination, peer, *heard);
  examination.check(peer.about, check_signed<Res>(*heard, self),
                    "signs its answers, as the party that its TLS certificate names",
                    "its certificates of SET and of TLS must be of one enrolment and our brand");
}

}  // namespace

void examine_peer(Examination& examination, const Examiner& self, PartyRole role,
                  const std::string& address) {
  Peer peer{role, address, std::string(to_string(role)) + " " + address, nullptr};
  if (!examine_tls(examination, self, peer)) return;
  const bool mutual = self.tls != nullptr;
  peer.channel =
      make_channel(address, mutual ? channel_credentials(*self.tls)
                                   : channel_credentials(self.trust->transport_root_pem()));
  examine_certificates(examination, self, peer);
  if (role == PartyRole::merchant) {
    examine_messages<PInitRes>(examination, self, peer, wire::MESSAGE_TYPE_PINIT_REQ,
                               &wire::MerchantService::Stub::PurchaseInit);
  } else if (role == PartyRole::gateway) {
    examine_messages<PCertRes>(examination, self, peer, wire::MESSAGE_TYPE_PCERT_REQ,
                               &wire::GatewayService::Stub::GatewayCertificates);
  } else {
    examine_messages<CertRes>(examination, self, peer, wire::MESSAGE_TYPE_CERT_REQ,
                              &wire::CertificateAuthorityService::Stub::Cert);
  }
}

}  // namespace set
