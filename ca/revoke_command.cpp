#include "ca/revoke_command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ca/config.h"
#include "ca/publication.h"
#include "ca/store.h"
#include "common/daemon/files.h"

namespace set::ca {
namespace {

using RevocationJson = nlohmann::ordered_json;

void answer(const std::string& text) { fmt::print(stdout, "{}\n", text); }

void answer(const RevocationJson& document) {
  answer(document.dump(2, ' ', false, RevocationJson::error_handler_t::replace));
}

std::string lower(std::string text) {
  std::erase(text, ':');  // as other tools print serial numbers
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Result<RevocationOrder> order_of(const RevocationOptions& options) {
  RevocationOrder order{BySerial{}, TRY(parse_reason(options.reason))};
  const int named = (options.serial.empty() ? 0 : 1) + (options.thumbprint.empty() ? 0 : 1) +
                    (options.party.empty() ? 0 : 1);
  CHECK_OR_FAIL(named == 1, ErrorCode::invalid_argument,
                "say what is revoked with one of --serial, --thumbprint and --party");
  if (!options.serial.empty()) {
    const auto octets = from_hex(lower(options.serial));
    CHECK_OR_FAIL(octets && !octets->empty() && octets->size() <= 20, ErrorCode::invalid_argument,
                  "--serial is 1 to 20 octets in hexadecimal digits");
    auto digits = to_hex(*octets);  // without the zeroes in front, which other tools print
    digits.erase(0, std::min(digits.find_first_not_of('0') / 2 * 2, digits.size()));
    order.which = BySerial{std::move(digits)};
  } else if (!options.thumbprint.empty()) {
    const auto octets = from_hex(lower(options.thumbprint));
    const auto thumbprint =
        octets ? Thumbprint::parse(ByteView(*octets)) : Result<Thumbprint>(failure(octets.error()));
    CHECK_OR_FAIL(thumbprint, ErrorCode::invalid_argument,
                  "--thumbprint has 64 hexadecimal digits");
    order.which = ByThumbprint{*thumbprint};
  } else {
    const auto slash = options.party.find('/');
    CHECK_OR_FAIL(slash != std::string::npos && bin_from_wire(options.party.substr(0, slash)) &&
                      slash + 1 < options.party.size(),
                  ErrorCode::invalid_argument, "--party is BIN/ID, such as 400000/shop-1");
    ByParty party{options.party, std::nullopt};
    if (!options.role.empty()) {
      party.role = options.role == "gateway" ? Role::gateway : Role::merchant;
    }
    order.which = std::move(party);
  }
  return order;
}

RevocationJson to_json(const RevocationRecord& record) {
  return {{"thumbprint", record.thumbprint.hex()},
          {"serial", record.serial},
          {"kind", record.kind},
          {"role", record.role},
          {"party", record.party_id},
          {"not_after", to_string(record.not_after)},
          {"revoked_at", to_string(record.revoked_at)},
          {"reason", to_string(record.reason)},
          {"revoked_before", record.before}};
}

std::string line_of(const RevocationRecord& record) {
  const auto who = record.role + (record.party_id.empty() ? "" : " " + record.party_id);
  return fmt::format("{} {} ({}, serial {}) on {}: {}",
                     record.before ? "was revoked before" : "revoked", who,
                     record.kind == "tls" ? "TLS" : "SET", record.serial,
                     to_string(record.revoked_at), to_string(record.reason));
}

RevocationJson to_json(const StoredCrl& stored, const Crl& crl) {
  return {{"issuer", stored.state.issuer},
          {"crl_number", crl.number()},
          {"this_update", to_string(crl.this_update())},
          {"next_update", to_string(crl.next_update())},
          {"entries", crl.size()},
          {"bytes", crl.der().size()},
          {"thumbprint", crl.thumbprint().hex()},
          {"waits_for_publication", stored.state.wanted != stored.state.published}};
}

/// A list of a key that is not here, with its name among them.
struct ImportedList {
  std::string name;
  Crl list;
};

/// Where this root's list lies already, or the next place.
Result<std::string> name_of_root_list(const std::filesystem::path& directory, const Crl& list) {
  for (std::size_t place = 0;; ++place) {
    const auto name = root_list_name(place);
    const auto file = directory / (name + ".crl");
    if (!std::filesystem::exists(file)) return name;
    if (TRY(Crl::parse(TRY(read_file(file, kMaxCrlBytes)))).issuer() == list.issuer()) return name;
  }
}

/// A root of the trust file, the brand or the geopolitical CA has signed it.
Result<ImportedList> check_issuer(const Config& config, const Trust& trust, Crl list) {
  for (const auto& root : trust.known_roots()) {
    if (TRY(key_id_of(root)) != list.issuer()) continue;
    TRY(list.verify(root));
    auto name = TRY(name_of_root_list(config.dir, list));
    return ImportedList{std::move(name), std::move(list)};
  }
  for (const auto* candidate : {"brand", "gca"}) {
    const auto file = config.dir / (std::string(candidate) + ".pem");
    if (!std::filesystem::exists(file)) continue;
    const auto chain = TRY(parse_chain_pem(TRY(read_text_file(file)), file.string()));
    if (TRY(key_id_of(chain.leaf)) != list.issuer()) continue;
    TRY(list.verify(chain.leaf));
    const auto bci = config.dir / "bci.pem";
    const auto signer = TRY(parse_chain_pem(TRY(read_text_file(bci)), bci.string()));
    CHECK_OR_FAIL(!list.find(signer.leaf), ErrorCode::conflict,
                  "the list revokes the key that signs this CA's BCI, so nobody would hear of it: "
                  "make the online CA anew, with `set-ca ceremony request`");
    return ImportedList{candidate, std::move(list)};
  }
  return failure(ErrorCode::verification_failed, "this list is of none of the CAs above this one");
}

CLI::App& add_revoke(CLI::App& under, RevocationOptions& options) {
  auto& revoke =
      *under.add_subcommand("revoke", "Revokes certificates; `serve` publishes it within a second");
  revoke.add_option("--serial", options.serial, "serial number, hexadecimal");
  revoke.add_option("--thumbprint", options.thumbprint, "SHA-256 of the certificate, hexadecimal");
  revoke.add_option("--party", options.party, "BIN/ID: all certificates of a merchant or gateway");
  revoke.add_option("--role", options.role, "merchant or gateway, if both have this id")
      ->check(CLI::IsMember({"merchant", "gateway"}));
  revoke.add_option("--reason", options.reason,
                    "unspecified, keyCompromise, affiliationChanged, superseded, "
                    "cessationOfOperation or privilegeWithdrawn");
  return revoke;
}

}  // namespace

void add_publication_options(CLI::App& command, PublicationTimes& times) {
  add_parsed(command, "--bci-life", times.bci_life, parse_duration,
             "how long a BCI is good");
  add_parsed(command, "--bci-every", times.bci_every, parse_duration,
             "how often it is made anew without a revocation");
  add_parsed(command, "--crl-life", times.crl_life, parse_duration,
             "how long a list of revoked certificates is good");
}

RevocationCommands add_revocation_commands(CLI::App& app, Config& config) {
  auto& options = config.revocation;
  auto& revoke = add_revoke(*app.get_subcommand("cert"), options);
  auto& before = add_revoke(app, options);  // as it was called before
  before.group("");
  auto& crl = *app.add_subcommand("crl", "The lists of revoked certificates and the BCI");
  crl.require_subcommand(1);
  auto& show = *crl.add_subcommand("show", "What is published now");
  auto& publish = *crl.add_subcommand("publish", "Makes all lists and the BCI anew, at once");
  add_publication_options(publish, options.times);
  auto& import = *crl.add_subcommand("import", "Takes a list that the root or the brand signed");
  import.add_option("FILE", options.crl, "the list, DER")->required();
  return {&revoke, &before, &show, &publish, &import};
}

Result<void> revoke(const Config& config) {
  TRY(load_settings(config.dir));
  const auto order = TRY(order_of(config.revocation));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  const auto records = TRY(RevocationStore(store.database()).revoke(order, system_clock()()));
  auto list = RevocationJson::array();
  for (const auto& record : records) {
    if (config.common.json) {
      list.push_back(to_json(record));
    } else {
      answer(line_of(record));
    }
  }
  if (config.common.json) answer(list);
  return {};
}

Result<void> crl_show(const Config& config) {
  TRY(load_settings(config.dir));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  RevocationStore revocations(store.database());
  const auto bci = TRY(revocations.bci_state());
  CHECK_OR_FAIL(bci.sequence_num != 0, ErrorCode::not_found,
                "nothing was published yet: run `set-ca serve` or `set-ca crl publish`");
  RevocationJson out{{"bci",
                      {{"sequence_num", bci.sequence_num},
                       {"not_before", to_string(bci.not_before)},
                       {"not_after", to_string(bci.not_after)}}},
                     {"crls", RevocationJson::array()}};
  if (!config.common.json) {
    answer(fmt::format("BCI {} from {} until {}", bci.sequence_num, to_string(bci.not_before),
                       to_string(bci.not_after)));
  }
  for (const auto& stored : TRY(revocations.crls())) {
    const auto crl = TRY(Crl::parse(stored.der));
    out["crls"].push_back(to_json(stored, crl));
    if (config.common.json) continue;
    answer(fmt::format(
        "CRL of {:5}  number {}, {} revoked, until {}{}", stored.state.issuer, crl.number(),
        crl.size(), to_string(crl.next_update()),
        stored.state.wanted != stored.state.published ? ", waits to be made anew" : ""));
  }
  if (config.common.json) answer(out);
  return {};
}

Result<void> crl_publish(const Config& config) {
  TRY(load_settings(config.dir));
  TRY(check_times(config.revocation.times));
  const auto clock = system_clock();
  const auto access = TRY(KeyAccess::read(config.keys, config.dir / "keys.set"));
  const auto ca = TRY(load_ca(config.dir, access.lock(), clock()));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  Publisher publisher({ca, store.database(), config.revocation.times, clock});
  TRY(publisher.start());
  TRY(publisher.publish_if_due(/*anew=*/true));
  return crl_show(config);
}

Result<void> crl_import(const Config& config) {
  TRY(load_settings(config.dir));
  const auto trust = TRY(Trust::parse(TRY(read_text_file(config.dir / "trust.pem")), "",
                                      system_clock()()));
  auto store = TRY(Store::open(config.database, DatabaseUse::command));
  auto crls = TRY(parse_crls(TRY(read_file(config.revocation.crl, kMaxCrlBytes))));
  std::vector<ImportedList> lists;
  for (auto& crl : crls) lists.push_back(TRY(check_issuer(config, trust, std::move(crl))));
  auto taken = RevocationJson::array();
  for (const auto& [name, list] : lists) {
    if (!TRY(RevocationStore(store.database()).import(name, list))) continue;
    TRY(write_file_atomically(config.dir / (name + ".crl"), list.der()));
    taken.push_back({{"issuer", name}, {"crl_number", list.number()}, {"entries", list.size()}});
    if (!config.common.json)
      answer(fmt::format("list {} of the {}: {} revoked", list.number(), name, list.size()));
  }
  CHECK_OR_FAIL(!taken.empty(), ErrorCode::conflict,
                "a list of the " + lists.front().name +
                    " with this number or a higher one is known already");
  if (config.common.json) answer(lists.size() == 1 ? taken.front() : taken);
  return {};
}

}  // namespace set::ca
