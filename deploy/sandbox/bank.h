// The simulated bank: acquirer, network and issuer in one. A request in, an answer out, and the
// book (common/sandbox/ledger.h) changed in the same transaction as the answer is kept, so that a
// repeat gets the same bytes and moves nothing. Knows nothing of sockets and delays (service.h).
// Any thread.
#pragma once

#include "common/sandbox/ledger.h"
#include "deploy/sandbox/script.h"

namespace set::bank {

class Bank {
 public:
  /// `database` has the schema of schema.h; it and `cards` outlive this. `seed`: the same seed and
  /// requests give the same approval codes and references.
  Bank(Database& database, const CardFile& cards, const SecretBytes& key, std::uint64_t seed,
       Duration hold_lifetime, Clock clock);

  /// Writes the card file's accounts and limits where `set-bank account list` finds them.
  Result<void> open_accounts();

  struct Handled {
    Bytes answer;
    bool silent = false;  ///< the card's own behaviour: it is not sent
    bool slow = false;    ///< the card's own behaviour: it is sent late
  };
  /// `bytes` are the request's. Errors of the database become 96, which is not kept.
  Result<Handled> handle(const iso8583::Message& request, ByteView bytes,
                         const std::optional<Rule>& rule);

 private:
  struct Decision {
    iso8583::ResponseCode code = iso8583::ResponseCode::declined;
    std::string approval_code = {};
    std::string reference = {};
    std::optional<Instant> hold_expires = {};
    std::optional<Amount> amount = {};  ///< of a partial approval
    std::optional<SettlementTotals> totals = {};
    iso8583::CardNotes notes = {};
    bool silent = false;
  };
  using ResponseCode = iso8583::ResponseCode;

  Result<Handled> handle_in(Transaction& t, const iso8583::Message& request, ByteView mac,
                            const std::optional<Rule>& rule);
  Result<Decision> decide(Transaction& t, const iso8583::Message& request,
                          const std::optional<Rule>& rule) const;
  Result<Decision> authorize(Transaction& t, const iso8583::Message& request,
                             const std::optional<Rule>& rule) const;
  /// `expiry` is null if the request names an earlier authorisation instead of a card.
  Result<Decision> purchase(Transaction& t, const iso8583::Message& request,
                            const std::optional<Rule>& rule, const CardExpiry* expiry) const;
  Result<ResponseCode> post(Transaction& t, const iso8583::Message& request) const;
  Result<ResponseCode> reverse(Transaction& t, const iso8583::Message& request) const;
  static Result<Decision> reconcile(Transaction& t, const iso8583::Message& request);
  Bytes mac_of(ByteView request) const;

  Database& database_;
  const CardFile& cards_;
  SecretBytes key_;
  Ledger ledger_;
  Clock clock_;
};

}  // namespace set::bank
