// Each field of each message, changed by the one who may sign it, is answered as field_table_*.cpp
// say; whatever is an Error leaves the receiver's database as it was and one line in its log.
#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <set>

#include "tests/flow/field_table.h"
#include "tests/flow/log_capture.h"
#include "tests/flow/mutation.h"
#include "tests/flow/parts.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

bool is_wildcard(const FieldRow& row) { return row.path.ends_with(".*"); }

/// The row of this path: its own, or the one that stands for all below a message that is not there.
const FieldRow* find_row(const Table& table, const std::string& path) {
  const auto own = std::ranges::find(table, path, &FieldRow::path);
  if (own != table.end()) return &*own;
  for (const auto& row : table) {
    if (is_wildcard(row) && path.starts_with(row.path.substr(0, row.path.size() - 1))) return &row;
  }
  return nullptr;
}

const char* cell(const FieldRow& row, Mutation mutation) {
  switch (mutation) {
    case Mutation::flip:
      return row.flip;
    case Mutation::absent:
      return row.absent;
    case Mutation::longest:
      return row.longest;
    case Mutation::extra:
      return row.extra;
    case Mutation::other:
      break;
  }
  return row.other;
}

/// SET's Error codes, and no result code.
bool is_error(const Word& word) {
  for (int code = 1; code <= 22; ++code) {
    if (word == to_string(static_cast<ErrorCode>(code))) return true;
  }
  return false;
}

Setting others() {
  return {.merchant_id = "shop-2",
          .gateway_id = "gateway-2",
          .amount = "12.34 EUR",
          .description = "a teapot",
          .late = std::chrono::milliseconds(1007)};
}

/// One message of a stage whose parts are changed one field at a time.
class Bench {
 public:
  Bench(Stage& stage, Pair pair) : stage_(stage), pair_(pair), fresh_(stage.begin(pair)) {}
  virtual ~Bench() = default;

  virtual const TreatmentInfo& info() const = 0;
  virtual std::vector<Part> parts() = 0;
  /// Delivers it and checks what must hold beside the word.
  virtual Word deliver(const Forged& forged) = 0;

 protected:
  Stage& stage_;
  Pair pair_;
  Exchange fresh_;
};

class RequestBench final : public Bench {
 public:
  using Bench::Bench;
  const TreatmentInfo& info() const override { return fresh_.request; }
  std::vector<Part> parts() override {
    if (used_) fresh_ = stage_.begin(pair_);
    used_ = false;
    return parts_of_request(fresh_);
  }
  Word deliver(const Forged& forged) override {
    const auto door = fresh_.request.type;
    const auto before = stage_.digest_of_database(door);
    log_.take();
    auto word = stage_.outcome(fresh_, forged);
    const auto log = log_.take();
    if (!is_error(word)) {
      used_ = true;  // something may have happened: the next change needs a fresh request
      stage_.forget_attempts();
      return word;
    }
    if (stage_.digest_of_database(door) != before) word += ", and the database is another";
    if (lines_in(log) != 1) word += ", and the log says:\n" + log;
    if (lines_with(log, "message refused") != 1) word += ", which no log line says";
    return word;
  }

 private:
  bool used_ = false;
  LogCapture log_;
};

class AnswerBench final : public Bench {
 public:
  AnswerBench(Stage& stage, Pair pair) : Bench(stage, pair), answer_(stage.answer(fresh_)) {}
  const TreatmentInfo& info() const override { return fresh_.answer; }
  std::vector<Part> parts() override { return parts_of_answer(fresh_, answer_); }
  Word deliver(const Forged& forged) override { return word_of(fresh_.accept(forged.wire)); }

 private:
  Bytes answer_;
};

struct Count {
  int fields = 0, changes = 0, free = 0;
};

void check_change(Bench& bench, std::size_t part, const FieldPath& path, Mutation mutation,
                  const char* expected, const Message& other, Count& count) {
  const auto current = bench.parts().at(part);
  const std::unique_ptr<Message> changed(current.value->New());
  changed->CopyFrom(*current.value);
  const bool applies = path.mutate(*changed, mutation, other);
  INFO(current.name << "." << path.text() << " " << name_of(mutation));
  if (std::string_view(expected) == say::none || !applies) {
    CHECK(std::string(applies ? "can be done" : say::none) == expected);
    return;
  }
  ++count.changes;
  if (std::string_view(expected) == kAccepted) ++count.free;
  CHECK(bench.deliver(current.forge(*changed)) == expected);
}

Count check_part(Bench& bench, std::size_t part, const Table& table, const Part& other) {
  Count count;
  std::set<std::string> used;
  for (const auto& path : paths_of(*other.value->GetDescriptor())) {
    const auto* row = find_row(table, path.text());
    INFO(other.name << "." << path.text());
    CHECK(row != nullptr);  // a new field needs a row
    if (row == nullptr) continue;
    used.insert(row->path);
    ++count.fields;
    for (const auto mutation : kMutations) {
      const auto* expected = cell(*row, mutation);
      const bool needs_reason = std::string_view(expected) == kAccepted;
      CHECK_FALSE((needs_reason && std::string_view(row->why).empty()));
      check_change(bench, part, path, mutation, expected, *other.value, count);
    }
  }
  for (const auto& row : table) {
    INFO("the table has a row for " << row.path);
    CHECK(used.contains(row.path));
  }
  return count;
}

void check_bench(Bench& bench, Bench& other, Pair pair) {
  const auto parts = bench.parts();
  const auto theirs = other.parts();
  Count total;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto table = field_table(bench.info().type, parts[i].name, pair != Pair::party_cert);
    const auto count = check_part(bench, i, table, theirs.at(i));
    total = {total.fields + count.fields, total.changes + count.changes, total.free + count.free};
  }
  std::cout << to_string(bench.info().type) << ": " << parts.size() << " parts, " << total.fields
            << " fields, " << total.changes << " changes, of which " << total.free << " are free\n";
}

void check_pair(Pair pair) {
  Stage stage;
  // Registration: another registration at the same CA. Purchase: other parties altogether.
  Stage other_stage(others());
  auto& theirs = at_ca(pair) ? stage : other_stage;
  {
    AnswerBench other(theirs, pair);
    AnswerBench bench(stage, pair);
    check_bench(bench, other, pair);
  }
  stage.pass(std::chrono::milliseconds(7));  // no two sessions of one millisecond
  class Theirs final : public Bench {
   public:
    using Bench::Bench;
    const TreatmentInfo& info() const override { return fresh_.request; }
    std::vector<Part> parts() override { return parts_of_request(fresh_); }
    Word deliver(const Forged&) override { return {}; }
  } other(theirs, pair);
  stage.pass(std::chrono::milliseconds(7));
  RequestBench bench(stage, pair);
  check_bench(bench, other, pair);
}

}  // namespace

TEST_CASE("each field of CardCInitReq and CardCInitRes is looked at") {
  check_pair(Pair::card_c_init);
}
TEST_CASE("each field of RegFormReq and RegFormRes is looked at") { check_pair(Pair::reg_form); }
TEST_CASE("each field of a cardholder's CertReq and CertRes is looked at") {
  check_pair(Pair::card_cert);
}
TEST_CASE("each field of CertInqReq and CertInqRes is looked at") {
  check_pair(Pair::card_cert_inq);
}
TEST_CASE("each field of Me-AqCInitReq and Me-AqCInitRes is looked at") {
  check_pair(Pair::me_aq_c_init);
}
TEST_CASE("each field of a merchant's CertReq and CertRes is looked at") {
  check_pair(Pair::party_cert);
}
TEST_CASE("each field of PInitReq and PInitRes is looked at") { check_pair(Pair::pinit); }
TEST_CASE("each field of PReq and PRes is looked at") { check_pair(Pair::preq); }
TEST_CASE("each field of InqReq and InqRes is looked at") { check_pair(Pair::inq); }
TEST_CASE("each field of AuthReq and AuthRes is looked at") { check_pair(Pair::auth); }
TEST_CASE("each field of PCertReq and PCertRes is looked at") { check_pair(Pair::pcert); }
TEST_CASE("each field of AuthRevReq and AuthRevRes is looked at") { check_pair(Pair::auth_rev); }
TEST_CASE("each field of CapReq and CapRes is looked at") { check_pair(Pair::cap); }
TEST_CASE("each field of CapRevReq and CapRevRes is looked at") { check_pair(Pair::cap_rev); }
TEST_CASE("each field of CredReq and CredRes is looked at") { check_pair(Pair::cred); }
TEST_CASE("each field of CredRevReq and CredRevRes is looked at") { check_pair(Pair::cred_rev); }
TEST_CASE("each field of BatchAdminReq and BatchAdminRes is looked at") {
  check_pair(Pair::batch_admin);
}
