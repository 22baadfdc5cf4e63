// Ledger: the simulated bank's book, in whoever's database: holds, captures, credits and their
// reversals per card, against the card file's limits. The gateway's embedded acquirer keeps one and
// so does set-bank. Every step is idempotent by a name that the asker gives. It owns no
// transaction: the caller's holds the step and the caller's own record of it. Any thread.
#pragma once

#include <string>

#include "common/crypto/secret_bytes.h"
#include "common/iso8583/message.h"
#include "common/sandbox/issuer_rules.h"
#include "common/store/database.h"

namespace set {

class Ledger {
 public:
  using ResponseCode = iso8583::ResponseCode;

  struct Keys {
    SecretBytes card_index;  ///< hides card numbers in the book
    SecretBytes codes;       ///< approval codes and references come from it and the name alone
  };
  /// `cards` outlives this.
  Ledger(const CardFile& cards, Keys keys, Duration hold_lifetime)
      : cards_(cards), keys_(std::move(keys)), hold_lifetime_(hold_lifetime) {}

  struct Question {
    ByteView name;
    Amount amount;
    std::string merchant_id;
    std::optional<std::string> capture_into = std::nullopt;  ///< a sale: the batch
    std::optional<ResponseCode> forced = std::nullopt;       ///< a script decides in its stead
  };
  struct Card {
    const Pan& pan;
    const CardExpiry& expiry;
    const std::optional<CardVerificationValue>& verification;
    std::optional<iso8583::Address> address = std::nullopt;  ///< to be compared, if there is one
  };
  struct Answer {
    ResponseCode code = ResponseCode::declined;
    std::string approval_code;  ///< six digits iff approved
    std::string log_ref_id;
    Instant hold_expires{};  ///< iff approved
    iso8583::CardNotes notes = {};
    bool silent = false;     ///< the card's behaviour: nobody hears this
    bool reversed = false;   ///< it was undone, perhaps before it was asked
    bool is_new = false;
  };
  /// conflict: the name was used for another question.
  Result<Answer> authorize(Transaction& t, const Question& question, const Card& card,
                           Instant now) const;
  /// The same about the card of `original`. no_such_record, and nothing is kept: that is no
  /// approved authorisation of this merchant.
  Result<Answer> authorize_subsequent(Transaction& t, const Question& question, ByteView original,
                                      Instant now) const;
  /// None: it was never asked.
  static Result<std::optional<Answer>> find(Transaction& t, ByteView name);

  /// A capture, credit or lowering of the hold `hold`.
  struct Movement {
    ByteView name;
    ByteView hold;
    Amount amount;
    std::string batch_id;
  };
  // Each answers approved, also to a repeat, or says why not and changes nothing: no_such_record,
  // invalid_amount (more than there is, another currency), expired_card (the hold's time is over),
  // duplicate (the name was used otherwise), invalid_transaction (reversed before it came).

  /// Not final: what is left stays held.
  static Result<ResponseCode> capture(Transaction& t, const Movement& movement, bool final,
                                      Instant now);
  /// At most what was captured and not credited yet.
  static Result<ResponseCode> credit(Transaction& t, const Movement& movement, Instant now);
  /// Lowers what is held to `movement.amount`.
  static Result<ResponseCode> lower(Transaction& t, const Movement& movement, Instant now);

  /// Undoes the capture or credit `reversed`; one that never came will be refused. The amount of a
  /// capture may be captured again while its hold lasts.
  static Result<ResponseCode> reverse_movement(Transaction& t, ByteView name, ByteView reversed,
                                               const std::string& batch_id, Instant now);
  /// Undoes an authorisation and all that came of it, or keeps it from happening.
  static Result<ResponseCode> reverse(Transaction& t, ByteView hold, Instant now);

  static Result<SettlementTotals> totals(Transaction& t, const std::string& merchant_id,
                                         const std::string& batch_id, Currency currency);

  Digest card_index(const Pan& pan) const;

 private:
  template <class Judge>
  Result<Answer> decide(Transaction& t, const Question& question, const Digest& card,
                        const SandboxCard* known, const std::optional<iso8583::Address>& address,
                        const Judge& judge, Instant now) const;
  Result<CardUse> use_of(Transaction& t, const Digest& card, const SandboxCard* known,
                         Currency currency, Instant now) const;
  Result<void> record(Transaction& t, const Question& question, const Digest& card,
                      const Answer& answer, Instant now) const;
  std::string code_of(std::string_view purpose, ByteView name, std::size_t digits) const;

  const CardFile& cards_;
  Keys keys_;
  Duration hold_lifetime_;
};

}  // namespace set
