#include "common/daemon/identity.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/assert.h"
#include "common/crypto/key_file.h"
#include "common/crypto/stored_signer.h"
#include "common/daemon/files.h"
#include "common/daemon/pem.h"

namespace set {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKeys = "keys.set", kSignature = "signature.pem",
                           kKeyExchange = "key-exchange.pem", kTls = "tls.pem",
                           kTrust = "trust.pem";
constexpr std::string_view kEarlier = "earlier-";
constexpr std::string_view kSignatureEntry = "signature", kKeyExchangeEntry = "key-exchange",
                           kTlsEntry = "tls";
// A save writes into the first; renaming that to the second is the moment when it counts.
constexpr std::string_view kUnfinished = "next.unfinished", kNext = "next";

// Whose turn it is with a directory: a daemon and a command beside it, or two threads.
class Turn {
 public:
  explicit Turn(const fs::path& directory)
      : fd_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  int fd_;
};

// Moves the files of a save that counts to their places; doing it twice is doing it once.
Result<void> finish_save(const fs::path& directory) {
  const fs::path next = directory / kNext;
  std::error_code error;
  if (!fs::exists(next, error)) return {};
  for (fs::directory_iterator entry(next, error), end; !error && entry != end;
       entry.increment(error)) {
    const fs::path to = directory / entry->path().filename();
    CHECK_OR_FAIL(::rename(entry->path().c_str(), to.c_str()) == 0, ErrorCode::storage_unavailable,
                  "cannot write " + to.string() + ": " + std::strerror(errno));
  }
  TRY(sync_directory(directory));
  CHECK_OR_FAIL(!error && ::rmdir(next.c_str()) == 0, ErrorCode::storage_unavailable,
                "cannot finish the new identity in " + directory.string());
  return {};
}

Error about(const fs::path& file, Error error) {
  error.detail = file.string() + ": " + error.detail;
  return error;
}

Result<Chain> load_chain(const fs::path& file) {
  const std::string pem = TRY(read_text_file(file));
  return parse_chain_pem(pem, file.string());
}

// Dates first, in words that say what to do; then everything that Trust knows.
Result<void> check_chain(const Chain& chain, const Trust& trust, const fs::path& file,
                         Instant now) {
  CHECK_OR_FAIL(chain.leaf.not_before() <= now, ErrorCode::expired_certificate,
                file.string() + ": the certificate is valid from " +
                    to_string(chain.leaf.not_before()) + " on: is this computer's clock right?");
  CHECK_OR_FAIL(now <= chain.leaf.not_after(), ErrorCode::expired_certificate,
                file.string() + ": the certificate expired on " +
                    to_string(chain.leaf.not_after()) + ": renew it");
  const auto roles = chain.leaf.roles();
  CHECK_OR_FAIL(!roles.empty(), ErrorCode::invalid_certificate,
                file.string() + ": the certificate names no role");
  const Expected expected{.role = roles.front(), .use = chain.leaf.key_use(), .brand = ""};
  auto verified = trust.verify(chain.leaf, chain.issuers, expected, now);
  if (!verified) return failure(about(file, std::move(verified).error()));
  return {};
}

Error wrong_key(const fs::path& file) {
  return {ErrorCode::bad_config,
          file.string() + ": the key in keys.set does not belong to this certificate"};
}

Result<SecretBytes> entry(const KeyFile& keys, const fs::path& directory, std::string_view name) {
  auto key = keys.get(name);
  CHECK_OR_FAIL(key, ErrorCode::bad_config,
                (directory / kKeys).string() + ": has no entry \"" + std::string(name) +
                    "\" that can be used");
  return key;
}

struct Signature {
  Chain chain;
  std::shared_ptr<const Signer> signer;
};

Result<Signature> load_signature(const fs::path& directory, const KeyFile& keys,
                                 const KeyLock& lock) {
  const fs::path file = directory / kSignature;
  auto chain = TRY(load_chain(file));
  const SecretBytes key = TRY(entry(keys, directory, kSignatureEntry));
  auto parsed = TRY(StoredSigner::load(key.reveal(), lock));
  auto signer = std::make_shared<const StoredSigner>(std::move(parsed));
  if (!equal(signer->public_key(), chain.leaf.public_key())) return failure(wrong_key(file));
  CHECK_OR_FAIL(chain.leaf.key_use() != KeyUse::key_exchange, ErrorCode::bad_config,
                file.string() + ": this is a key-exchange certificate");
  return Signature{std::move(chain), std::move(signer)};
}

struct KeyExchange {
  Chain chain;
  std::shared_ptr<const KemPrivateKey> key;
};

Result<KeyExchange> load_key_exchange(const fs::path& directory, const KeyFile& keys) {
  const fs::path file = directory / kKeyExchange;
  auto chain = TRY(load_chain(file));
  const SecretBytes seed = TRY(entry(keys, directory, kKeyExchangeEntry));
  auto key = std::make_shared<const KemPrivateKey>(TRY(KemPrivateKey::from_seed(seed.reveal())));
  if (!equal(key->public_key().spki(), chain.leaf.public_key())) return failure(wrong_key(file));
  CHECK_OR_FAIL(chain.leaf.key_use() == KeyUse::key_exchange, ErrorCode::bad_config,
                file.string() + ": this is not a key-exchange certificate");
  return KeyExchange{std::move(chain), std::move(key)};
}

Result<TlsIdentity> load_tls(const fs::path& directory, const KeyFile& keys, const Trust& trust,
                             Instant now, EndedTls ended) {
  const fs::path file = directory / kTls;
  TlsIdentity tls;
  tls.chain_pem = TRY(read_text_file(file));
  const SecretBytes key = TRY(entry(keys, directory, kTlsEntry));
  tls.private_key_pem = Secret<std::string>(string_of(key.reveal()));
  tls.root_pem = trust.transport_root_pem();
  if (ended == EndedTls::allowed) {
    const auto facts = tls_certificate_facts(tls.chain_pem);
    if (facts) now = std::min(now, facts->not_after);
  }
  auto checked = check_tls_identity(tls, now);
  if (!checked) return failure(about(file, std::move(checked).error()));
  return tls;
}

// "TLS certificate *and* SET certificate must name the same party" (ADR 0025): a directory in which
// they do not would be refused by every peer, with a sentence that does not say why.
Result<void> check_same_party(const Chain& signature, const std::optional<Chain>& key_exchange,
                              const TlsIdentity& tls, const fs::path& directory) {
  const auto name = party_name(signature.leaf);
  CHECK_OR_FAIL(!key_exchange || party_name(key_exchange->leaf) == name, ErrorCode::bad_config,
                (directory / kKeyExchange).string() + ": names another party than " +
                    std::string(kSignature) + ": enrol again");
  const auto of_tls = party_of_tls(tls.chain_pem);
  CHECK_OR_FAIL(of_tls && name && *of_tls == *name, ErrorCode::bad_config,
                (directory / kTls).string() + ": names another party than " +
                    std::string(kSignature) + ": enrol again");
  return {};
}

// What is to stand in trust.pem: `pem`, and the successors that the file there has and `pem`, an
// older state of the same root's line, has not.
std::string newest_trust(const fs::path& directory, const std::string& pem, Instant now) {
  const auto there = read_text_file(directory / kTrust);
  if (!there) return pem;
  const auto held = Trust::parse(*there, "", now);
  const auto next = Trust::parse(pem, "", now);
  // The transport root is that of `pem`: the one that certified what is saved with it.
  const bool same_line = held && next && held->root().thumbprint() == next->root().thumbprint() &&
                         held->transport_root_pem() == next->transport_root_pem();
  if (!same_line || held->roots().size() <= next->roots().size()) return pem;
  return next->renew(held->pem(), now) ? next->pem() : pem;
}

std::string earlier_prefix(std::string_view entry) {
  return std::string(kEarlier) + std::string(entry) + "-";
}

std::string earlier_name(std::string_view entry, std::string_view thumbprint_hex) {
  return earlier_prefix(entry) + std::string(thumbprint_hex.substr(0, 32));
}

// The names of the earlier certificates in a directory; a file without its key is one that ended.
std::vector<std::string> earlier_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const auto& path = entry->path();
    if (path.extension() == ".pem" && path.filename().string().starts_with(kEarlier)) {
      names.push_back(path.stem().string());
    }
  }
  return names;
}

// What else a daemon keeps in its key file, such as a gateway's token key, goes along.
Result<void> copy_other_entries(const KeyFile& from, KeyFile& to, Rng& rng) {
  for (const std::string& name : from.names()) {
    const bool replaced =
        name == kSignatureEntry || name == kKeyExchangeEntry || name == kTlsEntry;
    if (replaced || name.starts_with(kEarlier)) continue;
    const SecretBytes secret = TRY(from.get(name));
    TRY(to.put(name, secret.reveal(), rng));
  }
  return {};
}

// What is replaced, and what was before, as far as it has not ended when the new begins. A chain that
// cannot be read is not worth keeping.
Result<void> keep_earlier(const fs::path& directory, const fs::path& next,
                          const NewIdentity& identity, const KeyFile& from, KeyFile& to, Rng& rng) {
  const auto& begins = identity.signature.leaf;
  const auto lasts = [&](const Result<Chain>& chain) {
    return chain && chain->leaf.not_after() > begins.not_before() &&
           chain->leaf.brand() == begins.brand();
  };
  const auto keep = [&](const std::string& entry, const std::string& name,
                        const Chain& chain) -> Result<void> {
    const auto secret = from.get(entry);
    if (!secret) return {};
    TRY(to.put(name, secret->reveal(), rng));
    return write_file_atomically(next / (name + ".pem"), chain_pem(chain));
  };
  for (const auto& name : earlier_names(directory)) {
    const auto chain = load_chain(directory / (name + ".pem"));
    if (lasts(chain)) TRY(keep(name, name, *chain));
  }
  const std::pair<std::string_view, std::string_view> replaced[] = {
      {kSignatureEntry, kSignature}, {kKeyExchangeEntry, kKeyExchange}};
  for (const auto& [entry, file] : replaced) {
    const auto chain = load_chain(directory / file);
    const bool same = chain && (chain->leaf.thumbprint() == begins.thumbprint() ||
                                (identity.key_exchange && chain->leaf.thumbprint() ==
                                                              identity.key_exchange->leaf.thumbprint()));
    if (lasts(chain) && !same) {
      TRY(keep(std::string(entry), earlier_name(entry, chain->leaf.thumbprint().hex()), *chain));
    }
  }
  return {};
}

void remove_ended(const fs::path& directory, const std::vector<std::string>& before,
                  const KeyFile& keys) {
  const auto names = keys.names();
  for (const auto& name : before) {
    std::error_code ignored;
    if (std::ranges::find(names, name) == names.end()) {
      fs::remove(directory / (name + ".pem"), ignored);
    }
  }
}

// An earlier certificate that is no good any more, ended or revoked, is left out.
void load_earlier(const fs::path& directory, const KeyFile& keys, const KeyLock& lock, Party& party,
                  Instant now) {
  for (const auto& name : earlier_names(directory)) {
    const auto secret = keys.get(name);
    auto chain = load_chain(directory / (name + ".pem"));
    if (!secret || !chain || !check_chain(*chain, *party.trust, name, now)) continue;
    if (name.starts_with(earlier_prefix(kSignatureEntry))) {
      auto signer = StoredSigner::load(secret->reveal(), lock);
      if (!signer || !equal(signer->public_key(), chain->leaf.public_key())) continue;
      party.earlier_signatures.push_back(
          {std::move(*chain), std::make_shared<const StoredSigner>(std::move(*signer))});
    } else if (name.starts_with(earlier_prefix(kKeyExchangeEntry))) {
      auto kem = KemPrivateKey::from_seed(secret->reveal());
      if (!kem || !equal(kem->public_key().spki(), chain->leaf.public_key())) continue;
      party.earlier_key_exchanges.push_back(
          {std::move(*chain), std::make_shared<const KemPrivateKey>(std::move(*kem))});
    }
  }
}

Result<fs::path> begin_save(const fs::path& directory) {
  TRY(finish_save(directory));
  const fs::path unfinished = directory / kUnfinished;
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  TRY(make_private_directory(unfinished));
  return unfinished;
}

// From here on the save counts.
Result<void> commit_save(const fs::path& directory, const fs::path& unfinished) {
  const fs::path next = directory / kNext;
  CHECK_OR_FAIL(::rename(unfinished.c_str(), next.c_str()) == 0, ErrorCode::storage_unavailable,
                "cannot write the identity in " + directory.string() + ": " + std::strerror(errno));
  TRY(sync_directory(directory));
  return finish_save(directory);
}

}  // namespace

Result<Identity> Identity::load(const fs::path& directory, const KeyLock& lock,
                                Instant now, EndedTls ended_tls) {
  TRY(check_private_directory(directory));
  const Turn turn(directory);
  TRY(finish_save(directory));
  CHECK_OR_FAIL(fs::exists(directory / kKeys), ErrorCode::bad_config,
                "there is no identity in " + directory.string() + " yet: enrol first");
  const auto keys = TRY(KeyFile::open(directory / kKeys, lock));
  const std::string trust_pem = TRY(read_text_file(directory / kTrust));
  auto trust = std::make_shared<const Trust>(TRY(Trust::parse(trust_pem, "", now)));

  Party party{.trust = trust, .signer = {}, .signature = {}, .kem = {}, .key_exchange = {}};
  auto signature = TRY(load_signature(directory, keys, lock));
  TRY(check_chain(signature.chain, *trust, directory / kSignature, now));
  party.signer = std::move(signature.signer);
  party.signature = std::move(signature.chain);
  if (fs::exists(directory / kKeyExchange)) {
    auto key_exchange = TRY(load_key_exchange(directory, keys));
    TRY(check_chain(key_exchange.chain, *trust, directory / kKeyExchange, now));
    party.kem = std::move(key_exchange.key);
    party.key_exchange = std::move(key_exchange.chain);
  }
  load_earlier(directory, keys, lock, party, now);
  auto tls = TRY(load_tls(directory, keys, *trust, now, ended_tls));
  TRY(check_same_party(*party.signature, party.key_exchange, tls, directory));
  return Identity{std::make_shared<const Party>(std::move(party)), std::move(tls)};
}

Result<void> Identity::save(const fs::path& directory, const NewIdentity& identity,
                            const KeyLock& lock, Rng& rng) {
  SET_ASSERT(identity.key_exchange.has_value() == identity.key_exchange_key.has_value());
  TRY(check_same_party(identity.signature, identity.key_exchange, identity.tls, directory));
  TRY(make_private_directory(directory));
  const Turn turn(directory);
  const auto unfinished = TRY(begin_save(directory));
  const auto earlier = earlier_names(directory);
  auto keys = TRY(KeyFile::create(unfinished / kKeys, lock, Argon2Cost{}, rng));
  TRY(keys.put(kSignatureEntry, identity.signature_key.reveal(), rng));
  if (identity.key_exchange_key) {
    TRY(keys.put(kKeyExchangeEntry, identity.key_exchange_key->reveal(), rng));
  }
  TRY(keys.put(kTlsEntry, view_of(identity.tls.private_key_pem.reveal()), rng));
  if (fs::exists(directory / kKeys)) {
    const auto old = TRY(KeyFile::open(directory / kKeys, lock));
    TRY(copy_other_entries(old, keys, rng));
    TRY(keep_earlier(directory, unfinished, identity, old, keys, rng));
  }

  TRY(write_file_atomically(unfinished / kSignature, chain_pem(identity.signature)));
  if (identity.key_exchange) {
    TRY(write_file_atomically(unfinished / kKeyExchange, chain_pem(*identity.key_exchange)));
  }
  TRY(write_file_atomically(unfinished / kTls, identity.tls.chain_pem));
  const auto trust =
      newest_trust(directory, identity.trust_pem, identity.signature.leaf.not_before());
  TRY(write_file_atomically(unfinished / kTrust, trust));

  TRY(commit_save(directory, unfinished));
  remove_ended(directory, earlier, keys);
  return {};
}

Result<void> Identity::save_tls(const fs::path& directory, const TlsIdentity& tls,
                                const KeyLock& lock, Rng& rng) {
  const Turn turn(directory);
  const auto unfinished = TRY(begin_save(directory));
  const auto old = TRY(KeyFile::open(directory / kKeys, lock));
  auto keys = TRY(KeyFile::create(unfinished / kKeys, lock, Argon2Cost{}, rng));
  for (const std::string& name : old.names()) {
    if (name == kTlsEntry) continue;
    const SecretBytes secret = TRY(old.get(name));
    TRY(keys.put(name, secret.reveal(), rng));
  }
  TRY(keys.put(kTlsEntry, view_of(tls.private_key_pem.reveal()), rng));
  TRY(write_file_atomically(unfinished / kTls, tls.chain_pem));
  return commit_save(directory, unfinished);
}

Result<void> Identity::save_trust(const fs::path& directory, const Trust& trust, Instant now) {
  const Turn turn(directory);
  TRY(finish_save(directory));
  return write_file_atomically(directory / kTrust, newest_trust(directory, trust.pem(), now));
}

std::string earlier_signature_file(std::string_view thumbprint_hex) {
  return earlier_name(kSignatureEntry, thumbprint_hex) + ".pem";
}

std::string chain_pem(const Chain& chain) {
  std::string pem = chain.leaf.pem();
  for (const Certificate& issuer : chain.issuers) pem += issuer.pem();
  return pem;
}

Result<Chain> parse_chain_pem(std::string_view pem, std::string_view name) {
  std::vector<Certificate> certificates;
  for (const Bytes& der : TRY(certificates_of_pem(pem, name))) {
    auto certificate = Certificate::parse(der);
    if (!certificate) return failure(about(name, std::move(certificate).error()));
    certificates.push_back(std::move(*certificate));
  }
  Certificate leaf = std::move(certificates.front());
  certificates.erase(certificates.begin());
  return Chain{std::move(leaf), std::move(certificates)};
}

}  // namespace set
