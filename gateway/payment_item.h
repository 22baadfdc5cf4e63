// What follows an authorisation, as the gateway keeps it: one item of CapReq, CapRevReq, CredReq,
// CredRevReq or AuthRevReq, or the capture of a sale. Key: request and position (set-1997 §4.4).
// The items of one request are decided together; each is carried out and answered by itself.
// Values; the database holds them (store_payments.h).
//
//  state      message in / event                      next      message out
//  (none)     item refused                            Refused   its code
//  (none)     item accepted                           Pending   (the acquirer is asked)
//  Pending    the acquirer does it                    Done      success
//  Pending    the acquirer refuses                    Refused   its code
//  Pending    no answer yet, or the process died      Pending   (asked again under the same name)
//  Done       a capture or credit, its reversal done  undone: the reversal is an item of its own
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/message/authorization_reversal.h"
#include "common/message/purchase.h"
#include "gateway/acquirer.h"
#include "gateway/authorization_state.h"

namespace set::gateway {

enum class ItemKind {
  capture,
  capture_reversal,
  credit,
  credit_reversal,
  lowering,
  cancellation,
};
std::string_view name_of(ItemKind kind);
/// Whether it is money that moves, and so stands in a batch.
bool moves_money(ItemKind kind);
bool is_reversal(ItemKind kind);

/// SET's number of a result, in the code that the item's answer has: CapCode, CapRevOrCredCode or
/// AuthRevCode. 0 is success in all three.
struct ItemCode {
  int number = 0;
  ItemCode(CapCode code) : number(static_cast<int>(code)) {}           // NOLINT: implicit by design
  ItemCode(CapRevOrCredCode code) : number(static_cast<int>(code)) {}  // NOLINT: likewise
  ItemCode(AuthRevCode code) : number(static_cast<int>(code)) {}       // NOLINT: likewise
  explicit ItemCode(std::int64_t stored) : number(static_cast<int>(stored)) {}
  bool operator==(const ItemCode&) const = default;
};

/// An item as the merchant asks for it.
struct AskedItem {
  ItemKind kind = ItemKind::capture;
  TransIDs trans_ids;
  RRPID auth_rrpid;
  std::optional<RRPID> reversed = std::nullopt;  ///< the request of what is undone
  std::optional<Amount> amount = std::nullopt;   ///< none: a cancellation
  bool final = false;                            ///< of a capture
  std::string batch_id = {};                     ///< the wish; empty: none
  Bytes cap_token = {};
};

enum class ItemState { pending, done, refused };

struct PaymentItem {
  AskedItem asked;  ///< without the token
  ItemState state = ItemState::pending;
  std::optional<AcquirerName> name;  ///< the acquirer's; none if it was refused at once
  std::optional<AcquirerName> undoes;
  std::string batch_id;
  std::uint32_t batch_sequence_num = 0;  ///< of what is done and moves money
  std::optional<ItemCode> code;          ///< none while it is pending
  Instant decided_at;
  Bytes cap_token_new;  ///< of a lowering
};

/// Which request: its sender, SET's name of its message, its RRPID.
struct RequestKey {
  Thumbprint merchant;
  std::string message;
  RRPID rrpid;
};

/// A request as it is kept.
struct PaymentRequest {
  RequestKey key;
  std::string merchant_id;
  Digest content_digest;
  std::optional<TransIDs> trans_ids;  ///< of AuthRevReq's header
  std::string auth_ret_num;           ///< of AuthRevReq
  Instant received_at;
  std::vector<PaymentItem> items;
};

/// A request as it is asked.
struct AskedRequest {
  PaymentRequest head;  ///< no items yet
  std::vector<AskedItem> items;
};

/// What the database knows about one item, read in the transaction that decides it.
struct ItemFacts {
  std::optional<Standing> standing;     ///< of (merchant, XID, authRRPID)
  std::optional<PaymentItem> original;  ///< the capture or credit that `reversed` names
  bool original_undone = false;         ///< or being undone
  bool is_known = false;                ///< its acquirer's name was used
  // Batches of this merchant.
  std::optional<bool> wish_is_open;  ///< none: there is no such batch
  bool original_batch_is_open = false;
};

/// What is to be done.
struct Granted {
  AcquirerName name;
  std::optional<AcquirerName> undoes;
  std::string batch_id;  ///< empty: the open one, or none where no money moves
};
using ItemDecision = std::variant<Granted, ItemCode>;

/// Decides one item; see capture.h, credit.h, authorization_reversal.h.
ItemDecision decide_item(const AskedItem& asked, const ItemFacts& facts, const RRPID& request,
                         ByteView token_key, Instant now);
/// What is said of an item that the acquirer refused.
ItemCode refused_by_acquirer(const PaymentItem& item, const ItemFacts& facts, Instant now);

/// What all items' tokens must be; none: it is right.
enum class TokenFault { missing, invalid };
std::optional<TokenFault> check_cap_token(const AskedItem& asked, const Standing& standing,
                                          ByteView token_key);

}  // namespace set::gateway
