// Parts that several payment messages have, and their bounds. Internal to common/message.
#pragma once

#include <set>

#include "common/message/batch.h"
#include "common/message/fields.h"
#include "common/message/install_recur.h"
#include "common/message/sale_detail.h"

namespace set {

inline constexpr std::size_t kMaxReferenceBytes = 32;  // AuthRetNum, LogRefID, BatchID
inline constexpr std::size_t kMaxPhoneBytes = 20;
inline constexpr int kMaxBrandsAndBINs = 32;

/// The mandate of a message that may have one.
template <class Wire>
void write_install_recur(const std::optional<InstallRecurData>& data, Wire& out) {
  if (data) *out.mutable_install_recur_data() = to_wire(*data);
}
std::optional<InstallRecurData> read_install_recur(FieldReader& fields, bool present,
                                                   const wire::InstallRecurData& data);
/// … and whether it fits what is said beside it: one charge is no more than all of them.
template <class Wire>
std::optional<InstallRecurData> read_install_recur(FieldReader& fields, const Wire& message,
                                                   const Amount& purch_amt) {
  auto out =
      read_install_recur(fields, message.has_install_recur_data(), message.install_recur_data());
  fields.require(!out || (out->max_amt.currency() == purch_amt.currency() &&
                          out->max_amt.minor() <= purch_amt.minor()),
                 "one charge of a mandate is more than all of them, or of another currency");
  return out;
}
std::optional<CurrConv> read_curr_conv(FieldReader& fields, bool present,
                                       const wire::CurrConv& note);
std::optional<SaleDetail> read_sale_detail(FieldReader& fields, bool present,
                                           const wire::SaleDetail& detail);
CapResPayload read_cap_res_payload(FieldReader& fields, const wire::CapResPayload& payload);
std::optional<BatchStatus> read_batch_status(FieldReader& fields, bool present,
                                             const wire::BatchStatus& status);
/// SET's BatchStatusSeq: each batch once.
std::vector<BatchStatus> read_batch_status_seq(
    FieldReader& fields, const google::protobuf::RepeatedPtrField<wire::BatchStatus>& statuses);

BrandAndBIN read_brand_and_bin(FieldReader& fields, const wire::BrandAndBIN& item);

/// Each item is about another thing, so that none is done twice in one message.
template <class Items, class Key>
void require_unique(FieldReader& fields, const Items& items, Key key, const char* rule) {
  std::set<decltype(key(*items.begin()))> seen;
  for (const auto& item : items) fields.require(seen.insert(key(item)).second, rule);
}

/// Each key once, in one order, so that one content has one form.
template <class Items, class Key>
void require_ascending(FieldReader& fields, const Items& items, Key key, const char* rule) {
  for (std::size_t i = 1; i < items.size(); ++i) {
    fields.require(key(items[i - 1]) < key(items[i]), rule);
  }
}

}  // namespace set
