#include "ca/publication.h"

#include <algorithm>
#include <utility>

#include "common/base/log.h"
#include "common/daemon/stop.h"
#include "common/message/revocation.h"

namespace set::ca {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(500);
constexpr int kQuietLooks = 120;  // a failure is said once a minute

const CrlState* find_state(const std::vector<CrlState>& states, std::string_view issuer) {
  const auto found = std::ranges::find(states, issuer, &CrlState::issuer);
  return found == states.end() ? nullptr : &*found;
}

void replace(std::vector<StoredCrl>& crls, const StoredCrl& made) {
  const auto found = std::ranges::find_if(
      crls, [&](const auto& crl) { return crl.state.issuer == made.state.issuer; });
  if (found != crls.end()) {
    *found = made;
  } else {
    crls.push_back(made);
  }
}

bool is_of_root(std::string_view issuer) { return issuer.starts_with("root"); }

Result<void> adopt(const Trust& trust, ByteView bci, const std::vector<StoredCrl>& stored,
                   Instant now) {
  std::vector<Crl> crls;
  for (const auto& crl : stored) crls.push_back(TRY(Crl::parse(crl.der)));
  return trust.revocation().adopt(TRY(accept_bci(bci, crls, trust, now)));
}

}  // namespace

Result<void> adopt_published(const LoadedCa& ca, RevocationStore& store, Instant now) {
  const auto bci = TRY(store.bci());
  if (bci.empty()) return {};
  return adopt(*ca.party->trust, bci, TRY(store.crls()), now);
}

std::vector<Publisher::Issuer> Publisher::issuers() const {
  const auto& ca = parts_.ca;
  const auto& authorities = ca.authorities;
  std::vector<Issuer> out{{"cca", &authorities.cca, authorities.cca.certificate},
                          {"mca", &authorities.mca, authorities.mca.certificate},
                          {"pca", &authorities.pca, authorities.pca.certificate}};
  for (const auto& offline : ca.offline_crls)
    out.push_back({offline.name, nullptr, offline.issuer});
  return out;
}

Result<void> Publisher::start() {
  const auto now = parts_.clock();
  for (const auto& offline : parts_.ca.offline_crls) {
    TRY(store_.import(offline.name, offline.crl));
  }
  TRY(take_root_lists(TRY(store_.crl_states()), now));
  // What is stored may be of a hierarchy that was made anew: then it is published anew as well.
  const auto taken = adopt_published(parts_.ca, store_, now);
  if (!taken) log_warning("what was published before is not usable", taken.error());
  TRY(publish_if_due());
  return {};
}

bool Publisher::names_these(const std::vector<CrlState>& states) const {
  const auto known = parts_.ca.party->trust->revocation().of(parts_.ca.settings.brand);
  if (known == nullptr) return false;
  const auto all = issuers();
  return std::ranges::all_of(all, [&](const Issuer& issuer) {
    const auto* state = find_state(states, issuer.name);
    const auto key = key_id_of(issuer.certificate);
    const auto* crl = key ? known->find(*key) : nullptr;
    return state != nullptr && crl != nullptr && crl->number() == state->number;
  });
}

Result<void> Publisher::take_root_lists(const std::vector<CrlState>& states, Instant now) {
  const bool news = std::ranges::any_of(states, [&](const CrlState& state) {
    const auto known = taken_.find(state.issuer);
    return is_of_root(state.issuer) && (known == taken_.end() || known->second < state.number);
  });
  if (!news) return {};
  wire::CertificateBag bag;
  for (const auto& crl : TRY(store_.crls())) {
    if (!is_of_root(crl.state.issuer)) continue;
    bag.add_crls(string_of(crl.der));
    taken_[crl.state.issuer] = crl.state.number;
  }
  return adopt_revocations(bag, *parts_.ca.party->trust, now);
}

bool Publisher::brand_is_revoked(Instant now) const {
  const auto& party = *parts_.ca.party;
  const auto path = party.trust->verify_path(
      party.signature->leaf, party.signature->issuers,
      {Role::cca, KeyUse::signature, parts_.ca.settings.brand}, now);
  return path && !party.trust->revocation().check_brand(*path, now);
}

Result<bool> Publisher::publish_if_due(bool anew) {
  const auto now = parts_.clock();
  const auto states = TRY(store_.crl_states());
  TRY(take_root_lists(states, now));
  if (brand_is_revoked(now)) {
    if (!std::exchange(told_revoked_, true))
      log_error("the root has revoked this CA's brand: nobody is certified any more",
                LogWord{"brand", parts_.ca.settings.brand});
    return false;
  }
  const auto bci = TRY(store_.bci_state());
  auto made = TRY(make_due_crls(states, anew, now));
  const bool due = anew || !made.empty() || is_due(bci, parts_.times(), now) || !names_these(states);
  if (!due) return false;
  TRY(publish(bci, std::move(made), now));
  return true;
}

Result<std::vector<StoredCrl>> Publisher::make_due_crls(const std::vector<CrlState>& states,
                                                        bool anew, Instant now) {
  std::vector<StoredCrl> made;
  for (const auto& issuer : issuers()) {
    if (issuer.authority == nullptr) continue;
    const auto* known = find_state(states, issuer.name);
    const CrlState state = known != nullptr ? *known : CrlState{issuer.name, 0, 0, 0, {}};
    if (!anew && !is_due(state, parts_.times(), now)) continue;
    const auto revoked = TRY(store_.revoked(issuer.name, now));
    const auto crl = TRY(make_crl(*issuer.authority, next_number(state.number, now), revoked, parts_.times(), now));
    made.push_back(
        {{issuer.name, crl.number(), state.wanted, state.wanted, crl.next_update()}, crl.der()});
  }
  return made;
}

Result<void> Publisher::publish(const BciState& before, std::vector<StoredCrl> made, Instant now) {
  auto all = TRY(store_.crls());
  for (const auto& crl : made) replace(all, crl);
  std::vector<Crl> crls;
  std::vector<Certificate> certificates;
  for (const auto& issuer : issuers()) {
    const auto found =
        std::ranges::find_if(all, [&](const auto& crl) { return crl.state.issuer == issuer.name; });
    if (found != all.end()) crls.push_back(TRY(Crl::parse(found->der)));
    if (!issuer.certificate.is_self_signed()) certificates.push_back(issuer.certificate);
  }
  const auto bytes = TRY(make_brand_bci(parts_.ca.bci, next_number(before.sequence_num, now), crls,
                                        certificates, parts_.times(), now));
  const auto read = TRY(accept_bci(bytes, crls, *parts_.ca.party->trust, now));
  Publication publication{
      before, {read.sequence_num, read.not_before, read.not_after}, bytes, std::move(made)};
  TRY(store_.publish(publication));  // stored before anybody gets it
  TRY(adopt(*parts_.ca.party->trust, bytes, all, now));
  std::size_t entries = 0;
  for (const auto& crl : crls) entries += crl.size();
  log_info("BCI published", LogSize{"sequence_num", publication.next.sequence_num},
           LogSize{"new_crls", publication.crls.size()}, LogSize{"revoked", entries});
  return {};
}

void Publisher::run_until_stop() {
  for (int failures = 0; !wait_for_stop(kLookEvery);) {
    const auto published = publish_if_due();
    // conflict: a command published beside us, which the next look takes up.
    if (published || published.error().code == ErrorCode::conflict) {
      failures = 0;
    } else if (failures++ % kQuietLooks == 0) {
      log_warning("CRLs and BCI not published", published.error());
    }
  }
}

Bytes Publisher::file(std::string_view name) const {
  const auto& revocation = parts_.ca.party->trust->revocation();
  const auto known = revocation.of(parts_.ca.settings.brand);
  if (name == "brand.bci") return known != nullptr ? known->bci : Bytes();
  const auto all = issuers();
  const auto issuer = std::ranges::find_if(
      all, [name](const Issuer& candidate) { return name == candidate.name + ".crl"; });
  const auto key = issuer != all.end() ? key_id_of(issuer->certificate) : Result<KeyId>(KeyId{});
  if (issuer == all.end() || !key) return {};
  for (const auto& list : revocation.root_lists()) {
    if (list.issuer() == *key) return list.der();
  }
  const auto* crl = known != nullptr ? known->find(*key) : nullptr;
  return crl != nullptr ? crl->der() : Bytes();
}

}  // namespace set::ca
