// For each field of each message: what its receiver says when that field alone is changed by the
// one who may sign it. Read field_table_*.cpp as the specification; field_test.cpp asserts it.
#pragma once

#include <string>
#include <vector>

#include "common/message/wire.h"

namespace set::flow {

/// One field, and the answer to each Mutation (mutation.h). `none`: cannot be done to this field.
struct FieldRow {
  std::string path;
  const char* flip;
  const char* absent;
  const char* longest;
  const char* extra;
  const char* other;
  const char* why = "";  ///< why some value is accepted
};
using Table = std::vector<FieldRow>;

/// Short forms of the words in the tables.
namespace say {
inline constexpr const char* none = "-";
inline constexpr const char* free = "accepted";
inline constexpr const char* decode = "decodingFailure";
inline constexpr const char* differ = "wrapperMsgMismatch";
inline constexpr const char* crypto = "signatureFailure";
inline constexpr const char* no_lid = "unknownLID";
inline constexpr const char* no_xid = "unknownXID";
inline constexpr const char* no_rrpid = "unknownRRPID";
inline constexpr const char* chall = "challengeMismatch";
inline constexpr const char* no_cert = "missingCertificate";
inline constexpr const char* bad_cert = "invalidCertificate";
inline constexpr const char* critical = "unrecognizedExtension";
inline constexpr const char* too_new = "versionTooNew";
inline constexpr const char* too_old = "versionTooOld";
inline constexpr const char* unsupported = "messageNotSupported";
inline constexpr const char* bad_head = "badMessageHeader";
inline constexpr const char* other_pi = "piAuthMismatch";
inline constexpr const char* rejected = "orderRejected";
inline constexpr const char* no_gateway =
    "systemError";  ///< the gateway said Error to the merchant
}  // namespace say

/// What the tables of header, Body and ContentHeader depend on.
struct Kind {
  enum Signer { nobody, new_key, certified } signer;
  bool answer = false;
  bool clear = false;
  bool baggage = false;
  bool account = false;
  bool trans_ids = false;     ///< the content header has them: their rows are the message's own
  bool other_sender = false;  ///< the other session's sender is another
  bool other_receiver = false;
};

Table message_header_table(const Kind& kind);
Table content_header_table(const Kind& kind);
Table body_table(const Kind& kind);
/// `extensions` and what is below.
Table extensions_table();

/// The table of one part (parts.h) of a message, all rows; `pair` tells apart the requesters of
/// Cert.
Table field_table(MessageType type, std::string_view part, bool cardholder);

// One file each.
Table purchase_table(MessageType type, std::string_view part);
Table payment_table(MessageType type, std::string_view part);
Table capture_table(MessageType type, std::string_view part);
/// Cap, CapRev, Cred, CredRev: the items' table is theirs, and no TransIDs stand in the header.
bool is_about_items(MessageType type);
Table batch_table(MessageType type, std::string_view part);
bool is_batch(MessageType type);

// Rows that several tables have.
Table sent_thumbs_rows(const std::string& path);
Table money_rows(const std::string& path, const char* more, const char* absent, const char* other);
Table purchase_ids_rows(const std::string& path, const char* another, const char* absent);
Table registration_table(MessageType type, std::string_view part, bool cardholder);

/// A message that is not there and may be added: what a well-formed one gives; an empty one is none.
Table optional_rows(const std::string& path, const char* added, const char* why = "");

/// a, with the rows of b added; a row of b takes the place of one with the same path.
Table operator+(Table a, const Table& b);

}  // namespace set::flow
