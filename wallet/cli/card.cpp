// set-wallet card add, card list.
#include <thread>

#include "common/crypto/random.h"
#include "common/daemon/files.h"
#include "common/daemon/patience.h"
#include "common/enrollment/policy_consent.h"
#include "common/enrollment/trust_source.h"
#include "wallet/card_file.h"
#include "wallet/cli/commands.h"
#include "wallet/cli/local_client.h"
#include "wallet/cli/terminal.h"
#include "wallet/screen.h"
#include "wallet/view.h"

namespace set::wallet {
namespace {

using Form = std::vector<std::pair<std::string, std::string>>;
using Stream = grpc::ClientReaderWriter<wire::AddCardRequest, wire::AddCardResponse>;

constexpr std::size_t kMaxCardFileBytes = 64 * 1024;

Result<CardFile> read_card_file(const std::filesystem::path& path) {
  TRY(check_private_file(path));
  auto bytes = TRY(read_file(path, kMaxCardFileBytes));
  auto card = parse_card_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  wipe(bytes.data(), bytes.size());
  return card;
}

Result<EnteredCard> ask_card() {
  TRY(check_interactive("for the card", "use --card-file"));
  auto pan = TRY(Pan::parse(TRY(ask_secret("Card number (not shown)")).reveal()));
  const auto expiry = TRY(CardExpiry::parse(TRY(ask_line("Good until (MM/YY)"))));
  auto cvv = TRY(CardVerificationValue::parse(
      TRY(ask_secret("Verification value on the card (not shown)")).reveal()));
  return EnteredCard{std::move(pan), expiry, std::move(cvv)};
}

void put(wire::CardAnswers& answers, const std::string& name, const std::string& value) {
  auto& answer = *answers.add_answers();
  answer.set_field_name(name);
  answer.set_value(value);
}

std::string prompt_of(const wire::FormField& field) {
  auto prompt = neutralise(field.description().empty() ? field.name() : field.description());
  if (field.type() == "date") prompt += " (YYYY-MM-DD)";
  std::string choices;
  for (const auto& choice : field.choices())
    choices += (choices.empty() ? " (" : ", ") + neutralise(choice);
  if (!choices.empty()) prompt += choices + ")";
  return prompt + (field.required() ? "" : " (optional)");
}

const wire::FailedField* failure_of(const wire::RegistrationForm& form, const std::string& name) {
  for (const auto& failed : form.failed()) {
    if (failed.name() == name) return &failed;
  }
  return nullptr;
}

/// The fields that are asked for the first time, or whose last answer did not fit.
Result<void> ask_fields(const wire::RegistrationForm& form, wire::CardAnswers& answers) {
  const auto last = answers;
  answers.Clear();
  for (const auto& field : form.fields()) {
    const auto* failed = failure_of(form, field.name());
    if (!form.failed().empty() && failed == nullptr) {
      for (const auto& answer : last.answers()) {
        if (answer.field_name() == field.name()) put(answers, field.name(), answer.value());
      }
      continue;
    }
    if (failed != nullptr)
      say(neutralise(field.name()) + " " + neutralise(failed->reason()) + "\n");
    const auto prompt = prompt_of(field);
    if (field.secret()) {
      put(answers, field.name(), TRY(ask_secret(prompt)).reveal());
    } else {
      put(answers, field.name(), TRY(ask_line(prompt)));
    }
  }
  return {};
}

/// The issuer's policy, to be accepted, and its form: from the file's entries, or from the person,
/// who may correct what failed.
Result<void> fill_form(const wire::RegistrationForm& form, const Form* from_file,
                       bool policy_accepted, wire::CardAnswers& answers) {
  if (form.failed().empty()) TRY(accept_policy(form.policy_text(), policy_accepted));
  if (from_file == nullptr) return ask_fields(form, answers);
  for (const auto& failed : form.failed())
    say(neutralise(failed.name()) + " " + neutralise(failed.reason()) + "\n");
  CHECK_OR_FAIL(form.failed().empty(), ErrorCode::invalid_argument,
                "the card file's answers do not fit the issuer's form");
  for (const auto& [name, value] : *from_file) put(answers, name, value);
  return {};
}

/// The stream's end: the daemon's Error, if it has one.
Result<wire::Card> finished(Stream& stream, const wire::AddCardResponse& last) {
  stream.WritesDone();
  wire::AddCardResponse nothing;
  while (stream.Read(&nothing)) {
  }
  const auto status = stream.Finish();
  if (!status.ok()) return failure(local_error(status));
  CHECK_OR_FAIL(last.has_card(), ErrorCode::internal, "the registration ended without a card");
  return last.card();
}

/// `retry_after` is set where the CA has not decided yet.
Result<wire::Card> register_card(LocalClient& client, const wire::AddCardRequest& start,
                                 const Form* from_file, bool policy_accepted,
                                 Duration& retry_after) {
  grpc::ClientContext context;
  LocalClient::set_patience(context);
  const auto stream = client.stub().AddCard(&context);
  stream->Write(start);
  wire::AddCardResponse response;
  wire::AddCardRequest request;
  while (stream->Read(&response) && !response.has_card()) {
    if (response.has_refused()) {
      say("The CA writes: " + neutralise_lines(response.refused().message(), 2) + "\n");
      continue;
    }
    if (response.has_pended()) {
      retry_after = Duration(response.pended().retry_after_ms());
      continue;
    }
    const auto filled = fill_form(response.form(), from_file, policy_accepted,
                                  *request.mutable_answers());
    if (!filled) {
      context.TryCancel();
      stream->Finish();
      return failure(filled.error());
    }
    stream->Write(request);
  }
  return finished(*stream, response);
}

}  // namespace

namespace {

/// Every attempt seals the card anew: the daemon may have been started again, with another key.
Result<wire::AddCardRequest> start_of(LocalClient& client, const EnteredCard& entered,
                                      const CardAddOptions& options, const Trust& trust) {
  auto pan = TRY(Pan::parse(entered.pan.reveal()));
  std::optional<CardVerificationValue> cvv;
  if (entered.cvv) cvv = TRY(CardVerificationValue::parse(entered.cvv->reveal()));
  const auto key = TRY(client.ask(&LocalClient::Stub::PublicKey, wire::PublicKeyRequest()));
  const auto sealed = TRY(seal_card({std::move(pan), entered.expiry, std::move(cvv)},
                                    view_of(key.kem_public_key()), Rng::system()));
  wire::AddCardRequest request;
  auto& start = *request.mutable_start();
  *start.mutable_account() = to_local(sealed);
  start.set_ca(options.ca);
  start.set_trust_pem(trust.pem());
  start.set_root_fingerprint(TRY(root_fingerprint_of(options.trust)));
  start.set_language(options.language);
  if (is_trust_url(options.trust)) start.set_trust_url(options.trust.location);
  return request;
}

}  // namespace

Result<void> run_card_add(const Paths& paths, const CardAddOptions& options, bool json) {
  const auto trust = TRY(load_trust(options.trust, system_clock()()));
  std::optional<CardFile> file;
  if (!options.card_file.empty()) file = TRY(read_card_file(options.card_file));
  const auto entered = file ? std::move(file->card) : TRY(ask_card());
  Duration retry_after{};
  const auto attempt = [&]() -> Result<wire::Card> {
    LocalClient client(paths);
    const auto start = TRY(start_of(client, entered, options, trust));
    return register_card(client, start, file ? &file->form : nullptr, options.accept_policy,
                         retry_after);
  };
  while (true) {
    const auto card = attempt();
    if (card) {
      print(json ? dump(to_json(*card)) : card_line(*card));
      return {};
    }
    const auto code = card.error().code;
    const bool undecided = code == ErrorCode::in_progress ||
                           (code == ErrorCode::peer_unavailable && waiting_is_over());
    if (!undecided || retry_after == Duration::zero()) return failure(card.error());
    say("The CA has not decided yet and suggests to ask again in " +
        std::to_string((retry_after.count() + 999) / 1000) + " s.");
    CHECK_OR_FAIL(options.wait && waiting_time(retry_after) == retry_after, ErrorCode::in_progress,
                  "the card is registered as soon as the CA agrees: run the same command again, or "
                  "with --wait");
    std::this_thread::sleep_for(retry_after);
  }
}

Result<void> run_card_list(const Paths& paths, bool json) {
  LocalClient client(paths);
  const auto list = TRY(client.ask(&LocalClient::Stub::ListCards, wire::ListCardsRequest()));
  auto document = Json::array();
  for (const auto& card : list.cards()) {
    if (json) {
      document.push_back(to_json(card));
    } else {
      print(card_line(card));
    }
  }
  if (json) print(dump(document));
  if (!json && list.cards().empty()) say("no cards; add one with: set-wallet card add\n");
  return {};
}

}  // namespace set::wallet
