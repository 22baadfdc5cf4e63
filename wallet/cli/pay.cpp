// set-wallet pay LINK.
#include "common/crypto/random.h"
#include "common/daemon/files.h"
#include "common/daemon/patience.h"
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
  return read_input_line("payment link");
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
  TRY(check_interactive("for the verification value", "use --cvv-file"));
  return TRY(CardVerificationValue::parse(
      TRY(ask_secret("Verification value on the card (not shown)")).reveal()));
}

Result<wire::SealedEntry> seal_for_daemon(LocalClient& client, const CardVerificationValue& cvv) {
  const auto key = TRY(client.ask(&LocalClient::Stub::PublicKey, wire::PublicKeyRequest()));
  return to_local(TRY(seal_cvv(cvv, view_of(key.kem_public_key()), Rng::system())));
}

bool is_wanted(const wire::OfferResponse& offer, const PayOptions& options, bool json) {
  const auto shown = offer_text(offer);
  if (options.yes) {
    if (!json) say(shown);
    return true;
  }
  return ask_yes(shown + "Pay " + offer.amount() + " to " + neutralise(offer.merchant_name()) + "?");
}

}  // namespace

Result<void> run_pay(const Paths& paths, const PayOptions& options, bool json) {
  if (!options.yes && (!is_interactive() || options.link == "-")) {
    return failure(nobody_to_ask("whether the order is to be paid",
                                 "use --yes if it is to be paid unseen"));
  }
  const auto link = TRY(read_link(options.link));
  const auto cvv = TRY(read_cvv(options));

  const SpanScope span("pay");  // offer and order are one piece of work
  LocalClient client(paths);
  wire::OfferRequest request;
  request.set_link(link);
  request.set_card(options.card);
  const auto offer = TRY(client.ask(&LocalClient::Stub::Offer, request));
  CHECK_OR_FAIL(is_wanted(offer, options, json), ErrorCode::invalid_argument,
                "not paid: nothing was signed");
  CHECK_OR_FAIL(!waiting_is_over(), ErrorCode::peer_unavailable,
                "the time of --timeout is over: nothing was signed");

  wire::ConfirmRequest confirm;
  confirm.set_offer_id(offer.offer_id());
  if (cvv) *confirm.mutable_verification_value() = TRY(seal_for_daemon(client, *cvv));
  const auto confirmed = client.ask(&LocalClient::Stub::Confirm, confirm);
  if (!confirmed) return failure(unknown_if_unanswered(confirmed.error()));
  const auto& purchase = confirmed->purchase();
  if (const auto xid = XID::parse(purchase.xid())) log_context().xid = *xid;
  print(json ? dump(to_json(purchase)) : purchase_text(purchase));
  return exit_of(purchase);
}

}  // namespace set::wallet
