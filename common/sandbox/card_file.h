// The sandbox's cards: a TOML file of public test numbers that the CA's issuer and the gateway's
// acquirer read (deploy/sandbox/cards.toml). Real numbers have no business here. Immutable after
// loading; any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/amount.h"
#include "common/base/pan.h"
#include "common/iso8583/address.h"
#include "common/message/account.h"

namespace set {

/// What the simulated bank answers to an authorisation.
enum class CardBehaviour {
  approve,   ///< within the limits
  decline,   ///< always declined
  referral,  ///< callIssuer
  expired,   ///< expiredCard, whatever the date
  slow,      ///< approves after two seconds
  no_reply,  ///< never answers
};
std::string_view to_string(CardBehaviour behaviour);

/// How often a card may be used: "20 in 1h".
struct Velocity {
  std::int64_t at_most = 0;
  Duration window{};
};

struct SandboxCard {
  Pan pan;
  std::string name;  ///< as embossed
  CardExpiry expiry;
  CardVerificationValue verification;
  std::vector<Amount> limits;  ///< one per currency; no limit = currency not accepted
  CardBehaviour behaviour = CardBehaviour::approve;
  std::optional<Velocity> velocity = std::nullopt;
  std::optional<iso8583::Address> address = std::nullopt;  ///< none: its issuer compares none
  CardType type = CardType::unavailable;
  std::optional<Currency> billing = std::nullopt;  ///< what its account is billed in

  bool expiry_fits(const CardExpiry& given) const;
  /// Constant time; false if none is given.
  bool verification_fits(const std::optional<CardVerificationValue>& given) const;
  /// Case and runs of spaces do not count.
  bool name_fits(std::string_view given) const;
  std::optional<Amount> limit_in(Currency currency) const;
};

class CardFile {
 public:
  /// bad_config with line and reason if it is no TOML, has an unknown key, or a card is malformed
  /// or there twice.
  static Result<CardFile> parse(std::string_view toml);
  /// The same for a file; the sentence names it.
  static Result<CardFile> load(const std::filesystem::path& path);

  const SandboxCard* find(const Pan& pan) const;  ///< null if there is none
  bool serves_bin(std::string_view bin) const;
  const std::vector<SandboxCard>& cards() const { return cards_; }
  /// What an amount in `from` costs the cardholder; none: it is billed as it is, or there is no
  /// rate for it.
  std::optional<CurrConv> conversion(const SandboxCard& card, Currency from) const;
  /// The bank's name, top-level key `issuer`; "Sandbox Bank" if left out.
  const std::string& issuer() const { return issuer_; }

 private:
  struct Rate {
    Currency from;
    CurrConv note;
  };

  std::vector<SandboxCard> cards_;
  std::vector<Rate> rates_;
  std::string issuer_;
};

}  // namespace set
