#include "common/enrollment/register.h"

#include <algorithm>
#include <thread>

#include "common/base/neutral.h"
#include "common/crypto/certificate_pem.h"
#include "common/daemon/files.h"
#include "common/daemon/identity.h"
#include "common/daemon/patience.h"
#include "common/daemon/revocation_file.h"
#include "common/enrollment/pending.h"
#include "common/enrollment/register_parts.h"
#include "common/enrollment/renewal.h"
#include "common/message/reg_form.h"

namespace set {
namespace {

namespace fs = std::filesystem;
using detail::is_final;

constexpr std::size_t kMaxTokenBytes = 128;
constexpr int kMaxFills = 5;  // of one form
// What a CA that suggests nothing, or nonsense, gets.
constexpr Duration kAskAgain = std::chrono::minutes(1);
constexpr Duration kSoonest = std::chrono::milliseconds(200);
constexpr Duration kLatest = std::chrono::hours(1);
// The CA takes it for "no token" where an operator decides.
constexpr std::string_view kNoToken = "none";

}  // namespace

namespace detail {

/// "Referral = not here, go to this URL": where to, since the URLs are printable and signed by the CA.
Error referred(const ReferralData& referral) {
  std::string where;
  for (const auto& url : referral.urls) where += (where.empty() ? ": see " : " or ") + url;
  return {ErrorCode::not_found, "the CA does not register this here and refers elsewhere" + where};
}

}  // namespace detail

namespace {

Duration pause_of(const CertRefused& refused) {
  return std::clamp(refused.retry_after.value_or(kAskAgain), kSoonest, kLatest);
}

/// "field 1 is too long, field 4 …": the reasons are ours, found before anything was sent.
Error unfit_answers(const std::vector<FailedItem>& items) {
  std::string detail = "the form's answers do not fit:";
  for (const auto& item : items) {
    detail += (&item == &items.front() ? " field " : ", field ") +
              std::to_string(item.item_number) + " " + item.reason;
  }
  return {ErrorCode::invalid_argument, std::move(detail)};
}

/// No card is anywhere near: the fields may be called by the names that the CA gave them.
Error unfit_fields(const RegFormData& form, const std::vector<RegFormAnswer>& answers,
                   const std::vector<FailedItem>& items) {
  std::string detail = "the CA's form is not filled in as it asks (--field NAME=VALUE):";
  for (const auto& item : items) {
    const auto place = item.item_number - 1;
    const bool in_form = place < form.fields.size();
    const auto answer = place - form.fields.size();
    const auto& name = in_form                    ? form.fields[place].field_name
                       : answer < answers.size() ? answers[answer].field_name
                                                 : form.policy_text;
    detail += (&item == &items.front() ? " \"" : "; \"") + name + "\" " + item.reason;
    if (in_form && !form.fields[place].field_desc.empty())
      detail += " (" + form.fields[place].field_desc + ")";
  }
  return {ErrorCode::invalid_argument, std::move(detail)};
}

}  // namespace

namespace detail {

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
  const std::string why = refused.ee_message.empty() ? std::string(to_string(refused.status))
                                                     : neutralise(refused.ee_message, 500);
  return {ErrorCode::permission_denied, "the CA refused: " + why};
}

std::string tls_chain_pem(const std::vector<Bytes>& chain) {
  std::string pem;
  for (const auto& der : chain) pem += certificate_pem(der);
  return pem;
}

Result<void> save_identity(const fs::path& directory, const PartyKeys& keys,
                           const PartyCertified& certified, const Trust& trust,
                           const KeyLock& lock, Instant now, Rng& rng) {
  // What is revoked is known before there is an identity that needs it; what was known before stays.
  TRY(load_revocations(directory / kRevocationFile, trust, now));
  TRY(save_revocations(directory / kRevocationFile, trust.revocation()));
  NewIdentity identity{
      .signature_key = keys.signature.stored(),
      .key_exchange_key = keys.key_exchange.seed(),
      .signature = certified.signature,
      .key_exchange = certified.key_exchange,
      .tls = {tls_chain_pem(certified.tls_chain), Secret<std::string>(keys.tls.private_key_pem.reveal()),
              trust.transport_root_pem()},
      .trust_pem = trust.pem(),
  };
  TRY(check_tls_identity(identity.tls, now));
  TRY(Identity::save(directory, identity, lock, rng));
  // What was asked for by the identity that is replaced is of no use any more.
  return remove_pending_renewal(directory);
}

}  // namespace detail

namespace {

/// The last step, of a CertRes or of a CertInqRes. What is not final leaves everything as it is.
Result<std::variant<PartyCertified, CertRefused>> finish(
    const detail::PendingEnrollment& pending, const CertAnswer& answer, const fs::path& directory,
    const Trust& trust, const KeyLock& lock, Instant now, Rng& rng) {
  using Outcome = std::variant<PartyCertified, CertRefused>;
  auto outcome = TRY(accept_party_cert_res(pending.state, pending.keys, answer, trust, now));
  if (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    if (!is_final(refused->status)) return Outcome(*refused);
    TRY(detail::remove_pending(directory));
    return failure(detail::party_refusal(*refused));
  }
  auto certified = std::get<PartyCertified>(std::move(outcome));
  TRY(detail::save_identity(directory, pending.keys, certified, trust, lock, now, rng));
  TRY(detail::remove_pending(directory));
  return Outcome(std::move(certified));
}

// Who names no brand takes whichever the CA serves, so also the one that was asked for.
bool same_request(const PartyToEnroll& asked, const PartyToEnroll& pending) {
  const bool same_brand = asked.brand.empty() || asked.brand == pending.brand;
  return same_brand && asked.role == pending.role && asked.bin == pending.bin && asked.id == pending.id &&
         asked.hosts == pending.hosts;
}

/// What became of an enrolment that was interrupted or not decided: the certificates, or "not yet",
/// or none if the CA never saw it.
Result<std::optional<std::variant<PartyCertified, CertRefused>>> ask_about(
    const CaClient& ca, detail::PendingEnrollment& pending, const fs::path& directory,
    const Trust& trust, const KeyLock& lock, const Clock& clock, Rng& rng) {
  using Outcome = std::optional<std::variant<PartyCertified, CertRefused>>;
  const auto self = detail::with_key(detail::borrowed(trust), pending.keys.signature);
  const auto asked =
      TRY(detail::inquire(ca, pending.state.registration, self, clock, rng));
  if (!asked) {
    TRY(detail::remove_pending(directory));
    return Outcome();
  }
  pending.state.chall_ee3 = asked->chall_ee3;
  return Outcome(TRY(finish(pending, asked->answer, directory, trust, lock, clock(), rng)));
}

/// From the first "not decided yet" on: says so, and waits and asks if it may.
Result<PartyCertified> settle(std::variant<PartyCertified, CertRefused> outcome, const CaClient& ca,
                              detail::PendingEnrollment& pending, const fs::path& directory,
                              const Trust& trust, const KeyLock& lock, const Clock& clock,
                              Rng& rng, const EnrollmentOptions& options) {
  while (const auto* refused = std::get_if<CertRefused>(&outcome)) {
    const auto pause = pause_of(*refused);
    if (options.on_pended) options.on_pended(pause);
    // What --timeout leaves may be too short for another question: then it is for the next run.
    if (!options.wait || waiting_time(pause) < pause) return failure(detail::party_refusal(*refused));
    std::this_thread::sleep_for(pause);
    auto asked = ask_about(ca, pending, directory, trust, lock, clock, rng);
    if (!asked && asked.error().code == ErrorCode::peer_unavailable && waiting_is_over())
      return failure(detail::party_refusal(*refused));
    auto next = TRY(std::move(asked));
    CHECK_OR_FAIL(next, ErrorCode::not_found,
                  "the CA has forgotten this enrolment: run the same command again");
    outcome = std::move(*next);
  }
  TRY(save_ca_address(directory, ca.target()));
  return std::get<PartyCertified>(std::move(outcome));
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

std::vector<RegFormAnswer> answers_by_name(
    const RegFormData& form, const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<RegFormAnswer> answers;
  const auto add = [&](const std::string& name, const std::string& id) {
    for (const auto& [key, value] : values) {
      if (key == name && !value.empty()) answers.push_back({name, id, value});
    }
  };
  for (const auto& field : form.fields) add(field.field_name, field.field_id);
  for (const auto& [key, value] : values) {
    const bool known =
        std::ranges::find(form.fields, key, &RegField::field_name) != form.fields.end();
    if (!known && !value.empty()) answers.push_back({key, "", value});
  }
  return answers;
}

namespace {

RegisteredCard registered(SoftwareSigner key, CardCertified certified) {
  return RegisteredCard{std::move(key), std::move(certified.certificate),
                        std::move(certified.card_secret), std::move(certified.pan_secret)};
}

/// The CA's no, after what was kept for a yes is forgotten; or its "not yet".
Result<RegisteredCard> not_registered(const CertRefused& refused,
                                      const CardRegistration& registration) {
  if (!is_final(refused.status)) {
    if (registration.on_pended) registration.on_pended(pause_of(refused));
  } else {
    if (registration.on_refused && !refused.ee_message.empty())
      registration.on_refused(refused.ee_message);
    if (registration.forget) TRY(registration.forget());
  }
  return failure(detail::card_refusal(refused));
}

}  // namespace

namespace detail {

Result<RegisteredCard> card_of_answer(std::variant<CardCertified, CertRefused> answer,
                                      SoftwareSigner key, const CardRegistration& registration) {
  if (const auto* refused = std::get_if<CertRefused>(&answer))
    return not_registered(*refused, registration);
  return registered(std::move(key), std::get<CardCertified>(std::move(answer)));
}

Party with_key(const std::shared_ptr<const Trust>& trust, const Signer& key) {
  return {.trust = trust,
          .signer = borrowed<Signer>(key),
          .signature = std::nullopt,
          .kem = nullptr,
          .key_exchange = std::nullopt};
}

Result<std::optional<InquiryAnswer>> inquire(const CaClient& ca, const Registration& registration,
                                             const Party& self, const Clock& clock, Rng& rng) {
  const auto inquiry = TRY(make_cert_inq_req(registration, self, clock(), rng));
  auto answer = exchange<CertInqRes>(ca, inquiry.request, self, registration.brand, clock);
  if (!answer && answer.error().code == ErrorCode::unknown_lid &&
      peer_word(answer.error()) == PeerWord::final) {
    return std::optional<InquiryAnswer>();
  }
  if (!answer) return failure(answer.error());
  return std::optional(InquiryAnswer{std::move(*answer), inquiry.chall_ee3});
}

Result<std::optional<RegisteredCard>> collect_card(const CaClient& ca,
                                                   const std::shared_ptr<const Trust>& trust,
                                                   const CardToRegister& card, PendedCard pended,
                                                   const CardRegistration& registration,
                                                   const Clock& clock, Rng& rng) {
  const auto self = with_key(trust, pended.key);
  const auto asked = TRY(inquire(ca, pended.state.registration, self, clock, rng));
  if (!asked) {
    if (registration.forget) TRY(registration.forget());
    return std::optional<RegisteredCard>();
  }
  pended.state.chall_ee3 = asked->chall_ee3;
  auto outcome =
      TRY(accept_card_cert_res(std::move(pended.state), card, asked->answer, *trust, clock()));
  return std::optional(
      TRY(card_of_answer(std::move(outcome), std::move(pended.key), registration)));
}

}  // namespace detail

namespace {

/// CardCInit and RegForm.
Result<FormReceived> fetch_form(const CaClient& ca, const Party& self, const CardToRegister& card,
                                const CardRegistration& registration, const Clock& clock,
                                Rng& rng) {
  auto init = TRY(make_card_c_init_req(self, registration.brand, clock(), rng));
  const auto init_res =
      TRY(detail::exchange<CardCInitRes>(ca, init.request, self, registration.brand, clock));
  auto initiated =
      TRY(accept_card_c_init_res(std::move(init.next), init_res, *self.trust, clock()));
  const auto brand = initiated.registration.brand;
  auto form = TRY(
      make_reg_form_req(std::move(initiated), self, card.pan, registration.language, clock(), rng));
  const auto form_res = TRY(detail::exchange<RegFormRes>(ca, form.request, self, brand, clock));
  auto received = TRY(accept_reg_form_res(std::move(form.next), form_res));
  if (const auto* referral = std::get_if<ReferralData>(&received)) return failure(detail::referred(*referral));
  return std::get<FormReceived>(std::move(received));
}

}  // namespace

Result<RegisteredCard> register_cardholder(const CaClient& ca, std::shared_ptr<const Trust> trust,
                                           const CardToRegister& card,
                                           CardRegistration registration, const Clock& clock,
                                           Rng& rng) {
  CHECK_OR_FAIL(card.expiry.end() > clock(), ErrorCode::invalid_argument, "this card has expired");
  if (registration.pended) {
    if (auto done = TRY(detail::collect_card(ca, trust, card, std::move(*registration.pended), registration,
                                     clock, rng)))
      return std::move(*done);
  }
  auto key = SoftwareSigner::generate(SignatureAlgorithm::ml_dsa_65, rng);
  const auto self = detail::with_key(trust, key);
  const auto to_fill = TRY(fetch_form(ca, self, card, registration, clock, rng));
  std::vector<FailedItem> failed;
  for (int fills = 1; fills <= kMaxFills; ++fills) {
    auto answers = TRY(registration.fill_form(to_fill.form, failed));
    failed = failed_items(to_fill.form, answers);
    if (!failed.empty()) continue;
    auto cert = TRY(make_card_cert_req(to_fill, self, card, std::move(answers), clock(), rng));
    if (registration.keep) TRY(registration.keep(key, cert.next));  // durable before we speak
    const auto cert_res =
        TRY(detail::exchange<CertRes>(ca, cert.request, self, to_fill.registration.brand, clock));
    auto outcome = TRY(accept_card_cert_res(std::move(cert.next), card, cert_res, *trust, clock()));
    const auto* refused = std::get_if<CertRefused>(&outcome);
    const bool correctable =
        refused != nullptr && refused->status == CertStatusCode::reg_form_answer_malformed &&
        !refused->failed_items.empty() && fills < kMaxFills;
    if (!correctable)
      return detail::card_of_answer(std::move(outcome), std::move(key), registration);
    failed = refused->failed_items;
  }
  return failure(unfit_answers(failed));
}

Result<PartyCertified> enroll_party(const CaClient& ca, const Trust& trust,
                                    const PartyToEnroll& party, const Secret<std::string>& token,
                                    const fs::path& directory, const KeyLock& lock,
                                    const Clock& clock, Rng& rng,
                                    const EnrollmentOptions& options) {
  TRY(check_party(party));
  TRY(make_private_directory(directory));
  // An old identity is replaced as a whole; its key file must open, and before the token is used.
  if (fs::exists(directory / "keys.set")) TRY(KeyFile::open(directory / "keys.set", lock));
  if (auto pending = TRY(detail::load_pending(directory, lock))) {
    CHECK_OR_FAIL(
        same_request(party, pending->state.party), ErrorCode::conflict,
        "an enrolment with other options was interrupted here: repeat it as it was, or remove " +
            (directory / "enrolling.set").string());
    if (auto outcome =
            TRY(ask_about(ca, *pending, directory, trust, lock, clock, rng))) {
      return settle(std::move(*outcome), ca, *pending, directory, trust, lock, clock, rng,
                    options);
    }
  }

  auto keys = TRY(PartyKeys::generate(lock, rng));
  const Party self{.trust = detail::borrowed(trust),
                   .signer = nullptr,
                   .signature = std::nullopt,
                   .kem = nullptr,
                   .key_exchange = std::nullopt};
  auto init = TRY(make_me_aq_c_init_req(party, keys.key_exchange, self, clock(), rng));
  const auto init_res = TRY(detail::exchange<MeAqCInitRes>(ca, init.request, self, party.brand, clock));
  auto initiated =
      TRY(accept_me_aq_c_init_res(std::move(init.next), keys.key_exchange, init_res, trust, clock()));
  if (const auto* referral = std::get_if<ReferralData>(&initiated))
    return failure(detail::referred(*referral));
  auto& to_fill = std::get<PartyInitiated>(initiated);
  if (options.accept_policy && !to_fill.form.policy_text.empty())
    TRY(options.accept_policy(to_fill.form.policy_text));
  to_fill.answers = answers_by_name(to_fill.form, options.fields);
  const auto failed = failed_items(to_fill.form, to_fill.answers);
  if (!failed.empty()) return failure(unfit_fields(to_fill.form, to_fill.answers, failed));

  auto cert = TRY(make_party_cert_req(std::move(to_fill), keys, self, token, clock(), rng));
  detail::PendingEnrollment pending{std::move(keys), std::move(cert.next)};
  TRY(detail::save_pending(directory, pending, lock, rng));  // durable before we speak
  const auto cert_res =
      TRY(detail::exchange<CertRes>(ca, cert.request, self, pending.state.registration.brand, clock));
  auto outcome = TRY(finish(pending, cert_res, directory, trust, lock, clock(), rng));
  return settle(std::move(outcome), ca, pending, directory, trust, lock, clock, rng, options);
}

Result<PartyCertified> enroll_party_from_token_file(
    const CaClient& ca, const Trust& trust, const PartyToEnroll& party, const fs::path& token_file,
    const fs::path& directory, const KeyLock& lock, const Clock& clock, Rng& rng,
    const EnrollmentOptions& options) {
  if (token_file.empty()) {
    const Secret<std::string> none{std::string(kNoToken)};
    return enroll_party(ca, trust, party, none, directory, lock, clock, rng, options);
  }
  TRY(check_private_file(token_file));
  auto text = TRY(read_text_file(token_file, kMaxTokenBytes + 2));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
  CHECK_OR_FAIL(
      !text.empty() && text.size() <= kMaxTokenBytes && printable, ErrorCode::invalid_argument,
      token_file.string() +
          " does not hold an enrolment token: one line, as `set-ca token create` printed it");
  const Secret<std::string> token(std::move(text));
  return enroll_party(ca, trust, party, token, directory, lock, clock, rng, options);
}

}  // namespace set
