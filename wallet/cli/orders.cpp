// set-wallet order, receipt, evidence, mandate, resume, path.
#include "common/daemon/patience.h"
#include "wallet/cli/commands.h"
#include "wallet/cli/local_client.h"
#include "wallet/cli/outcome.h"
#include "wallet/cli/terminal.h"
#include "wallet/schema.h"
#include "wallet/screen.h"

namespace set::wallet {
namespace {

using Line = std::string (*)(const wire::Purchase&);

template <class Purchases>
void print_list(const Purchases& purchases, Line line, bool json) {
  if (!json) {
    for (const auto& purchase : purchases) print(line(purchase));
    return;
  }
  auto document = Json::array();
  for (const auto& purchase : purchases) document.push_back(to_json(purchase));
  print(dump(document));
}

Result<void> list_purchases(const Paths& paths, const ListLimit& limit, bool mandates, bool json) {
  LocalClient client(paths);
  wire::ListPurchasesRequest request;
  request.set_at_most(limit.to_fetch());
  request.set_mandates_only(mandates);
  const auto list = TRY(client.ask(&LocalClient::Stub::ListPurchases, request));
  std::vector<wire::Purchase> purchases(list.purchases().begin(), list.purchases().end());
  keep_within(limit, purchases);
  print_list(purchases, mandates ? mandate_line : purchase_line, json);
  if (!json && purchases.empty()) {
    say(mandates ? "no mandates: no instalments or recurring payments were signed" : "no orders yet");
  }
  return {};
}

}  // namespace

Result<void> run_orders(const Paths& paths, const ListLimit& limit, bool json) {
  return list_purchases(paths, limit, /*mandates=*/false, json);
}

Result<void> run_status(const Paths& paths, const std::string& xid, bool json) {
  LocalClient client(paths);
  wire::InquireRequest request;
  request.set_xid(TRY(parse_xid(xid)));
  const auto response = TRY(client.ask(&LocalClient::Stub::Inquire, request));
  print(json ? dump(to_json(response.purchase())) : purchase_text(response.purchase()));
  return exit_of(response.purchase());
}

Result<void> run_mandate_list(const Paths& paths, const ListLimit& limit, bool json) {
  return list_purchases(paths, limit, /*mandates=*/true, json);
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

Result<void> run_evidence_export(const Paths& paths, const EvidenceOptions& options) {
  LocalClient client(paths);
  wire::ExportReceiptRequest request;
  request.set_xid(TRY(parse_xid(options.xid)));
  const auto exported = TRY(client.ask(&LocalClient::Stub::ExportReceipt, request));
  return put_evidence(options.file, exported.evidence());
}

Result<void> run_receipt(const Paths& paths, const std::string& xid, bool json) {
  LocalClient client(paths);
  wire::VerifyReceiptRequest request;
  request.set_xid(TRY(parse_xid(xid)));
  const auto receipt = TRY(client.ask(&LocalClient::Stub::VerifyReceipt, request));
  print(json ? dump(to_json(receipt)) : receipt_text(receipt));
  return {};
}

Result<void> run_resume(const Paths& paths, bool json) {
  LocalClient client(paths);
  const auto resumed = client.ask(&LocalClient::Stub::Resume, wire::ResumeRequest());
  if (!resumed) {
    return failure(waiting_is_over() ? unknown_if_unanswered(resumed.error()) : resumed.error());
  }
  const auto& response = *resumed;
  print_list(response.purchases(), purchase_line, json);
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
