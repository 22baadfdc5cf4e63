#include "ca/ceremony_record.h"

#include <algorithm>
#include <sstream>

#include "common/crypto/digest.h"
#include "common/daemon/files.h"

namespace set::ca {
namespace {

namespace fs = std::filesystem;
using RecordJson = nlohmann::json;

constexpr const char* kRecordFile = "ceremony.log";
constexpr std::string_view kRecordLabel = "SET/2 ceremony record";
constexpr std::uint8_t kLabelEnd = 0;
constexpr std::size_t kMaxRecordBytes = 16 << 20;

Bytes record_input(std::string_view body) {
  return concat({view_of(kRecordLabel), ByteView(&kLabelEnd, 1), view_of(body)});
}

/// The lines of the file, and the digest that the next one carries.
struct RecordBook {
  std::vector<CeremonyRecord> records;
  std::string head;  ///< SHA-256 over the last line, hex; empty before the first
};

tl::unexpected<Error> unfit(const fs::path& path, std::size_t line, const char* why) {
  return failure(ErrorCode::verification_failed,
                 path.string() + ", line " + std::to_string(line) + ": " + why);
}

Result<CeremonyRecord> read_line(const std::string& text, const RecordBook& before,
                                 std::span<const Certificate> roots, const fs::path& path) {
  const auto number = before.records.size() + 1;
  const auto line = RecordJson::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool formed = line.is_object() && line.contains("body") && line["body"].is_string() &&
                      line.contains("signature") && line["signature"].is_string();
  if (!formed) return unfit(path, number, "it is no record");
  const auto body_text = line["body"].get<std::string>();
  const auto signature = from_hex(line["signature"].get<std::string>());
  const auto input = record_input(body_text);
  const bool good = signature && std::ranges::any_of(roots, [&](const Certificate& root) {
    return verify_signature(root.public_key(), input, *signature).has_value();
  });
  if (!good) return unfit(path, number, "no root here has signed it");
  const auto body = RecordJson::parse(body_text, nullptr, /*allow_exceptions=*/false);
  const bool fits = body.is_object() && body.value("number", RecordJson()) == number &&
                    body.value("before", RecordJson()) == before.head &&
                    body.value("at_ms", RecordJson()).is_number_integer() &&
                    body.value("verb", RecordJson()).is_string() && body.contains("signed");
  if (!fits) return unfit(path, number, "it does not follow the line before it");
  return CeremonyRecord{number, from_millis(body["at_ms"].get<std::int64_t>()),
                        body["verb"].get<std::string>(), body["signed"]};
}

Result<RecordBook> read_book(const fs::path& path, std::span<const Certificate> roots) {
  RecordBook book;
  std::error_code error;
  if (!fs::exists(path, error)) return book;
  std::istringstream text(TRY(read_text_file(path, kMaxRecordBytes)));
  for (std::string line; std::getline(text, line);) {
    book.records.push_back(TRY(read_line(line, book, roots, path)));
    book.head = thumbprint_of(view_of(line)).hex();
  }
  return book;
}

}  // namespace

Result<void> append_record(const fs::path& directory, const std::string& verb,
                           const nlohmann::json& signed_things, const Authority& root,
                           std::span<const Certificate> roots, Instant now) {
  const auto path = directory / kRecordFile;
  const auto book = TRY(read_book(path, roots));
  const std::string body = RecordJson{{"number", book.records.size() + 1},
                                      {"before", book.head},
                                      {"at_ms", to_millis(now)},
                                      {"verb", verb},
                                      {"signed", signed_things}}
                               .dump();
  const auto signature = TRY(root.key.sign(record_input(body)));
  const std::string line =
      RecordJson{{"body", body}, {"signature", to_hex(signature)}}.dump() + "\n";
  // Written as a whole, so that a crash leaves no half line.
  auto text = fs::exists(path) ? TRY(read_text_file(path, kMaxRecordBytes)) : std::string();
  return write_file_atomically(path, std::string_view(text += line));
}

Result<std::vector<CeremonyRecord>> read_records(const fs::path& directory,
                                                 std::span<const Certificate> roots) {
  return TRY(read_book(directory / kRecordFile, roots)).records;
}

}  // namespace set::ca
