// replies: "seen before?", shared by all roles (protocol §6, rules 3 and 4). A flow saves its
// state first; the answer is stored before it is sent, and a repeated request gets those bytes again. If
// the process dies in between, the flow finds its state and comes to the same answer.
// Called by common/daemon/handle.h; threads as Database.
#pragma once

#include <optional>
#include <string_view>

#include "common/base/ids.h"
#include "common/store/database.h"

namespace set {

/// What was answered to a request, and to which one.
struct StoredReply {
  Digest request_digest;  ///< Of the exact bytes received: releases the answer before any crypto.
  Digest content_digest;  ///< Of the signed content: same RRPID with other content is refused.
  Bytes reply;            ///< The exact bytes sent.
};

namespace replies {

/// The table, for each room's own list of migrations.
inline constexpr std::string_view kSchema = R"sql(
  CREATE TABLE replies (
    peer BLOB NOT NULL,
    message TEXT NOT NULL,
    rrpid BLOB NOT NULL CHECK (length(rrpid) = 20),
    request_digest BLOB NOT NULL CHECK (length(request_digest) = 48),
    content_digest BLOB NOT NULL CHECK (length(content_digest) = 48),
    reply BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (peer, message, rrpid)
  ) STRICT;
  CREATE INDEX replies_by_request ON replies (request_digest);
  CREATE INDEX replies_by_age ON replies (created_at);
)sql";

/// The answer to exactly these received bytes, whoever sent them.
Result<std::optional<StoredReply>> find_by_request(Transaction& t, const Digest& request_digest);
/// The same in a transaction of its own.
Result<std::optional<StoredReply>> find_by_request(Database& database,
                                                   const Digest& request_digest);

/// The answer under the key that a proven sender vouches for. `peer` is the signer's thumbprint, or
/// empty where the message is not signed; `message` is SET's name, such as "AuthReq".
Result<std::optional<StoredReply>> find(Transaction& t, ByteView peer, std::string_view message,
                                        const RRPID& rrpid);

/// conflict if an answer under this key exists already: another thread was first, read theirs.
Result<void> save(Transaction& t, ByteView peer, std::string_view message, const RRPID& rrpid,
                  const StoredReply& reply, Instant now);

/// Forgets answers stored before `limit`, in small transactions; returns how many.
Result<std::int64_t> purge_older_than(Database& database, Instant limit);

}  // namespace replies
}  // namespace set
