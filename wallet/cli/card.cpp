// set-wallet card add, card list.
#include "common/crypto/random.h"
#include "common/daemon/files.h"
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
  CHECK_OR_FAIL(is_interactive(), ErrorCode::invalid_argument,
                "there is no terminal to ask for the card: use --card-file");
  auto pan = TRY(Pan::parse(TRY(ask_secret("Card number (not shown)")).reveal()));
  const auto expiry = TRY(CardExpiry::parse(TRY(ask_line("Good until (MM/YY)"))));
  auto cvv = TRY(CardVerificationValue::parse(
      TRY(ask_secret("Verification value on the card (not shown)")).reveal()));
  return EnteredCard{std::move(pan), expiry, std::move(cvv)};
}

/// The issuer's form: from the file's entries, or from the person.
Result<wire::AddCardRequest> fill_form(const wire::RegistrationForm& form, const Form* from_file) {
  wire::AddCardRequest request;
  auto& answers = *request.mutable_answers();
  const auto put = [&answers](const std::string& name, const std::string& value) {
    auto& answer = *answers.add_answers();
    answer.set_field_name(name);
    answer.set_value(value);
  };
  if (from_file != nullptr) {
    for (const auto& [name, value] : *from_file) put(name, value);
    return request;
  }
  if (!form.policy_text().empty()) say("\n" + neutralise_lines(form.policy_text(), 0, 8000) + "\n\n");
  for (const auto& field : form.fields()) {
    const auto& name = field.description().empty() ? field.name() : field.description();
    const auto prompt = neutralise(name) + (field.required() ? "" : " (optional)");
    if (field.secret()) {
      put(field.name(), TRY(ask_secret(prompt)).reveal());
    } else {
      put(field.name(), TRY(ask_line(prompt)));
    }
  }
  return request;
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

Result<wire::Card> register_card(LocalClient& client, const wire::AddCardRequest& start,
                                 const Form* from_file) {
  grpc::ClientContext context;
  LocalClient::set_patience(context);
  const auto stream = client.stub().AddCard(&context);
  stream->Write(start);
  wire::AddCardResponse response;
  while (stream->Read(&response) && response.has_form()) {
    const auto answers = fill_form(response.form(), from_file);
    if (!answers) {
      context.TryCancel();
      stream->Finish();
      return failure(answers.error());
    }
    stream->Write(*answers);
  }
  return finished(*stream, response);
}

}  // namespace

Result<void> run_card_add(const Paths& paths, const CardAddOptions& options, bool json) {
  const auto trust = TRY(load_trust(options.trust, system_clock()()));
  std::optional<CardFile> file;
  if (!options.card_file.empty()) file = TRY(read_card_file(options.card_file));
  auto entered = file ? std::move(file->card) : TRY(ask_card());

  LocalClient client(paths);
  const auto key = TRY(client.ask(&LocalClient::Stub::PublicKey, wire::PublicKeyRequest()));
  const auto sealed =
      TRY(seal_card(std::move(entered), view_of(key.kem_public_key()), Rng::system()));
  wire::AddCardRequest request;
  auto& start = *request.mutable_start();
  *start.mutable_account() = to_local(sealed);
  start.set_ca(options.ca);
  start.set_trust_pem(trust.pem());
  start.set_root_fingerprint(options.trust.root_fingerprint);
  const auto card = TRY(register_card(client, request, file ? &file->form : nullptr));
  print(json ? dump(to_json(card)) : card_line(card));
  return {};
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
