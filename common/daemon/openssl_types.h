// OpenSSL's objects with an owner. Only tls.cpp and tls_probe.cpp include this.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace set::openssl {

template <auto function>
struct Free {
  void operator()(auto* pointer) const { function(pointer); }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using Store = std::unique_ptr<X509_STORE, Free<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Connection = std::unique_ptr<SSL, Free<SSL_free>>;

inline Bio bio_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

inline std::vector<X509Ptr> certificates_of(std::string_view pem) {
  const Bio bio = bio_of(pem);
  std::vector<X509Ptr> certificates;
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(next);
  }
  return certificates;
}

/// Signatures and CA flags up to a root; dates are looked at apart, for better sentences.
inline bool leads_to(const std::vector<X509Ptr>& chain, const std::vector<X509Ptr>& roots) {
  const Store store(X509_STORE_new());
  for (const X509Ptr& root : roots) X509_STORE_add_cert(store.get(), root.get());
  X509_STORE_set_flags(store.get(), X509_V_FLAG_NO_CHECK_TIME);
  STACK_OF(X509)* others = sk_X509_new_null();
  for (const X509Ptr& certificate : chain) sk_X509_push(others, certificate.get());
  const StoreContext context(X509_STORE_CTX_new());
  const bool leads =
      X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), others) == 1 &&
      X509_verify_cert(context.get()) == 1;
  sk_X509_free(others);
  return leads;
}

}  // namespace set::openssl
