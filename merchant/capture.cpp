#include "merchant/capture.h"

#include "merchant/item_messages.h"

namespace set::merchant {

Result<Request> make_cap_req(const RRPID& rrpid, std::span<const AskedItem> items,
                             const Asking& asking) {
  CapReq message;
  for (const auto& asked : items) {
    std::optional<SaleDetail> detail;
    if (!asked.item.batch_wish.empty()) detail.emplace().batch_id = asked.item.batch_wish;
    message.items.push_back({.trans_ids = asked.ids,
                             .auth_rrpid = asked.item.auth_rrpid,
                             .cap_date = asked.item.date,
                             .cap_req_amt = asked.item.amount,
                             .sale_detail = detail,
                             .final_capture = asked.item.final_capture});
  }
  return seal_items(message, rrpid, items, asking);
}

Result<std::vector<ItemOutcome>> accept_cap_res(std::span<const AskedItem> items,
                                                const OpenedAnswer<CapRes>& answer,
                                                const GatewayCertificates& gateway) {
  return accept_items(items, answer, gateway);
}

}  // namespace set::merchant
