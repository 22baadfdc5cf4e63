// set-wallet pay LINK.
#include <iostream>

#include "common/crypto/random.h"
#include "common/daemon/files.h"
#include "common/daemon/trace.h"
#include "wallet/cli/commands.h"
#include "wallet/cli/local_client.h"
#include "wallet/cli/outcome.h"
#include "wallet/cli/terminal.h"
#include "wallet/screen.h"
#include "wallet/view.h"

namespace set::wallet {
namespace {

constexpr std::size_t kMaxCvvFileBytes = 64;

Result<std::string> read_link(const std::string& option) {
  if (option != "-") return option;
  std::string line;
  CHECK_OR_FAIL(std::getline(std::cin, line), ErrorCode::invalid_argument,
                "there is no payment link on standard input");
  return line;
}

Result<std::optional<CardVerificationValue>> read_cvv(const PayOptions& options) {
  if (!options.cvv_file.empty()) {
    TRY(check_private_file(options.cvv_file));
    auto bytes = TRY(read_file(options.cvv_file, kMaxCvvFileBytes));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    auto cvv = CardVerificationValue::parse(text.substr(0, text.find_last_not_of("\r\n") + 1));
    wipe(bytes.data(), bytes.size());
    return TRY(std::move(cvv));
  }
  if (!options.ask_cvv) return std::nullopt;
  CHECK_OR_FAIL(is_interactive(), ErrorCode::invalid_argument,
                "there is no terminal to ask for the verification value: use --cvv-file");
  return TRY(CardVerificationValue::parse(
      TRY(ask_secret("Verification value on the card (not shown)")).reveal()));
}

Result<wire::SealedEntry> seal_for_daemon(LocalClient& client, const CardVerificationValue& cvv) {
  const auto key = TRY(client.ask(&LocalClient::Stub::PublicKey, wire::PublicKeyRequest()));
  return to_local(TRY(seal_cvv(cvv, view_of(key.kem_public_key()), Rng::system())));
}

/// A daemon that died after the yes may have sent the order.
Error after_yes(Error error) {
  if (error.code != ErrorCode::peer_unavailable) return error;
  return {ErrorCode::outcome_unknown,
          "the wallet's daemon did not answer after the order was confirmed; start it and run: "
          "set-wallet resume"};
}

}  // namespace

Result<void> run_pay(const Paths& paths, const PayOptions& options, bool json) {
  CHECK_OR_FAIL(options.yes || (is_interactive() && options.link != "-"),
                ErrorCode::invalid_argument,
                "there is no terminal to show the order and ask: use --yes if it is to be paid unseen");
  const auto link = TRY(read_link(options.link));
  const auto cvv = TRY(read_cvv(options));

  const SpanScope span("pay");  // offer and order are one piece of work
  LocalClient client(paths);
  wire::OfferRequest request;
  request.set_link(link);
  request.set_card(options.card);
  const auto offer = TRY(client.ask(&LocalClient::Stub::Offer, request));
  if (!json || !options.yes) say(offer_text(offer));
  const bool yes = options.yes || ask_yes("Pay " + offer.amount() + " to " +
                                          neutralise(offer.merchant_name()) + "?");
  CHECK_OR_FAIL(yes, ErrorCode::invalid_argument, "not paid: nothing was signed");

  wire::ConfirmRequest confirm;
  confirm.set_offer_id(offer.offer_id());
  if (cvv) *confirm.mutable_verification_value() = TRY(seal_for_daemon(client, *cvv));
  const auto confirmed = client.ask(&LocalClient::Stub::Confirm, confirm);
  if (!confirmed) return failure(after_yes(confirmed.error()));
  const auto& purchase = confirmed->purchase();
  print(json ? dump(to_json(purchase)) : purchase_text(purchase));
  return exit_of(purchase);
}

}  // namespace set::wallet
