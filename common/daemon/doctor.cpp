#include "common/daemon/doctor.h"

#include <algorithm>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "common/daemon/terminal.h"

namespace set {
namespace {

using Json = nlohmann::ordered_json;

std::string_view word(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::good:
      return "ok";
    case Finding::Kind::note:
      return "note";
    case Finding::Kind::bad:
      return "bad";
  }
  return "";
}

Colour colour_of(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::good:
      return Colour::green;
    case Finding::Kind::note:
      return Colour::yellow;
    case Finding::Kind::bad:
      return Colour::red;
  }
  return Colour::yellow;
}

bool is_bad(const Finding& finding) { return finding.kind == Finding::Kind::bad; }

// Names in certificates are another's words: a terminal must not be steered by them.
std::string harmless(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return out;
}

}  // namespace

void Examination::good(std::string about, std::string says) {
  findings_.push_back(
      {Finding::Kind::good, std::move(about), std::move(says), "", ErrorCode::internal});
}

void Examination::note(std::string about, std::string says) {
  findings_.push_back(
      {Finding::Kind::note, std::move(about), std::move(says), "", ErrorCode::internal});
}

void Examination::bad(std::string about, const Error& error, std::string fix) {
  findings_.push_back(
      {Finding::Kind::bad, std::move(about), error.detail, std::move(fix), error.code});
}

void Examination::check(const std::string& about, const Result<void>& result, std::string says,
                        std::string fix) {
  if (result) return good(about, std::move(says));
  bad(about, result.error(), std::move(fix));
}

bool Examination::all_good() const { return std::ranges::none_of(findings_, is_bad); }

Result<void> Examination::report(bool json) const {
  const auto text = json ? json_of(*this) + "\n" : text_of(*this, stdout);
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  const auto first = std::ranges::find_if(findings_, is_bad);
  if (first == findings_.end()) return {};
  const auto count = std::ranges::count_if(findings_, is_bad);
  return failure(first->code, first->about + ": " + first->says +
                                  (count > 1 ? " (first of " + std::to_string(count) + ")" : ""));
}

std::string text_of(const Examination& examination, std::FILE* stream) {
  std::string out;
  for (const auto& finding : examination.findings()) {
    std::string line(word(finding.kind));
    line.resize(6, ' ');
    if (stream != nullptr) line = coloured(line, colour_of(finding.kind), stream);
    out += line + harmless(finding.about) + ": " + harmless(finding.says) + "\n";
    if (!finding.fix.empty()) out += "      fix: " + harmless(finding.fix) + "\n";
  }
  return out;
}

std::string json_of(const Examination& examination) {
  auto findings = Json::array();
  for (const auto& finding : examination.findings()) {
    Json one{{"result", word(finding.kind)}, {"about", finding.about}, {"says", finding.says}};
    if (is_bad(finding)) {
      one["code"] = to_string(finding.code);
      one["fix"] = finding.fix;
    }
    findings.push_back(std::move(one));
  }
  const Json document{{"ok", examination.all_good()}, {"findings", std::move(findings)}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace set
