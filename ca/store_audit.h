// Appending to the audit log inside another transaction: what is issued and its entry are kept
// together or not at all. Internal to store*.cpp.
#pragma once

#include "ca/audit.h"
#include "common/store/database.h"

namespace set::ca::rows {

Result<void> append_audit(Transaction& t, const AuditEntry& entry);

}  // namespace set::ca::rows
