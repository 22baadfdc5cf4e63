// TransIDs and Thumbs: the identifiers of one purchase, and what the sender of a request holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/base/time.h"
#include "common/message/wire.h"
#include "set/v1/types.pb.h"

namespace set {

/// TransIDs ::= {LID-C, [LID-M], XID, PReqDate, [PaySysID], Language} (set-1997 §3.0).
struct TransIDs {
  LIDC lid_c;
  std::optional<LIDM> lid_m;
  XID xid;
  Instant preq_date;
  std::string pay_sys_id;
  std::string language = "en";
  bool operator==(const TransIDs&) const = default;
};
wire::TransIDs to_wire(const TransIDs& ids);
Result<TransIDs> from_wire(const wire::TransIDs& ids);

/// XID and LID-C equal, LID-M equal if in both (set-1997 §3.6, gateway's step 3).
bool same_purchase(const TransIDs& a, const TransIDs& b);

/// What the sender holds; the answer leaves it out (protocol §6 rule 6).
struct Thumbs {
  std::vector<Thumbprint> certificates;  // at most 64 of each
  std::vector<Thumbprint> crls = {};
  std::vector<Thumbprint> brand_crl_ids = {};
  bool empty() const { return certificates.empty() && crls.empty() && brand_crl_ids.empty(); }
  bool operator==(const Thumbs&) const = default;
};
wire::Thumbs to_wire(const Thumbs& thumbs);
Result<Thumbs> from_wire(const wire::Thumbs& thumbs);

}  // namespace set
