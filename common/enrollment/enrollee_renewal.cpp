// Renewal from the end entity's side: who a certificate says it is, and the exchange for the TLS
// certificate alone. The full renewal is a registration of another type (enrollee.cpp,
// enrollee_party.cpp).
#include "common/enrollment/enrollee.h"
#include "common/enrollment/enrollee_parts.h"

namespace set {
namespace {

constexpr std::string_view kAcquirer = "Acquirer ";

}  // namespace

Result<PartyToEnroll> party_to_renew(const Certificate& signature, RenewalOf of) {
  PartyToEnroll party;
  party.brand = signature.brand();
  party.renewal = of;
  if (const auto& merchant = signature.merchant_data()) {
    party.bin = merchant->acquirer_bin;
    party.id = merchant->merchant_id;
    return party;
  }
  const std::string_view unit = signature.organizational_unit();
  CHECK_OR_FAIL(signature.has_role(Role::gateway) && unit.starts_with(kAcquirer),
                ErrorCode::bad_config, "the certificate is neither a merchant's nor a gateway's");
  party.role = Role::gateway;
  party.bin = unit.substr(kAcquirer.size());
  party.id = signature.common_name();
  return party;
}

Result<Sent<AwaitingPartyCertRes>> make_tls_cert_req(PartyInitiated state, const TlsKey& key,
                                                     const Party& self, Instant now, Rng& rng) {
  AwaitingPartyCertRes next{std::move(state.party), std::move(state.registration),
                            rng.make<Challenge>()};
  const CertReq req{
      .lid_ee = next.registration.lid_ee,
      .chall_ee3 = next.chall_ee3,
      .lid_ca = next.registration.lid_ca,
      .chall_ca = state.chall_ca,
      .request_type = request_type_of(next.party),
      .request_date = now,
      .id_data = id_data_of(next.party),
      .reg_form_id = state.form.reg_form_id,
      .answers = {},
      .signature_key = {},
      .encryption_key = self.kem->public_key().spki(),
      .kem_challenge_answer = bytes_of(state.kem_answer.reveal()),
      .tls_key = key.public_key,
      .tls_hosts = {},
      .thumbs = {},
      .ee_thumb = self.signature.value().leaf.thumbprint(),
  };
  const auto account = detail::renewal_account(rng);
  const RequestContext context{.self = self,
                               .recipient = &next.registration.cae,
                               .rrpid = rng.make<RRPID>(),
                               .trans_ids = std::nullopt,
                               .now = now,
                               .baggage = {},
                               .account = &account};
  auto request = TRY(seal_request(req, context, rng));
  return Sent<AwaitingPartyCertRes>{std::move(next), std::move(request)};
}

/// Spec:    set-1997 §3.1, "C's checks" of CertRes. The certificate is looked into where TLS is
/// known.
Result<std::variant<TlsCertified, CertRefused>> accept_tls_cert_res(AwaitingPartyCertRes state,
                                                                    const CertAnswer& res) {
  TRY(detail::check_ids(state.registration.lid_ee, res->lid_ee, state.chall_ee3, res->chall_ee3));
  TRY(detail::check_registration(state.registration, res->lid_ee, res->lid_ca));
  TRY(detail::check_ca(res.signer(), state.party.role, state.registration.brand));
  using Outcome = std::variant<TlsCertified, CertRefused>;
  if (res->status != CertStatusCode::request_complete) return Outcome(detail::refused(*res));
  CHECK_OR_FAIL(!res->tls_certificates.empty(), ErrorCode::missing_certificate,
                "the CA sent no TLS certificate");
  return Outcome(TlsCertified{res->tls_certificates});
}

}  // namespace set
