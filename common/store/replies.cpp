#include "common/store/replies.h"

namespace set::replies {
namespace {

constexpr std::int64_t kPurgeAtOnce = 1000;  // other threads wait for a transaction to end

std::optional<StoredReply> reply_of(const std::optional<Row>& row) {
  if (!row) return std::nullopt;
  return StoredReply{.request_digest = row->octets<Digest>(0),
                     .content_digest = row->octets<Digest>(1),
                     .reply = row->blob(2)};
}

}  // namespace

Result<std::optional<StoredReply>> find_by_request(Transaction& t, const Digest& request_digest) {
  const auto row = TRY(t.query_one(
      "SELECT request_digest, content_digest, reply FROM replies WHERE request_digest = $1 LIMIT 1",
      {request_digest}));
  return reply_of(row);
}

Result<std::optional<StoredReply>> find_by_request(Database& database,
                                                   const Digest& request_digest) {
  return database.in_transaction("replies:find_by_request", [&](Transaction& t) {
    return find_by_request(t, request_digest);
  });
}

Result<std::optional<StoredReply>> find(Transaction& t, ByteView peer, std::string_view message,
                                        const RRPID& rrpid) {
  const auto row =
      TRY(t.query_one("SELECT request_digest, content_digest, reply FROM replies "
                      "WHERE peer = $1 AND message = $2 AND rrpid = $3",
                      {peer, message, rrpid}));
  return reply_of(row);
}

Result<void> save(Transaction& t, ByteView peer, std::string_view message, const RRPID& rrpid,
                  const StoredReply& reply, Instant now) {
  TRY(t.execute(
      "INSERT INTO replies (peer, message, rrpid, request_digest, content_digest, reply,"
      " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {peer, message, rrpid, reply.request_digest, reply.content_digest, reply.reply, now}));
  return {};
}

Result<std::int64_t> purge_older_than(Database& database, Instant limit) {
  std::int64_t purged = 0;
  while (true) {
    const auto count = TRY(database.in_transaction("replies:purge", [&](Transaction& t) {
      return t.execute(
          "DELETE FROM replies WHERE (peer, message, rrpid) IN (SELECT peer, message, rrpid"
          " FROM replies WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
          {limit, kPurgeAtOnce});
    }));
    purged += count;
    if (count < kPurgeAtOnce) return purged;
  }
}

}  // namespace set::replies
