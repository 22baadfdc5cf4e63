// set-wallet card renew, needs-renewal.
#include "wallet/cli/commands.h"
#include "wallet/cli/local_client.h"
#include "wallet/cli/terminal.h"
#include "wallet/screen.h"

namespace set::wallet {

Result<void> run_card_renew(const Paths& paths, const CardRenewOptions& options, bool json) {
  LocalClient client(paths);
  wire::RenewCardRequest request;
  request.set_card(options.card);
  request.set_ca(options.ca);
  const auto renewed = TRY(client.ask(&LocalClient::Stub::RenewCard, request));
  print(json ? dump(to_json(renewed.card())) : card_line(renewed.card()));
  return {};
}

Result<void> run_needs_renewal(const Paths& paths, bool json) {
  LocalClient client(paths);
  const auto list = TRY(client.ask(&LocalClient::Stub::ListCards, wire::ListCardsRequest()));
  const auto now = to_millis(system_clock()());
  bool due = false;
  auto document = Json::array();
  for (const auto& card : list.cards()) {
    due = due || now >= card.renew_from_ms();
    document.push_back(to_json(card));
    if (!json) print(renewal_line(card));
  }
  if (json) print(dump(document));
  // The exit code of `internal` is the 1 that a script expects for "no".
  CHECK_OR_FAIL(due, ErrorCode::internal, "no renewal is due");
  return {};
}

}  // namespace set::wallet
