// What all messages have alike: the wrapper's header, the body under the seal, the content header.
#include "tests/flow/field_table.h"

#include <algorithm>

namespace set::flow {

using namespace say;

Table optional_rows(const std::string& path, const char* added, const char* why) {
  return {
      {path, added, none, none, decode, none, why},
      {path + ".*", none, none, none, none, none, "not there"},
  };
}

Table operator+(Table a, const Table& b) {
  for (const auto& row : b) {
    const auto there = std::ranges::find(a, row.path, &FieldRow::path);
    if (there != a.end()) {
      *there = row;
    } else {
      a.push_back(row);
    }
  }
  return a;
}

// clang-format off

Table message_header_table(const Kind& kind) {
  const char* stranger = kind.answer ? no_rrpid : differ;
  //        flip         absent         longest      extra  other
  return {
      {"version",      too_new,     too_old,       too_new,     none,  none},
      {"revision",     too_new,     none,          too_new,     none,  none},
      {"date_ms",      differ,      "messageTooOld", "messageTooNew", none, differ},
      {"message_type", unsupported, unsupported,   unsupported, none,  none},
      {"rrpid",        stranger,    bad_head,      bad_head,    none,  stranger},
      {"sw_ident",     free,        free,          bad_head,    none,  none, "the sender's software; nobody decides by it"},
  };
}

Table extensions_table() {
  return {
      {"extensions", critical, none, none, decode, none, "without a name it is no extension"},
      {"extensions.*", none, none, none, none, none, "none are defined; tests/message has their form"},
  };
}

Table content_header_table(const Kind& kind) {
  const bool named = kind.signer == Kind::certified;
  const char* sender = kind.other_sender ? differ : none;
  const char* receiver = kind.other_receiver ? differ : none;
  Table table = {
      {"header",              none,    too_old, none,    none, none},
      {"header.version",      too_new, too_old, too_new, none, none},
      {"header.content_type", differ,  differ,  differ,  none, none},
      {"header.sender",       differ,  named ? differ : none, differ, none, sender},
      {"header.recipient",    differ,  differ,  differ,  none, receiver},
      {"header.rrpid",        differ,  decode,  decode,  none, differ},
      {"header.created_at_ms", differ, differ,  differ,  none, differ},
  };
  table = table + (kind.answer
      ? Table{{"header.request_digest", differ, differ, differ, none, differ}}
      : Table{{"header.request_digest", decode, none, decode, none, none}});
  const auto digest = [](const char* path, bool linked) {
    return linked ? FieldRow{path, crypto, crypto, crypto, none, crypto}
                  : FieldRow{path, crypto, none, crypto, none, none};
  };
  table.push_back(digest("header.baggage_digest", kind.baggage));
  table.push_back(digest("header.account_digest", kind.account));
  table.push_back({"header.audit_head", decode, none, decode, none, none, "the sender's own word about its log"});
  if (!kind.trans_ids) {
    table.push_back({"header.trans_ids", free, none, none, decode, none, "only payment messages have TransIDs; here nobody reads them"});
    table.push_back({"header.trans_ids.*", none, none, none, none, none, "not there"});
  }
  return table;
}

Table body_table(const Kind& kind) {
  // In the clear an empty body is seen when the statement is looked for.
  const char* empty = kind.clear && kind.signer != Kind::nobody ? "signatureRequired" : decode;
  Table table = {
      {"baggage",           decode, none, decode, none, none},
      {"bag.crls",          none, none, none, none, none},
      {"bag.brand_crl_ids", none, none, none, none, none},
      {"bag.certificates",  none, none, none, none, none},
      {"bag",               free, none, none, free, none, "no certificates, whether it says so or not"},
  };
  if (kind.signer == Kind::nobody) {
    return table + Table{
      {"signed_statement",   decode, none, none, decode, none},
      {"signed_statement.*", none,   none, none, none,   none},
      {"unsigned_statement", none,   empty, none, none,  none},
      {"unsigned_statement.content_type", differ, differ, differ, none, none},
      // Nobody signs it: what is said in it is its own table's matter. The flip is the last field's.
      {"unsigned_statement.content", free, decode, decode, none, differ, "another request, as good as this one"},
    };
  }
  table = table + Table{
      {"unsigned_statement",   "signatureRequired", none, none, "signatureRequired", none},
      {"unsigned_statement.*", none,   none,  none,   none, none},
      {"signed_statement",     none,   empty, none,   none, none},
      {"signed_statement.content_type", differ, differ, differ, none, none},
      {"signed_statement.content",   crypto, crypto, crypto, none, crypto},
      {"signed_statement.form",      decode, decode, decode, none, none},
      {"signed_statement.signature", crypto, crypto, crypto, none, crypto},
      {"signed_statement.renewed",           decode, none, decode, none, none},
      {"signed_statement.renewed_signature", decode, none, decode, none, none},
  };
  if (kind.signer == Kind::new_key) {
    // The key stands in the content, or the content names the session that knows it.
    return table + Table{
      {"signed_statement.signer",  decode, none, decode, none, none},
      {"signed_statement.content", crypto, decode, decode, none, crypto},
    };
  }
  return table + Table{
      {"signed_statement.signer", no_cert, decode,  decode,   none, kind.other_sender ? no_cert : none},
      {"bag",                     none,    no_cert, none,     none, none},
      {"bag.certificates",        no_cert, no_cert, bad_cert, free, kind.other_sender ? no_cert : none, "the same one twice"},
      {"bag.crls",          kind.answer ? decode : free, none, kind.answer ? decode : free, none, none, "read in answers only"},
      {"bag.brand_crl_ids", kind.answer ? decode : free, none, kind.answer ? decode : free, none, none, "read in answers only"},
  };
}

// clang-format on

namespace {

bool is_registration(MessageType type) { return type >= wire::MESSAGE_TYPE_CARD_C_INIT_REQ; }

bool is_answer(MessageType type) { return static_cast<int>(type) % 2 == 0; }

Kind kind_of(MessageType type) {
  Kind kind{.signer = Kind::certified, .answer = is_answer(type)};
  switch (static_cast<int>(type)) {
    case wire::MESSAGE_TYPE_CARD_C_INIT_REQ:
    case wire::MESSAGE_TYPE_ME_AQ_C_INIT_REQ:
      kind.signer = Kind::nobody;
      kind.clear = true;
      break;
    case wire::MESSAGE_TYPE_CARD_C_INIT_RES:
    case wire::MESSAGE_TYPE_ME_AQ_C_INIT_RES:
      kind.clear = true;
      break;
    case wire::MESSAGE_TYPE_REG_FORM_REQ:
      kind.signer = Kind::nobody;
      kind.account = true;
      break;
    case wire::MESSAGE_TYPE_CERT_REQ:
      kind.signer = Kind::new_key;
      kind.account = true;
      break;
    case wire::MESSAGE_TYPE_CERT_INQ_REQ:
      kind.signer = Kind::new_key;
      break;
    case wire::MESSAGE_TYPE_PINIT_REQ:
      kind.signer = Kind::nobody;
      break;
    case wire::MESSAGE_TYPE_AUTH_REQ:
    case wire::MESSAGE_TYPE_AUTH_RES:
    case wire::MESSAGE_TYPE_AUTH_REV_REQ:
    case wire::MESSAGE_TYPE_AUTH_REV_RES:
      kind.baggage = true;
      break;
    default:
      break;
  }
  if (is_about_items(type)) kind.baggage = !kind.answer;
  const bool pcert = type == wire::MESSAGE_TYPE_PCERT_REQ || type == wire::MESSAGE_TYPE_PCERT_RES;
  if (is_registration(type)) return kind;  // one CA, whose requesters have no certificate yet
  const bool none = pcert || is_about_items(type) || is_batch(type);
  kind.trans_ids = !none && type != wire::MESSAGE_TYPE_PINIT_REQ;
  kind.other_sender = kind.signer == Kind::certified;
  // The recipient: "any" in PReq, and in the answer to a PInitReq, which nobody signed.
  kind.other_receiver = type != wire::MESSAGE_TYPE_P_REQ && type != wire::MESSAGE_TYPE_PINIT_RES;
  return kind;
}

}  // namespace

Table field_table(MessageType type, std::string_view part, bool cardholder) {
  const auto kind = kind_of(type);
  const bool purchase = type <= wire::MESSAGE_TYPE_INQ_RES;
  const auto own = is_registration(type)  ? registration_table(type, part, cardholder)
                   : purchase             ? purchase_table(type, part)
                   : is_about_items(type) ? capture_table(type, part)
                   : is_batch(type)       ? batch_table(type, part)
                                          : payment_table(type, part);
  if (part == "MessageHeader") return message_header_table(kind) + own;
  if (part == "Body") return body_table(kind) + own;
  if (part == "content") return content_header_table(kind) + extensions_table() + own;
  return own;
}

}  // namespace set::flow
