// Item: one line of one request to the gateway, about one authorisation; key (RRPID, authRRPID).
// What was captured and credited is the sum of these. Values; any thread.
//
//  state     what happens                              next
//  (none)    a command                                 asked     its request is wanted, then sent
//  asked     no answer                                 asked     the same bytes again: unknown
//  asked     answered with success                     done
//  asked     answered with any other code; Error       refused
//  done      a capture's or credit's reversal is done  reversed
//
// The database lets one item of an authorisation be `asked` at a time (schema.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/amount.h"
#include "common/message/trans_ids.h"

namespace set::merchant {

enum class ItemKind { reversal, capture, capture_reversal, credit, credit_reversal };
enum class ItemState { asked, done, refused, reversed };
using set::to_string;                       // beside those that follow
std::string_view to_string(ItemKind kind);  ///< "captureReversal"
std::string_view to_string(ItemState state);

struct Item {
  RRPID rrpid;  ///< of the request: the name of a capture or credit, with auth_rrpid
  RRPID auth_rrpid;
  ItemKind kind;
  Amount amount;  ///< of a reversal of an authorisation: what is released
  std::optional<RRPID> reversed = std::nullopt;  ///< the capture or credit that is undone
  bool final_capture = false;                    ///< the rest of the authorisation is released
  Instant date;
  std::string batch_wish = {};  ///< to be counted in, if it is named
};

/// An item with what its message says beside it.
struct AskedItem {
  Item item;
  TransIDs ids;
  Amount authorized;  ///< what is authorised now and not released
  Bytes cap_token;    ///< empty if there is none
};

/// What the gateway answered for one item.
struct ItemOutcome {
  RRPID auth_rrpid;
  bool done = false;
  std::string code;  ///< SET's spelling, "batchClosed"
  std::string batch_id = {};
  std::uint32_t batch_sequence_num = 0;
  // of an AuthRevRes only
  Bytes cap_token_new = {};
  Bytes auth_token_new = {};
};

}  // namespace set::merchant
