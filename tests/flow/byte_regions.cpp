#include "tests/flow/byte_regions.h"

#include <stdexcept>

#include <google/protobuf/descriptor.h>

namespace set::flow {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

class Scanner {
 public:
  Scanner(ByteView bytes, std::vector<std::string>& out) : bytes_(bytes), out_(out) {}

  void scan(std::size_t at, std::size_t end, const Descriptor& type, const std::string& prefix) {
    while (at < end) {
      const auto tag = varint(at, prefix + "framing");
      const auto* field = type.FindFieldByNumber(static_cast<int>(tag >> 3U));
      if (field == nullptr) throw std::runtime_error("a field that is not ours");
      const auto path = prefix + field->name();
      if ((tag & 7U) == 0) {
        varint(at, path);
        continue;
      }
      const auto size = varint(at, prefix + "framing");
      value(at, at + size, *field, path);
      at += size;
    }
  }

 private:
  std::uint64_t varint(std::size_t& at, const std::string& region) {
    std::uint64_t out = 0;
    for (unsigned shift = 0;; shift += 7U) {
      const auto byte = bytes_[at];
      out_[at++] = region;
      out |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) return out;
    }
  }

  void value(std::size_t at, std::size_t end, const FieldDescriptor& field,
             const std::string& path) {
    if (path == "header") {
      scan(at, end, *wire::MessageHeader::descriptor(), "header.");
    } else if (field.message_type() != nullptr) {
      scan(at, end, *field.message_type(), path + ".");
    } else {
      for (; at < end; ++at) out_[at] = path;
    }
  }

  ByteView bytes_;
  std::vector<std::string>& out_;
};

struct Allowed {
  std::string_view region;          ///< or the beginning of one
  std::vector<std::string> sealed;  ///< under a seal or a reply key, whose aad the header is
  std::vector<std::string> clear;
};

// "accepted" is never among them but for the sender's software in a clear wrapper, which nothing
// protects and nobody reads.
const std::vector<Allowed>& table() {
  static const std::vector<Allowed> rows = {
      {"header.version",
       {"versionTooOld", "versionTooNew", "badMessageHeader"},
       {"versionTooOld", "versionTooNew", "badMessageHeader"}},
      {"header.date_ms",
       {"messageTooOld", "messageTooNew", "badMessageHeader", "signatureFailure"},
       {"messageTooOld", "messageTooNew", "badMessageHeader", "wrapperMsgMismatch"}},
      {"header.message_type",
       {"messageNotSupported", "badMessageHeader", "signatureFailure"},
       {"messageNotSupported", "badMessageHeader"}},
      {"header.rrpid",
       {"signatureFailure", "unknownRRPID"},
       {"wrapperMsgMismatch", "unknownRRPID"}},
      {"header.sw_ident",
       {"signatureFailure", "badMessageHeader"},
       {"accepted", "badMessageHeader"}},
      {"header.framing",
       {"badMessageHeader", "versionTooOld", "versionTooNew"},
       {"badMessageHeader", "versionTooOld", "versionTooNew"}},
      {"sealed.recipient", {"invalidCertificate"}, {}},
      {"sealed.framing", {"decodingFailure", "invalidCertificate", "signatureFailure"}, {}},
      {"sealed.", {"signatureFailure"}, {}},
      {"reply.framing", {"decodingFailure", "signatureFailure"}, {}},
      {"reply.", {"signatureFailure"}, {}},
      {"clear.signed_statement.content_type", {}, {"wrapperMsgMismatch", "decodingFailure"}},
      {"clear.signed_statement.signer", {}, {"missingCertificate"}},
      {"clear.signed_statement.form", {}, {"decodingFailure"}},
      {"clear.signed_statement.framing",
       {},
       {"decodingFailure", "signatureFailure", "wrapperMsgMismatch", "missingCertificate"}},
      {"clear.signed_statement.", {}, {"signatureFailure"}},
      {"clear.unsigned_statement.content_type", {}, {"wrapperMsgMismatch", "decodingFailure"}},
      // Another request, as good as this one; but then the answer is to another than ours.
      {"clear.unsigned_statement.content",
       {},
       {"decodingFailure", "wrapperMsgMismatch", "versionTooOld", "versionTooNew",
        "messageNotSupported", "unrecognizedExtension"}},
      {"clear.unsigned_statement.framing", {}, {"decodingFailure", "wrapperMsgMismatch"}},
      {"clear.bag.",
       {},
       {"invalidCertificate", "missingCertificate", "expiredCertificate", "decodingFailure"}},
      {"clear.framing",
       {},
       {"decodingFailure", "signatureRequired", "missingCertificate", "signatureFailure"}},
      {"framing",
       {"decodingFailure", "badMessageHeader", "versionTooOld", "signatureFailure",
        "invalidCertificate"},
       {"decodingFailure", "badMessageHeader", "versionTooOld", "signatureRequired",
        "wrapperMsgMismatch"}},
  };
  return rows;
}

}  // namespace

std::vector<std::string> regions_of(ByteView wrapper) {
  std::vector<std::string> out(wrapper.size());
  Scanner(wrapper, out).scan(0, wrapper.size(), *wire::MessageWrapper::descriptor(), "");
  return out;
}

const std::vector<std::string>& words_for(const std::string& region, const TreatmentInfo& info) {
  for (const auto& row : table()) {
    if (!region.starts_with(row.region)) continue;
    return info.protection == Protection::clear ? row.clear : row.sealed;
  }
  throw std::runtime_error("no words for " + region);
}

}  // namespace set::flow
