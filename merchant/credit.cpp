#include "merchant/credit.h"

#include "merchant/item_messages.h"

namespace set::merchant {
namespace {

template <class Req>
Result<Request> make_request(const RRPID& rrpid, std::span<const AskedItem> items,
                             const Asking& asking) {
  Req message;
  for (const auto& asked : items) {
    message.items.push_back({.trans_ids = asked.ids,
                             .auth_rrpid = asked.item.auth_rrpid,
                             .reversed = asked.item.reversed,
                             .date = asked.item.date,
                             .amt = asked.item.amount,
                             .new_batch_id = asked.item.batch_wish});
  }
  return seal_items(message, rrpid, items, asking);
}

}  // namespace

Result<Request> make_cap_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                 const Asking& asking) {
  return make_request<CapRevReq>(rrpid, items, asking);
}
Result<Request> make_cred_req(const RRPID& rrpid, std::span<const AskedItem> items,
                              const Asking& asking) {
  return make_request<CredReq>(rrpid, items, asking);
}
Result<Request> make_cred_rev_req(const RRPID& rrpid, std::span<const AskedItem> items,
                                  const Asking& asking) {
  return make_request<CredRevReq>(rrpid, items, asking);
}

Result<std::vector<ItemOutcome>> accept_cap_rev_res(std::span<const AskedItem> items,
                                                    const OpenedAnswer<CapRevRes>& answer,
                                                    const GatewayCertificates& gateway) {
  return accept_items(items, answer, gateway);
}
Result<std::vector<ItemOutcome>> accept_cred_res(std::span<const AskedItem> items,
                                                 const OpenedAnswer<CredRes>& answer,
                                                 const GatewayCertificates& gateway) {
  return accept_items(items, answer, gateway);
}
Result<std::vector<ItemOutcome>> accept_cred_rev_res(std::span<const AskedItem> items,
                                                     const OpenedAnswer<CredRevRes>& answer,
                                                     const GatewayCertificates& gateway) {
  return accept_items(items, answer, gateway);
}

}  // namespace set::merchant
