// Verified<T> and Unsigned<T>: what a handler may see. Only Opener (open.cpp) makes them, and only
// after its last check.
#pragma once

#include <optional>

#include "common/crypto/certificate.h"
#include "common/message/trans_ids.h"

namespace set {

/// The content header (protocol §2), checked.
struct ContentHead {
  std::optional<Thumbprint> sender;
  RRPID rrpid;
  std::optional<TransIDs> trans_ids;
  Instant created_at;
  std::optional<Digest> audit_head = std::nullopt;  ///< of the sender's audit log
};

class Opener;

/// Right chain, right role, right signature, fresh, addressed to us. Value; any thread.
template <class T>
class Verified {
 public:
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  const ContentHead& head() const { return head_; }
  /// The certificate that signed. Not for CertReq and CertInqReq, whose key is new.
  const Certificate& signer() const { return signer_.value(); }
  /// Of a CertReq: the certificate whose key signed as well, or alone; none in a first registration.
  const std::optional<Certificate>& renewed() const { return signer_; }
  /// digest("SET/2 request", exact content): what duplicate detection and evidence are keyed on.
  const Digest& content_digest() const { return content_digest_; }
  /// The canonical bytes of the Signed: the proof, to be kept.
  const Bytes& evidence() const { return evidence_; }

 private:
  friend class Opener;
  Verified(T value, ContentHead head, std::optional<Certificate> signer, Digest content_digest, Bytes evidence)
      : value_(std::move(value)), head_(std::move(head)), signer_(std::move(signer)),
        content_digest_(content_digest), evidence_(std::move(evidence)) {}
  T value_;
  ContentHead head_;
  std::optional<Certificate> signer_;
  Digest content_digest_;
  Bytes evidence_;
};

/// Well-formed and fresh, nothing more: nobody signed it.
template <class T>
class Unsigned {
 public:
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }
  const ContentHead& head() const { return head_; }
  const Digest& content_digest() const { return content_digest_; }

 private:
  friend class Opener;
  Unsigned(T value, ContentHead head, Digest content_digest)
      : value_(std::move(value)), head_(std::move(head)), content_digest_(content_digest) {}
  T value_;
  ContentHead head_;
  Digest content_digest_;
};

}  // namespace set
