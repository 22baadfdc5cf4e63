// World: the four programs, enrolled and running in a folder of their own. Enrolment is done once per
// build and copied, since it does not belong to most stories. One thread.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/scenario/process.h"

namespace set::test {

/// Which of the sandbox's cards (deploy/sandbox/cards.toml) the wallet of the template holds, by its
/// place in `set-wallet card list`, from 1.
struct TestCard {
  std::string number, expiry, verification;
  int position = 0;
};

class World {
 public:
  /// Copies the template and starts gateway, merchant and wallet. `gateway_environment` and the
  /// others are for SET_CRASH_AT.
  World();
  ~World();

  /// The gateway asks this bank from its next start on, instead of the embedded acquirer.
  void start_bank(const std::vector<std::string>& flags = {});
  void start_gateway(const Environment& extra = {}, const std::vector<std::string>& flags = {});
  void start_merchant(const Environment& extra = {}, const std::vector<std::string>& flags = {},
                      bool until_ready = true);
  void start_wallet(const Environment& extra = {}, const std::vector<std::string>& flags = {});
  Finished set_ca(std::vector<std::string> arguments);
  /// Every program that is started from now on, daemon or command, lives so many days later than
  /// now.
  void days_later(int days);
  /// The day so many days from now, as `--until` has it.
  static std::string day_from_now(int days);
  void start_all();
  /// `set-ca serve` of the hierarchy that all of them are enrolled in, at another address, which it
  /// returns: the others are told of it by their --ca.
  std::string start_ca(const std::vector<std::string>& flags = {});

  Process& ca() { return *ca_; }
  Process& bank() { return *bank_; }
  const std::string& bank_address() const { return bank_address_; }
  Process& gateway() { return *gateway_; }
  Process& merchant() { return *merchant_; }
  Process& wallet() { return *wallet_; }
  const std::filesystem::path& home() const { return home_; }

  /// The payment link of a new order.
  std::string order(const std::string& amount = "49.95 EUR", const std::string& description = "One espresso machine");
  Finished set_merchant(std::vector<std::string> arguments);
  Finished set_gateway(std::vector<std::string> arguments);
  Finished set_bank(std::vector<std::string> arguments);
  Finished set_wallet(std::vector<std::string> arguments);
  /// `set-wallet pay LINK --yes --json` with the card of this behaviour in cards.toml.
  Finished pay(const std::string& link, const std::string& behaviour = "approve");
  nlohmann::json json(const Finished& finished);

  static const TestCard& card(const std::string& behaviour);
  static std::filesystem::path passphrase_file();

 private:
  std::filesystem::path home_;
  Environment with_clock(Environment environment) const;

  int days_later_ = 0;
  std::optional<Process> bank_, ca_, gateway_, merchant_, wallet_;
  std::string bank_address_, gateway_address_, merchant_address_;
};

/// The enrolled folders ca/, gateway/, merchant/, wallet/, made when missing or older than the programs.
const std::filesystem::path& enrolled_template();

/// Whether the log has these words within 20 s.
bool log_says(const std::filesystem::path& log, const std::string& words);

/// A file with a line per address, once a daemon wrote it; fails the test after 20 s.
std::vector<std::string> wait_ready(const std::filesystem::path& file, Process& process, const std::filesystem::path& log);

}  // namespace set::test
