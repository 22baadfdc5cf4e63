#include "common/enrollment/register.h"

#include <algorithm>

#include "common/crypto/certificate_pem.h"
#include "common/daemon/files.h"
#include "common/daemon/identity.h"
#include "common/enrollment/pending.h"

namespace set {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxTokenBytes = 128;

template <class T>
std::shared_ptr<const T> borrowed(const T& object) {
  return {std::shared_ptr<const T>(), &object};
}

/// Sends and opens; `self` as in enrollee.h.
template <class Res>
Result<OpenedAnswer<Res>> exchange(const CaClient& ca, const Request& request, const Party& self,
                                   const std::string& brand, const Clock& clock) {
  const auto envelope = TRY(ca.send(request, clock));
  const ExpectedSigner expected{brand == kAnyBrand ? std::string() : brand};
  return Opener::answer<Res>(envelope, request.pending, self, expected, clock());
}

Error referred() {
  return {ErrorCode::not_found, "the CA does not register this here and refers elsewhere"};
}

// In our own words: what the CA writes stays out of errors, which may be logged where cards are
// near.
Error card_refusal(const CertRefused& refused) {
  switch (refused.status) {
    case CertStatusCode::rejected_by_issuer:
      return {ErrorCode::declined,
              "the card's issuer refused: check number, expiry, verification value and name"};
    case CertStatusCode::reg_form_answer_malformed: {
      std::string fields;
      for (const auto& item : refused.failed_items) {
        fields += (fields.empty() ? " " : ", ") + std::to_string(item.item_number);
      }
      return {ErrorCode::invalid_argument,
              "the CA does not accept the form's answers: field" + fields};
    }
    case CertStatusCode::invalid_bin:
      return {ErrorCode::not_found, "the CA does not serve cards with this number's first digits"};
    case CertStatusCode::invalid_language:
      return {ErrorCode::invalid_argument, "the CA has no form in this language"};
    case CertStatusCode::request_pended:
    case CertStatusCode::request_in_progress:
      return {ErrorCode::in_progress, "the CA has not decided yet: ask again later"};
    case CertStatusCode::request_complete:
    case CertStatusCode::sig_validation_fail:
    case CertStatusCode::decryption_error:
    case CertStatusCode::rejected_by_acquirer:
    case CertStatusCode::rejected_by_ca:
    case CertStatusCode::unable_to_encrypt_response:
      break;
  }
  return {ErrorCode::declined, "the CA refused: " + std::string(to_string(refused.status))};
}

// The operator who holds the token is told what is wrong with it. No card is anywhere near.
Error party_refusal(const CertRefused& refused) {
  if (refused.status == CertStatusCode::request_pended ||
      refused.status == CertStatusCode::request_in_progress) {
    return {ErrorCode::in_progress, "the CA has not decided yet: run the same command again later"};
  }
  const std::string why =
      refused.ee_message.empty() ? std::string(to_string(refused.status)) : refused.ee_message;
  return {ErrorCode::permission_denied, "the CA refused: " + why};
}

bool is_final(CertStatusCode status) {
  return status != CertStatusCode::request_pended && status != CertStatusCode::request_in_progress;
}

Result<void> save_identity(const fs::path& directory, const PartyKeys& keys,
                           const PartyCertified& certified, const Trust& trust,
                           const Passphrase& passphrase, Instant now, Rng& rng) {
  std::string tls_chain;
  for (const auto& der : certified.tls_chain) tls_chain += certificate_pem(der);
  NewIdentity identity{
      .signature_key = keys.signature.pkcs8(),
      .key_exchange_key = keys.key_exchange.seed(),
      .signature = certified.signature,
      .key_exchange = certified.key_exchange,
      .tls = {std::move(tls_chain), Secret<std::string>(keys.tls.private_key_pem.reveal()),
              trust.transport_root_pem()},
      .trust_pem = trust.pem(),
  };
  TRY(check_tls_identity(identity.tls, now));
  TRY(Identity::save(directory, identity, passphrase, rng));
  return detail::remove_pending(directory);
}

/// The last step, of a CertRes or of a CertInqRes.
Result<PartyCertified> finish(detail::PendingEnrollment pending, const CertAnswer& answer,
                              const fs::path& directory, const Trust& trust,
                              const Passphrase& passphrase, Instant now, Rng& rng) {
  auto outcome =
      TRY(accept_party_cert_res(std::move(pending.state), pending.keys, answer, trust, now));
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    if (is_final(refused->status)) TRY(detail::remove_pending(directory));
    return failure(party_refusal(*refused));
  }
  auto certified = std::get<PartyCertified>(std::move(outcome));
  TRY(save_identity(directory, pending.keys, certified, trust, passphrase, now, rng));
  return certified;
}

bool same_request(const PartyToEnroll& asked, const PartyToEnroll& pending) {
  return asked.role == pending.role && asked.bin == pending.bin && asked.id == pending.id &&
         asked.hosts == pending.hosts;
}

/// What became of an enrolment that was interrupted: the certificates, or none if the CA never saw
/// it.
Result<std::optional<PartyCertified>> resume(const CaClient& ca, detail::PendingEnrollment pending,
                                             const fs::path& directory, const Trust& trust,
                                             const Passphrase& passphrase, const Clock& clock,
                                             Rng& rng) {
  const Party self{.trust = borrowed(trust),
                   .signer = borrowed<Signer>(pending.keys.signature),
                   .signature = std::nullopt,
                   .kem = nullptr,
                   .key_exchange = std::nullopt};
  const auto inquiry = TRY(make_cert_inq_req(pending.state.registration, self, clock(), rng));
  const auto answer =
      exchange<CertInqRes>(ca, inquiry.request, self, pending.state.registration.brand, clock);
  if (!answer && answer.error().code == ErrorCode::unknown_lid &&
      peer_word(answer.error()) == PeerWord::final) {
    TRY(detail::remove_pending(directory));
    return std::optional<PartyCertified>();
  }
  if (!answer) return failure(answer.error());
  pending.state.chall_ee3 = inquiry.chall_ee3;
  return std::optional(
      TRY(finish(std::move(pending), *answer, directory, trust, passphrase, clock(), rng)));
}

Result<void> check_party(const PartyToEnroll& party) {
  CHECK_OR_FAIL(party.role == Role::merchant || party.role == Role::gateway, ErrorCode::internal,
                "only merchants and gateways enrol");
  CHECK_OR_FAIL(bin_from_wire(party.bin), ErrorCode::invalid_argument, "--bin must be six digits");
  CHECK_OR_FAIL(!party.id.empty() && party.id.size() <= 30, ErrorCode::invalid_argument,
                "--id must have 1 to 30 characters");
  CHECK_OR_FAIL(!party.hosts.empty() && party.hosts.size() <= 16, ErrorCode::invalid_argument,
                "name 1 to 16 hosts with --host");
  return {};
}

}  // namespace

Result<std::vector<RegFormAnswer>> answers_by_name(
    const RegFormData& form, const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<RegFormAnswer> answers;
  for (const auto& field : form.fields) {
    const auto found =
        std::ranges::find(values, field.field_name, &std::pair<std::string, std::string>::first);
    if (found != values.end() && !found->second.empty()) {
      answers.push_back({field.field_name, field.field_id, found->second});
    } else {
      CHECK_OR_FAIL(!field.required, ErrorCode::invalid_argument,
                    "the CA's form asks for \"" + field.field_name + "\"");
    }
  }
  return answers;
}

Result<RegisteredCard> register_cardholder(const CaClient& ca, std::shared_ptr<const Trust> trust,
                                           const CardToRegister& card,
                                           const CardRegistration& registration, const Clock& clock,
                                           Rng& rng) {
  CHECK_OR_FAIL(card.expiry.end() > clock(), ErrorCode::invalid_argument, "this card has expired");
  auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  const Party self{.trust = trust,
                   .signer = borrowed<Signer>(key),
                   .signature = std::nullopt,
                   .kem = nullptr,
                   .key_exchange = std::nullopt};

  auto init = TRY(make_card_c_init_req(self, registration.brand, clock(), rng));
  const auto init_res =
      TRY(exchange<CardCInitRes>(ca, init.request, self, registration.brand, clock));
  auto initiated = TRY(accept_card_c_init_res(std::move(init.next), init_res, *trust, clock()));
  const auto brand = initiated.registration.brand;

  auto form = TRY(
      make_reg_form_req(std::move(initiated), self, card.pan, registration.language, clock(), rng));
  const auto form_res = TRY(exchange<RegFormRes>(ca, form.request, self, brand, clock));
  auto received = TRY(accept_reg_form_res(std::move(form.next), form_res));
  if (std::holds_alternative<ReferralData>(received)) return failure(referred());
  auto to_fill = std::get<FormReceived>(std::move(received));
  auto answers = TRY(registration.fill_form(to_fill.form));

  auto cert =
      TRY(make_card_cert_req(std::move(to_fill), self, card, std::move(answers), clock(), rng));
  const auto cert_res = TRY(exchange<CertRes>(ca, cert.request, self, brand, clock));
  auto outcome = TRY(accept_card_cert_res(std::move(cert.next), card, cert_res, *trust, clock()));
  if (const auto* refused = std::get_if<CertRefused>(&outcome))
    return failure(card_refusal(*refused));
  auto certified = std::get<CardCertified>(std::move(outcome));
  return RegisteredCard{std::move(key), std::move(certified.certificate),
                        std::move(certified.card_secret), std::move(certified.pan_secret)};
}

Result<PartyCertified> enroll_party(const CaClient& ca, const Trust& trust,
                                    const PartyToEnroll& party, const Secret<std::string>& token,
                                    const fs::path& directory, const Passphrase& passphrase,
                                    const Clock& clock, Rng& rng) {
  TRY(check_party(party));
  TRY(make_private_directory(directory));
  // An old identity is replaced as a whole; its key file must open, and before the token is used.
  if (fs::exists(directory / "keys.set")) TRY(KeyFile::open(directory / "keys.set", passphrase));
  if (auto pending = TRY(detail::load_pending(directory, passphrase))) {
    CHECK_OR_FAIL(
        same_request(party, pending->state.party), ErrorCode::conflict,
        "an enrolment with other options was interrupted here: repeat it as it was, or remove " +
            (directory / "enrolling.set").string());
    if (auto done =
            TRY(resume(ca, std::move(*pending), directory, trust, passphrase, clock, rng))) {
      return std::move(*done);
    }
  }

  auto keys = PartyKeys::generate(rng);
  const Party self{.trust = borrowed(trust),
                   .signer = nullptr,
                   .signature = std::nullopt,
                   .kem = nullptr,
                   .key_exchange = std::nullopt};
  auto init = TRY(make_me_aq_c_init_req(party, keys, self, clock(), rng));
  const auto init_res = TRY(exchange<MeAqCInitRes>(ca, init.request, self, party.brand, clock));
  auto initiated =
      TRY(accept_me_aq_c_init_res(std::move(init.next), keys, init_res, trust, clock()));
  if (std::holds_alternative<ReferralData>(initiated)) return failure(referred());

  auto cert = TRY(make_party_cert_req(std::get<PartyInitiated>(std::move(initiated)), keys, self,
                                      token, clock(), rng));
  detail::PendingEnrollment pending{std::move(keys), std::move(cert.next)};
  TRY(detail::save_pending(directory, pending, passphrase, rng));  // durable before we speak
  const auto cert_res =
      TRY(exchange<CertRes>(ca, cert.request, self, pending.state.registration.brand, clock));
  return finish(std::move(pending), cert_res, directory, trust, passphrase, clock(), rng);
}

Result<PartyCertified> enroll_party_from_token_file(
    const CaClient& ca, const Trust& trust, const PartyToEnroll& party, const fs::path& token_file,
    const fs::path& directory, const Passphrase& passphrase, const Clock& clock, Rng& rng) {
  TRY(check_private_file(token_file));
  auto text = TRY(read_text_file(token_file, kMaxTokenBytes + 2));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  CHECK_OR_FAIL(
      !text.empty() && text.size() <= kMaxTokenBytes && printable, ErrorCode::invalid_argument,
      token_file.string() +
          " does not hold an enrolment token: one line, as `set-ca token create` printed it");
  const Secret<std::string> token(std::move(text));
  return enroll_party(ca, trust, party, token, directory, passphrase, clock, rng);
}

}  // namespace set
