#include "common/daemon/evidence_command.h"

#include <fmt/format.h>

#include "common/daemon/files.h"
#include "common/daemon/options.h"

namespace set {
namespace {

constexpr std::size_t kMaxEvidenceBytes = std::size_t{256} << 20;

CLI::Option& add_what_to_export(CLI::App& command, EvidenceOptions& options) {
  command.add_option("--out", options.file, "File to write (default: standard output)")
      ->type_name(kNewFile);
  return *command.add_option("XID", options.xid, "The purchase, 40 hex digits");
}

}  // namespace

void add_evidence_verify(CLI::App& noun, EvidenceOptions& options) {
  auto& verify = *noun.add_subcommand(
      "verify", "Verifies a file of evidence offline, by the root's fingerprint alone");
  verify.callback([&options] { options.verify = true; });
  verify.add_option("FILE", options.file, "as `evidence export` or `receipt --export` wrote it")
      ->required()
      ->type_name(kFile);
  verify
      .add_option("--root-fingerprint", options.root_fingerprint,
                  "64 hex digits, as the CA gave them out")
      ->required();
}

void add_evidence(CLI::App& noun, EvidenceOptions& options) {
  noun.require_subcommand(0, 1);
  add_what_to_export(noun, options);
  auto& verb = *noun.add_subcommand(
      "export", "A file that anybody can verify with `evidence verify`; also without this word");
  add_what_to_export(verb, options).required();
  add_evidence_verify(noun, options);
  noun.callback([&options] {
    if (!options.verify && options.xid.empty())
      throw CLI::RequiredError("evidence: an XID, or verify FILE");
  });
}

Result<void> put_evidence(const std::filesystem::path& file, std::string_view text) {
  if (!file.empty()) return write_file_atomically(file, text, 0600);
  fmt::print("{}", text);
  return {};
}

Result<void> write_evidence_file(Database& database, const EvidenceOptions& options,
                                 std::string_view role, const std::filesystem::path& directory) {
  const auto bytes = from_hex(options.xid);
  const auto xid = bytes ? XID::parse(ByteView(*bytes)) : failure(ErrorCode::invalid_argument, "");
  CHECK_OR_FAIL(xid, ErrorCode::invalid_argument, "an XID has 40 hex digits");
  const auto pem = TRY(read_text_file(directory / "trust.pem"));
  const auto trust = TRY(Trust::parse(pem, "", system_clock()()));
  const auto evidence = TRY(statements::evidence_of(database, *xid, role, trust));
  return put_evidence(options.file, TRY(write_evidence(evidence)));
}

Result<void> verify_evidence_file(const EvidenceOptions& options, bool json) {
  const auto bytes = TRY(read_file(options.file, kMaxEvidenceBytes));
  const auto verdict = TRY(verify_evidence(string_of(bytes), options.root_fingerprint));
  fmt::print("{}\n", json ? verdict_json(verdict) : verdict_text(verdict));
  return {};
}

}  // namespace set
