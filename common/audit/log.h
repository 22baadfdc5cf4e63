// The audit log in a daemon's database. An entry is written in the transaction that it tells of, as a
// row of `audit_inbox`, where writers do not wait for each other; then whoever comes by chains what
// lies there to the end of `audit`, several at once (ADR 0049). Nothing is ever changed or deleted
// in `audit`. Threads as Database.
#pragma once

#include <functional>

#include "common/audit/entry.h"
#include "common/store/database.h"

namespace set::audit {

/// The chain, for each room's own list of migrations.
inline constexpr std::string_view kChainSchema = R"sql(
  CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    entry TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 48)
  ) STRICT;
)sql";
/// What is not chained yet, in the order of `id`: time, then chance.
inline constexpr std::string_view kInboxSchema = R"sql(
  CREATE TABLE audit_inbox (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    entry TEXT NOT NULL
  ) STRICT;
)sql";

/// Inside another transaction: what happened and its entry are kept together or not at all. An entry
/// without an event is none.
Result<void> append(Transaction& t, const AuditEntry& entry);
/// The same in a transaction of its own.
Result<void> append(Database& database, const AuditEntry& entry);

/// What an operator's command did, as an entry.
AuditEntry by_operator(std::string_view words, Instant at);

/// Chains what lies in the inbox. The digest of the last entry; none while there is none.
Result<std::optional<Digest>> chain(Database& database);

/// Entries after this number, chained ones only.
Result<std::vector<AuditRecord>> records_after(Database& database, std::int64_t number, int most);
/// Every entry after this number, a page at a time, after chaining what lies in the inbox.
Result<void> for_each_record(Database& database, std::int64_t after,
                             const std::function<Result<void>(const AuditRecord&)>& each);

}  // namespace set::audit
