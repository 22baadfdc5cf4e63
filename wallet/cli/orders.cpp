// set-wallet orders, status, receipt, mandate, resume, path.
#include "common/daemon/evidence_command.h"
#include "wallet/cli/commands.h"
#include "wallet/cli/local_client.h"
#include "wallet/cli/outcome.h"
#include "wallet/cli/terminal.h"
#include "wallet/schema.h"
#include "wallet/screen.h"

namespace set::wallet {
namespace {

template <class Purchases>
void print_list(const Purchases& purchases, bool json) {
  if (!json) {
    for (const auto& purchase : purchases) print(purchase_line(purchase));
    return;
  }
  auto document = Json::array();
  for (const auto& purchase : purchases) document.push_back(to_json(purchase));
  print(dump(document));
}

}  // namespace

Result<void> run_orders(const Paths& paths, bool json) {
  LocalClient client(paths);
  const auto list = TRY(client.ask(&LocalClient::Stub::ListPurchases, wire::ListPurchasesRequest()));
  print_list(list.purchases(), json);
  if (!json && list.purchases().empty()) say("no orders yet\n");
  return {};
}

Result<void> run_status(const Paths& paths, const std::string& xid, bool json) {
  LocalClient client(paths);
  wire::InquireRequest request;
  request.set_xid(TRY(parse_xid(xid)));
  const auto response = TRY(client.ask(&LocalClient::Stub::Inquire, request));
  print(json ? dump(to_json(response.purchase())) : purchase_text(response.purchase()));
  return exit_of(response.purchase());
}

Result<void> run_mandate_list(const Paths& paths, bool json) {
  LocalClient client(paths);
  const auto list = TRY(client.ask(&LocalClient::Stub::ListPurchases, wire::ListPurchasesRequest()));
  auto document = Json::array();
  for (const auto& purchase : list.purchases()) {
    if (!purchase.has_mandate()) continue;
    document.push_back(to_json(purchase));
    if (!json) print(mandate_line(purchase));
  }
  if (json) print(dump(document));
  if (!json && document.empty()) say("no mandates: no instalments or recurring payments were signed\n");
  return {};
}

Result<void> run_mandate_show(const Paths& paths, const std::string& xid, bool json) {
  LocalClient client(paths);
  wire::InquireRequest request;
  request.set_xid(TRY(parse_xid(xid)));
  const auto response = TRY(client.ask(&LocalClient::Stub::Inquire, request));
  const auto& purchase = response.purchase();
  CHECK_OR_FAIL(purchase.has_mandate(), ErrorCode::not_found,
                "this purchase has no mandate; see set-wallet mandate list");
  print(json ? dump(to_json(purchase)) : purchase_text(purchase));
  return {};
}

Result<void> run_receipt(const Paths& paths, const std::string& xid,
                         const std::filesystem::path& file, bool json) {
  LocalClient client(paths);
  if (!file.empty()) {
    wire::ExportReceiptRequest asked;
    asked.set_xid(TRY(parse_xid(xid)));
    const auto exported = TRY(client.ask(&LocalClient::Stub::ExportReceipt, asked));
    return put_evidence(file, exported.evidence());
  }
  wire::VerifyReceiptRequest request;
  request.set_xid(TRY(parse_xid(xid)));
  const auto receipt = TRY(client.ask(&LocalClient::Stub::VerifyReceipt, request));
  print(json ? dump(to_json(receipt)) : receipt_text(receipt));
  return {};
}

Result<void> run_resume(const Paths& paths, bool json) {
  LocalClient client(paths);
  const auto response = TRY(client.ask(&LocalClient::Stub::Resume, wire::ResumeRequest()));
  print_list(response.purchases(), json);
  for (const auto& purchase : response.purchases()) {
    CHECK_OR_FAIL(purchase.outcome() != "unknown", ErrorCode::outcome_unknown,
                  "not every outcome is known yet; run set-wallet resume again later");
  }
  if (!json && response.purchases().empty()) say("every outcome is known\n");
  return {};
}

Result<void> run_audit_log(const Paths& paths, const AuditOptions& options, bool json) {
  auto database =
      TRY(Database::open("sqlite:" + paths.database().string(), DatabaseUse::command));
  TRY(database.migrate(kMigrations));
  return run_audit(database, options, json);
}

Result<void> run_path(const Paths& paths, bool json) {
  const Json document = {{"home", paths.home.string()},
                         {"keys", paths.keys().string()},
                         {"database", paths.database().string()},
                         {"socket", paths.socket.string()}};
  if (json) {
    print(dump(document));
  } else {
    for (const auto& [name, value] : document.items()) {
      print(name + "  " + value.get<std::string>() + "\n");
    }
  }
  return {};
}

}  // namespace set::wallet
