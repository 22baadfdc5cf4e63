#include "common/daemon/pem.h"

#include <memory>
#include <optional>
#include <string>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace set {
namespace {

struct OpenSslFree {
  void operator()(void* pointer) const { OPENSSL_free(pointer); }
};

struct Block {
  std::string label;
  Bytes der;
};

// The next block, or nothing: then OpenSSL's error queue says whether that was the end.
std::optional<Block> next_block(BIO* bio) {
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio, &name, &header, &data, &size) != 1) return std::nullopt;
  const std::unique_ptr<void, OpenSslFree> free_name(name), free_header(header), free_data(data);
  return Block{name, Bytes(data, data + size)};
}

bool was_the_end() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

}  // namespace

Result<std::vector<Bytes>> certificates_of_pem(std::string_view pem, std::string_view name) {
  const std::string file(name);
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free_all);
  std::vector<Bytes> certificates;
  while (auto block = next_block(bio.get())) {
    CHECK_OR_FAIL(block->label == "CERTIFICATE", ErrorCode::bad_config,
                  file + ": holds something else than certificates");
    certificates.push_back(std::move(block->der));
  }
  CHECK_OR_FAIL(was_the_end(), ErrorCode::bad_config, file + ": is malformed PEM");
  CHECK_OR_FAIL(!certificates.empty(), ErrorCode::bad_config, file + ": holds no certificate");
  return certificates;
}

}  // namespace set
