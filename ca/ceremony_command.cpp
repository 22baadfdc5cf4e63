#include "ca/ceremony_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "ca/ceremony.h"
#include "ca/ceremony_record.h"
#include "ca/key_store.h"
#include "ca/revocation.h"
#include "ca/safe_store.h"
#include "ca/store.h"
#include "common/daemon/files.h"
#include "common/daemon/options.h"
#include "common/daemon/terminal.h"

namespace set::ca {
namespace {

namespace fs = std::filesystem;
using CeremonyJson = nlohmann::json;

constexpr const char* kRequestFile = "request.json";

/// To the operator, on the terminal; what a script wants goes to standard output.
struct Speaker {
  bool as_json;
  void say(const std::string& text) const {
    if (!as_json) set::say(text);
  }
  void answer(const std::string& plain, const CeremonyJson& object) const {
    fmt::print(stdout, "{}\n", as_json ? object.dump() : plain);
  }
};

Result<void> write_carried(const fs::path& path, const std::string& text) {
  return write_file_atomically(path, std::string_view(text), 0644);
}

CeremonyJson named(std::string_view name, const Certificate& certificate) {
  return {{"certificate", name},
          {"thumbprint", certificate.thumbprint().hex()},
          {"serial", certificate.serial_hex()}};
}

CeremonyJson named(std::string_view issuer, const Crl& list) {
  return {{"list_of", issuer},
          {"crl_number", list.number()},
          {"entries", list.size()},
          {"thumbprint", list.thumbprint().hex()}};
}

/// What is signed here is written down before it leaves.
Result<void> record(const CeremonyOptions& options, const std::string& verb,
                    const CeremonyJson& signed_things, const Authority& root, Instant now) {
  const auto roots = TRY(load_roots(options.dir, TRY(load_safe(options.dir))));
  return append_record(options.dir, verb, signed_things, root, roots, now);
}

Result<void> make_root_files(const CeremonyOptions& options, const Speaker& speaker) {
  TRY(check_new_directory(options.dir));
  auto& rng = Rng::system();
  const auto access =
      TRY(KeyAccess::read_new(options.keys, options.custodians, "New passphrase for the root"));
  const auto now = system_clock()();
  const auto root = TRY(make_root(now, rng, access.lock().token));
  TRY(save_root(options.dir, root.root, root.next, access.lock(), rng));
  TRY(record(options, "root", CeremonyJson::array({named("root-1", root.root.certificate)}),
             root.root, now));
  const auto fingerprint = root.root.certificate.thumbprint().hex();
  speaker.say("The root is in " + options.dir.string() +
              ": root-1.keys.set, and root-2.keys.set for the root that comes after it.\n"
              "Next: set-ca ceremony brand --dir " +
              options.dir.string() +
              " --brand NAME\n"
              "Root fingerprint, to be given to everyone who is to trust it:");
  speaker.answer(fingerprint, {{"root_fingerprint", fingerprint}, {"dir", options.dir.string()}});
  return {};
}

Result<void> make_brand_files(const CeremonyOptions& options, const Speaker& speaker) {
  const HierarchySpec spec{options.brand, options.public_url, options.geopolitical};
  TRY(check_spec(spec));
  const auto state = TRY(load_safe(options.dir));
  auto& rng = Rng::system();
  const auto access = TRY(KeyAccess::read(options.keys, root_key_file(options.dir, state.root)));
  const auto root = TRY(load_root(options.dir, state.root, access.lock()));
  const auto now = system_clock()();
  const auto made = TRY(make_brand(spec, root, now, rng, access.lock().token));
  auto signed_things = CeremonyJson::array({named("brand", made.brand.certificate)});
  if (made.geopolitical) signed_things.push_back(named("gca", made.geopolitical->certificate));
  TRY(save_brand(options.dir, spec, made.brand, made.geopolitical ? &*made.geopolitical : nullptr,
                 access.lock(), rng));
  TRY(record(options, "brand", signed_things, root, now));
  const auto thumbprint = made.brand.certificate.thumbprint().hex();
  speaker.say("The brand " + spec.brand + " is certified by the root" +
              (made.geopolitical ? ", the geopolitical CA " + spec.geopolitical + " by the brand"
                                 : std::string()) +
              ".\nNext, on the online CA: set-ca ceremony request --dir DIR --brand \"" +
              spec.brand + "\" --out request.json\nThumbprint of the brand's certificate:");
  speaker.answer(thumbprint, {{"brand", spec.brand}, {"thumbprint", thumbprint}});
  return {};
}

Result<void> make_request_files(const CeremonyOptions& options, const Speaker& speaker) {
  TRY(check_spec({options.brand, ""}));
  TRY(check_new_directory(options.dir));
  auto& rng = Rng::system();
  const auto access =
      TRY(KeyAccess::read_new(options.keys, options.custodians, "New passphrase for keys.set"));
  const auto keys = TRY(make_online_keys(options.brand, system_clock()(), rng, access.lock().token));
  const auto text = TRY(make_ceremony_request(options.brand, keys));
  TRY(save_online_keys(options.dir, keys, access.lock(), rng));
  TRY(write_carried(options.dir / kRequestFile, text));
  TRY(write_carried(options.out, text));
  const auto fingerprint = text_fingerprint(text);
  speaker.say("Carry " + options.out.string() +
              " to the root's machine and, there:\n"
              "  set-ca ceremony sign --dir DIR --request " +
              options.out.filename().string() +
              " --out answer.json\nIt must show the same fingerprint of the request:");
  speaker.answer(fingerprint,
                 {{"request_fingerprint", fingerprint}, {"request", options.out.string()}});
  return {};
}

Result<void> sign_request(const CeremonyOptions& options, const Speaker& speaker) {
  const auto text = TRY(read_text_file(options.request));
  const auto request = TRY(accept_ceremony_request(text));
  const auto state = TRY(load_safe(options.dir));
  CHECK_OR_FAIL(state.spec.brand.empty() || request.brand == state.spec.brand,
                ErrorCode::verification_failed,
                "the request is for the brand " + request.brand + ", the keys here are those of " +
                    state.spec.brand);
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const auto access = TRY(KeyAccess::read(options.keys, root_key_file(options.dir, state.root)));
  const auto safe = TRY(open_safe(options.dir, state, access.lock()));
  const Certifiers by{safe.root, safe.brand, safe.geopolitical ? &*safe.geopolitical : nullptr};
  auto chains = TRY(certify_online(state.spec, by, request.keys, now, rng));
  const auto roots = TRY(load_roots(options.dir, state));
  const auto brands = TRY(load_successors_brands(options.dir, state));
  auto trust_pem =
      TRY(make_trust_pem(roots, safe.root.key, request.transport_root_pem, brands, now, rng));
  TRY(Trust::parse(trust_pem, roots.front().thumbprint().hex(), now));
  TRY(save_transport(options.dir, request.transport_root_pem, trust_pem));
  const auto request_fingerprint = text_fingerprint(text);
  auto crls = TRY(load_lists(options.dir, state, by, now));
  auto signed_things = CeremonyJson::array({{{"request_fingerprint", request_fingerprint}}});
  for (const auto& [name, chain] : chains) signed_things.push_back(named(name, chain.leaf));
  TRY(record(options, "sign", signed_things, safe.root, now));
  const CeremonyAnswer answer{request_fingerprint,  state.spec, std::move(chains), roots.front(),
                              std::move(trust_pem), std::move(crls)};
  const auto out = TRY(make_ceremony_answer(answer, rng));
  TRY(write_carried(options.out, out));
  const auto root_fingerprint = roots.front().thumbprint().hex();
  speaker.say("Fingerprint of the request (compare it with what the online CA has shown):\n  " +
              request_fingerprint + "\nCarry " + options.out.string() +
              " to the online CA and, there:\n  set-ca ceremony install --dir DIR --answer " +
              options.out.filename().string() + " --root-fingerprint " + root_fingerprint +
              "\nFingerprint of the answer:");
  const auto fingerprint = text_fingerprint(out);
  speaker.answer(fingerprint, {{"request_fingerprint", request_fingerprint},
                               {"answer_fingerprint", fingerprint},
                               {"root_fingerprint", root_fingerprint}});
  return {};
}

/// A rollover proves itself by the trust that is there.
Result<void> install_rollover(const CeremonyOptions& options, const std::string& text,
                              const Speaker& speaker) {
  TRY(load_settings(options.dir));
  const auto now = system_clock()();
  const auto trust = TRY(Trust::parse(TRY(read_text_file(options.dir / "trust.pem")), "", now));
  const auto rollover = TRY(accept_rollover(text, trust, now));
  TRY(save_trust(options.dir, rollover.trust_pem));
  auto store = TRY(Store::open(options.database, DatabaseUse::command));
  TRY(store.insert_own({record_of(rollover.root, "")}, now));
  const auto fingerprint = rollover.root.thumbprint().hex();
  speaker.say(
      "The new root is in trust.pem; a running `set-ca serve` gives it out within a minute.\n"
      "Fingerprint of the new root:");
  speaker.answer(fingerprint, {{"root_fingerprint", fingerprint}});
  return {};
}

Result<void> install_answer(const CeremonyOptions& options, const std::string& text,
                            const Speaker& speaker) {
  CHECK_OR_FAIL(!fs::exists(options.dir / "ca.json"), ErrorCode::conflict,
                "an answer is installed in " + options.dir.string() + " already");
  CHECK_OR_FAIL(!options.root_fingerprint.empty(), ErrorCode::invalid_argument,
                "an answer needs --root-fingerprint, as `set-ca ceremony root` printed it");
  const auto request = options.dir / kRequestFile;
  CHECK_OR_FAIL(fs::exists(request), ErrorCode::bad_config,
                "there is no request in " + options.dir.string() +
                    ": make one with `set-ca ceremony request`");
  TRY(check_private_directory(options.dir));
  const auto request_fingerprint = text_fingerprint(TRY(read_text_file(request)));
  const auto access = TRY(KeyAccess::read(options.keys, options.dir / "keys.set"));
  const auto keys = TRY(load_online_keys(options.dir, access.lock()));
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const auto answer =
      TRY(accept_ceremony_answer(text, request_fingerprint, keys, options.root_fingerprint, now));
  // A TLS certificate for these hosts, only to see now whether it can be made.
  TRY(issue_daemon_tls(keys.transport, answer.spec.brand, options.hosts, {}, now, rng));
  // The database first: ca.CeremonyJson says that all is there.
  auto store = TRY(Store::open(options.database, DatabaseUse::command));
  std::vector<IssuedRecord> own;
  for (const auto& certificate : certificates_of(answer.chains, answer.root)) {
    own.push_back(record_of(certificate, ""));
  }
  TRY(store.insert_own(own, now));
  TRY(save_online_certificates(options.dir, answer.chains, answer.root, answer.trust_pem,
                               answer.crls,
                               {answer.spec.brand, options.hosts, answer.spec.public_url}));
  speaker.say("The CA of " + answer.spec.brand + " is ready in " + options.dir.string() +
              ", without the keys of root and brand.\nNext: set-ca serve --dir " +
              options.dir.string() + " --cards deploy/sandbox/cards.toml\nRoot fingerprint:");
  speaker.answer(options.root_fingerprint, {{"root_fingerprint", options.root_fingerprint},
                                            {"brand", answer.spec.brand},
                                            {"dir", options.dir.string()}});
  return {};
}

Result<void> install_carried(const CeremonyOptions& options, const Speaker& speaker) {
  const auto text = TRY(read_text_file(options.answer));
  const bool rollover = carried_kind(text).ends_with("rollover");
  return rollover ? install_rollover(options, text, speaker)
                  : install_answer(options, text, speaker);
}

Result<void> roll_over(const CeremonyOptions& options, const Speaker& speaker) {
  const auto state = TRY(load_safe(options.dir));
  const auto transport = TRY(load_transport(options.dir));
  auto& rng = Rng::system();
  const auto now = system_clock()();
  const auto access = TRY(KeyAccess::read(options.keys, root_key_file(options.dir, state.root)));
  const auto safe = TRY(open_safe(options.dir, state, access.lock()));
  auto keys = TRY(prepare_rollover(options.dir, state, access.lock(), rng));
  const auto next = TRY(make_next_root(std::move(keys.announced), std::move(keys.next), now, rng));
  const auto brand = TRY(certify_brand(state.spec, safe.brand.key, next.root, now, rng));
  TRY(save_next_root(options.dir, state, next.root.certificate, brand));
  SafeState after = state;
  ++after.root;
  const auto roots = TRY(load_roots(options.dir, after));
  const auto brands = TRY(load_successors_brands(options.dir, after));
  const auto trust_pem = TRY(make_trust_pem(roots, next.root.key, transport, brands, now, rng));
  // A root whose key the present one has not announced would be refused everywhere: see it here.
  TRY(Trust::parse(trust_pem, roots.front().thumbprint().hex(), now));
  TRY(record(options, "rollover",
             CeremonyJson::array({named(numbered_root(after.root), next.root.certificate),
                                  named("brand", brand)}),
             safe.root, now));
  TRY(write_carried(options.out, make_rollover(next.root.certificate, trust_pem)));
  TRY(enthrone(options.dir, state, trust_pem));
  const auto fingerprint = next.root.certificate.thumbprint().hex();
  speaker.say("Carry " + options.out.string() +
              " to the online CA and, there:\n"
              "  set-ca ceremony install --dir DIR --answer " +
              options.out.filename().string() +
              "\nWhoever trusts the present root takes the new one "
              "without being told; new parties may be given its fingerprint:");
  speaker.answer(fingerprint,
                 {{"root_fingerprint", fingerprint}, {"rollover", options.out.string()}});
  return {};
}

/// The certificates to be revoked and the key in the safe that certified all of them.
struct ToRevoke {
  std::vector<Certificate> certificates;
  bool by_geopolitical = false;
};

Result<ToRevoke> read_to_revoke(const CeremonyOptions& options, const OpenSafe& safe, Instant now) {
  const auto trust = TRY(Trust::parse(TRY(read_text_file(options.dir / "trust.pem")), "", now));
  ToRevoke out;
  for (const auto& file : options.certificates) {
    auto chain = TRY(parse_chain_pem(TRY(read_text_file(file)), file.string()));
    chain.issuers.push_back(safe.brand.certificate);
    if (safe.geopolitical) chain.issuers.push_back(safe.geopolitical->certificate);
    const auto& leaf = chain.leaf;
    const auto path =
        trust.verify_path(leaf, chain.issuers, {leaf.roles().front(), leaf.key_use(), ""}, now);
    if (!path) return failure(path.error().code, file.string() + ": " + path.error().detail);
    const auto& issuer_key = path->at(1).public_key();
    const bool by_brand = equal(issuer_key, safe.brand.key.public_key());
    const bool by_geopolitical =
        safe.geopolitical && equal(issuer_key, safe.geopolitical->key.public_key());
    CHECK_OR_FAIL(by_brand || by_geopolitical, ErrorCode::verification_failed,
                  file.string() + ": neither the brand nor the geopolitical CA here certified it");
    CHECK_OR_FAIL(out.certificates.empty() || out.by_geopolitical == by_geopolitical,
                  ErrorCode::invalid_argument,
                  "these certificates have different issuers: one list at a time");
    out.by_geopolitical = by_geopolitical;
    out.certificates.push_back(leaf);
  }
  return out;
}

/// The certificate of the brand itself, if that is what is to be revoked.
Result<bool> is_the_brand(const CeremonyOptions& options) {
  bool brand = false;
  for (const auto& file : options.certificates) {
    const auto chain = TRY(parse_chain_pem(TRY(read_text_file(file)), file.string()));
    brand = brand || (chain.leaf.has_role(Role::bca) &&
                      chain.leaf.key_use() == KeyUse::certificate_signing);
  }
  CHECK_OR_FAIL(!brand || options.certificates.size() == 1, ErrorCode::invalid_argument,
                "the brand is revoked by itself: with it all below it is");
  return brand;
}

/// Every root that certified the brand names it in its list. Whoever trusts one of them believes
/// that list by itself: a revoked brand signs no BCI any more that could tell of it.
Result<void> revoke_brand_in_safe(const CeremonyOptions& options, const Speaker& speaker) {
  const auto reason = TRY(parse_reason(options.reason));
  const auto state = TRY(load_safe(options.dir));
  const auto now = system_clock()();
  const auto access = TRY(KeyAccess::read(options.keys, root_key_file(options.dir, state.root)));
  const auto& file = options.certificates.front();
  const auto given = TRY(parse_chain_pem(TRY(read_text_file(file)), file.string()));
  const auto parts =
      TRY(prepare_brand_revocation(options.dir, state, access.lock(), now));
  const bool ours = std::ranges::any_of(parts, [&](const RootRevocation& part) {
    return part.brand.thumbprint() == given.leaf.thumbprint();
  });
  CHECK_OR_FAIL(ours, ErrorCode::verification_failed,
                file.string() + " is not the brand of " + options.dir.string());
  std::vector<std::pair<std::string, Crl>> lists;
  auto signed_things = CeremonyJson::array();
  Bytes carried;
  std::size_t entries = 0;
  for (const auto& part : parts) {
    const Certificate revoked[] = {part.brand};
    auto list = TRY(revoke_offline(part.root, part.before, revoked, reason, now));
    signed_things.push_back(named(part.name, list));
    carried.insert(carried.end(), list.der().begin(), list.der().end());
    entries += list.size();
    lists.emplace_back(part.name, std::move(list));
  }
  TRY(save_brand_revocation(options.dir, state, lists));
  TRY(record(options, "revoke", signed_things, parts.back().root, now));
  TRY(write_file_atomically(options.out, ByteView(carried), 0644));
  speaker.say("The brand " + state.spec.brand + " is revoked. Carry " + options.out.string() +
              " to the online CA and, there:\n  set-ca crl import --dir DIR " +
              options.out.filename().string() +
              "\nLeave `set-ca serve` running: it registers nobody any more, but tells everybody. "
              "A new brand is made here with `set-ca ceremony brand`.\n"
              "Certificates on the lists of the root:");
  speaker.answer(std::to_string(entries),
                 {{"issuer", "root"}, {"entries", entries}, {"list", options.out.string()}});
  return {};
}

/// Needs no key: who signed which line is in the line.
Result<void> show_record(const CeremonyOptions& options, bool json) {
  const auto state = TRY(load_safe(options.dir));
  const auto roots = TRY(load_roots(options.dir, state));
  for (const auto& one : TRY(read_records(options.dir, roots))) {
    const CeremonyJson object{{"number", one.number},
                              {"at", to_string(one.at)},
                              {"verb", one.verb},
                              {"signed", one.signed_things}};
    fmt::print(stdout, "{}\n",
               json ? object.dump()
                    : fmt::format("{}  {}  {:<8}  {}", one.number, to_string(one.at), one.verb,
                                  one.signed_things.dump()));
  }
  return {};
}

Result<void> revoke_in_safe(const CeremonyOptions& options, const Speaker& speaker) {
  if (TRY(is_the_brand(options))) return revoke_brand_in_safe(options, speaker);
  const auto reason = TRY(parse_reason(options.reason));
  const auto state = TRY(load_safe(options.dir));
  TRY(load_transport(options.dir));
  const auto now = system_clock()();
  const auto access = TRY(KeyAccess::read(options.keys, root_key_file(options.dir, state.root)));
  const auto safe = TRY(open_safe(options.dir, state, access.lock()));
  const auto to_revoke = TRY(read_to_revoke(options, safe, now));
  const Certifiers by{safe.root, safe.brand, safe.geopolitical ? &*safe.geopolitical : nullptr};
  const auto lists = TRY(load_lists(options.dir, state, by, now));
  const std::string name = to_revoke.by_geopolitical ? "gca" : "brand";
  const auto& issuer = to_revoke.by_geopolitical ? *safe.geopolitical : safe.brand;
  const auto& before = to_revoke.by_geopolitical ? *lists.geopolitical : lists.brand;
  const auto list = TRY(revoke_offline(issuer, before, to_revoke.certificates, reason, now));
  TRY(save_list(options.dir, name, list));  // the next list goes on from here
  TRY(record(options, "revoke", CeremonyJson::array({named(name, list)}), safe.root, now));
  TRY(write_file_atomically(options.out, list.der(), 0644));
  speaker.say("Carry " + options.out.string() +
              " to the online CA and, there:\n  set-ca crl import --dir DIR " +
              options.out.filename().string() + "\nCertificates on the list of the " + name + ":");
  speaker.answer(std::to_string(list.size()), {{"issuer", name},
                                               {"crl_number", list.number()},
                                               {"entries", list.size()},
                                               {"list", options.out.string()}});
  return {};
}

CLI::App& add_ceremony_verb(CLI::App& ceremony, CeremonyOptions& options, CeremonyVerb verb,
                   const char* name, const char* description) {
  auto& app = *ceremony.add_subcommand(name, description);
  app.callback([&options, verb] { options.verb = verb; });
  return app;
}

void add_out(CLI::App& app, CeremonyOptions& options) {
  app.add_option("--out", options.out, "the file to carry over")->required()->type_name(kNewFile);
}

}  // namespace

CLI::App& add_ceremony(CLI::App& app, CeremonyOptions& options) {
  auto& ceremony = *app.add_subcommand(
      "ceremony", "Root and brand on an offline machine, the online CA without their keys");
  ceremony.require_subcommand(1);
  auto& root = add_ceremony_verb(ceremony, options, CeremonyVerb::root, "root",
                        "Offline: makes the root, and the key of the next one");
  add_custodian_options(root, options.custodians);
  auto& brand = add_ceremony_verb(ceremony, options, CeremonyVerb::brand, "brand",
                         "Offline: makes the brand, certified by the root");
  brand.add_option("--brand", options.brand, "BrandID, such as OpenSET")->required();
  brand.add_option("--public-url", options.public_url,
                   "where the online CA's HTTP port is reached (http://host:port): written into "
                   "certificates");
  brand.add_option("--geopolitical", options.geopolitical,
                   "name of a geopolitical CA between the brand and the online CAs");
  auto& request = add_ceremony_verb(ceremony, options, CeremonyVerb::request, "request",
                           "Online: makes the CA's keys and a request for their certificates");
  request.add_option("--brand", options.brand, "BrandID, as the brand has it")->required();
  add_custodian_options(request, options.custodians);
  add_out(request, options);
  auto& sign = add_ceremony_verb(ceremony, options, CeremonyVerb::sign, "sign",
                        "Offline: certifies what a request asks for");
  sign.add_option("--request", options.request, "the file from the online CA")
      ->required()
      ->type_name(kFile);
  add_out(sign, options);
  auto& install = add_ceremony_verb(ceremony, options, CeremonyVerb::install, "install",
                           "Online: takes an answer, or the news of a rollover");
  install.add_option("--answer", options.answer, "the file from the root's machine")
      ->required()
      ->type_name(kFile);
  install.add_option("--root-fingerprint", options.root_fingerprint,
                     "what `ceremony root` printed; a rollover needs none");
  install.add_option("--host", options.hosts,
                     "name or address that clients reach `serve` under, repeatable; default: "
                     "localhost and 127.0.0.1");
  auto& rollover = add_ceremony_verb(ceremony, options, CeremonyVerb::rollover, "rollover",
                            "Offline: lets the announced root reign");
  add_out(rollover, options);
  auto& revoke = add_ceremony_verb(ceremony, options, CeremonyVerb::revoke, "revoke",
                                   "Offline: revokes certificates of an online CA, or the brand");
  revoke.add_option("--certificate", options.certificates,
                    "PEM file from the online CA's directory, such as mca.pem or brand.pem; "
                    "repeatable")
      ->required();
  revoke.add_option("--reason", options.reason,
                    "unspecified, keyCompromise, cACompromise, superseded or "
                    "cessationOfOperation");
  add_out(revoke, options);
  add_ceremony_verb(ceremony, options, CeremonyVerb::log, "log",
                    "Offline: shows what was signed here, and that nobody has changed the record");
  return ceremony;
}

Result<void> run_ceremony(const CeremonyOptions& options, bool json) {
  const Speaker speaker{json};
  switch (options.verb) {
    case CeremonyVerb::root:
      return make_root_files(options, speaker);
    case CeremonyVerb::brand:
      return make_brand_files(options, speaker);
    case CeremonyVerb::request:
      return make_request_files(options, speaker);
    case CeremonyVerb::sign:
      return sign_request(options, speaker);
    case CeremonyVerb::install:
      return install_carried(options, speaker);
    case CeremonyVerb::rollover:
      return roll_over(options, speaker);
    case CeremonyVerb::revoke:
      return revoke_in_safe(options, speaker);
    case CeremonyVerb::log:
      return show_record(options, json);
  }
  return {};
}

}  // namespace set::ca
