// A flipped bit anywhere in any message is refused with one of the codes that belong to its place,
// and changes nothing.
#include <catch2/catch_test_macros.hpp>

#include <iostream>
#include <map>
#include <thread>

#include "tests/flow/byte_regions.h"
#include "tests/flow/log_capture.h"
#include "tests/flow/stage.h"

using namespace set;
using namespace set::flow;

namespace {

constexpr std::size_t kEveryByte = 8 * 1024;  // messages up to here are flipped at every byte
constexpr std::size_t kStride = 24;           // inside the ciphertext of greater ones
constexpr int kThreads = 12;                  // a cryptographic no takes 10 ms, most of them asleep

struct Flip {
  std::size_t at;
  unsigned bit;
};

/// The values that are long and all of one kind.
bool is_bulk(const std::string& region) {
  return region == "sealed.body" || region == "sealed.account" || region == "reply.ciphertext" ||
         region == "clear.bag.certificates";
}

/// Every bit of framing, header and recipient; one bit of every other byte, or of every 24th.
std::vector<Flip> flips_of(ByteView message, const std::vector<std::string>& regions) {
  std::vector<Flip> out;
  for (std::size_t at = 0; at < message.size(); ++at) {
    const auto& region = regions[at];
    const bool few = region.find("framing") != std::string::npos || region.starts_with("header.");
    if (few) {
      for (unsigned bit = 0; bit < 8; ++bit) out.push_back({at, bit});
    } else if (message.size() <= kEveryByte || !is_bulk(region) || at % kStride == 0) {
      out.push_back({at, static_cast<unsigned>(at % 8)});
    }
  }
  return out;
}

Bytes flipped(ByteView message, const Flip& flip) {
  auto out = bytes_of(message);
  out[flip.at] = static_cast<std::uint8_t>(out[flip.at] ^ (1U << flip.bit));
  return out;
}

/// Tries all, by many threads; tells what was answered that may not be.
class Attack {
 public:
  Attack(Bytes message, const TreatmentInfo& info)
      : message_(std::move(message)),
        info_(info),
        regions_(regions_of(message_)),
        flips_(flips_of(message_, regions_)),
        words_(flips_.size()) {}

  void run(const std::function<Word(const Bytes&)>& deliver) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (auto n = next++; n < flips_.size(); n = next++) words_[n] = try_one(deliver, n);
      });
    }
  }

  std::size_t flips() const { return flips_.size(); }
  std::string wrong() const {
    std::map<std::string, int> out;
    for (std::size_t i = 0; i < flips_.size(); ++i) {
      const auto& region = regions_[flips_[i].at];
      const auto& allowed = words_for(region, info_);
      if (std::ranges::find(allowed, words_[i]) == allowed.end()) ++out[region + ": " + words_[i]];
    }
    std::string text;
    for (const auto& [what, count] : out) text += what + " (" + std::to_string(count) + " times)\n";
    return text;
  }
  void print() const {
    std::map<Word, int> counts;
    for (const auto& word : words_) ++counts[word];
    std::cout << to_string(info_.type) << ": " << message_.size() << " bytes, " << flips_.size()
              << " flips:";
    for (const auto& [word, count] : counts) std::cout << " " << word << " " << count;
    std::cout << "\n";
  }

 private:
  Word try_one(const std::function<Word(const Bytes&)>& deliver, std::size_t n) const {
    try {
      return deliver(flipped(message_, flips_[n]));
    } catch (const std::exception& e) {
      return std::string("thrown: ") + e.what();
    }
  }

  Bytes message_;
  TreatmentInfo info_;
  std::vector<std::string> regions_;
  std::vector<Flip> flips_;
  std::vector<Word> words_;
};

// What nobody signs and nothing seals cannot be told from another request; but its answer then
// answers another request than ours, and the requester refuses it.
Word outcome_in_the_clear(Stage& stage, const Exchange& exchange, const Bytes& flipped_request) {
  auto forged = as_sent(exchange);
  forged.wire = flipped_request;
  const auto delivered = stage.deliver(exchange.request.type, forged.wire);
  if (!delivered.status.ok()) return "decodingFailure";
  const auto error = error_word(delivered.answer, std::nullopt, *exchange.receiver);
  return error ? *error : word_of(exchange.accept(delivered.answer));
}

void flip_request(Stage& stage, Pair pair) {
  const auto exchange = stage.begin(pair);
  const bool open = exchange.request.signer == SignedBy::nobody &&
                    exchange.request.protection == Protection::clear;
  const auto door = exchange.request.type;
  Attack attack(exchange.sent->wire, exchange.request);
  const auto before = stage.digest_of_database(door);
  LogCapture log;
  std::atomic<std::size_t> unparsed = 0;
  attack.run([&](const Bytes& bytes) {
    if (open) return outcome_in_the_clear(stage, exchange, bytes);
    auto forged = as_sent(exchange);
    forged.wire = bytes;
    wire::MessageWrapper wrapper;
    if (!wrapper.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) ++unparsed;
    return stage.outcome(exchange, forged);
  });
  attack.print();
  CHECK(attack.wrong() == "");
  if (open) return;
  CHECK(stage.digest_of_database(door) == before);
  // What gRPC cannot parse never reaches us; of all the rest there is one line each.
  const auto written = log.take();
  CHECK(lines_with(written, "message refused") == attack.flips() - unparsed);
  CHECK(lines_in(written) == attack.flips() - unparsed);
  CHECK(stage.outcome(exchange, as_sent(exchange)) == kAccepted);  // it was good all the time
}

void flip_answer(Stage& stage, Pair pair) {
  const auto exchange = stage.begin(pair);
  const auto answer = stage.answer(exchange);
  Attack attack(answer, exchange.answer);
  attack.run([&](const Bytes& bytes) { return word_of(exchange.accept(bytes)); });
  attack.print();
  CHECK(attack.wrong() == "");
  CHECK(word_of(exchange.accept(answer)) == kAccepted);
}

void flip_pair(Pair pair) {
  Stage stage;
  flip_request(stage, pair);
  flip_answer(stage, pair);
}

}  // namespace

TEST_CASE("a flipped bit anywhere in CardCInitReq or CardCInitRes is refused") {
  flip_pair(Pair::card_c_init);
}
TEST_CASE("a flipped bit anywhere in RegFormReq or RegFormRes is refused") {
  flip_pair(Pair::reg_form);
}
TEST_CASE("a flipped bit anywhere in a cardholder's CertReq or CertRes is refused") {
  flip_pair(Pair::card_cert);
}
TEST_CASE("a flipped bit anywhere in CertInqReq or CertInqRes is refused") {
  flip_pair(Pair::card_cert_inq);
}
TEST_CASE("a flipped bit anywhere in Me-AqCInitReq or Me-AqCInitRes is refused") {
  flip_pair(Pair::me_aq_c_init);
}
TEST_CASE("a flipped bit anywhere in a merchant's CertReq or CertRes is refused") {
  flip_pair(Pair::party_cert);
}
TEST_CASE("a flipped bit anywhere in PInitReq or PInitRes is refused") { flip_pair(Pair::pinit); }
TEST_CASE("a flipped bit anywhere in PReq or PRes is refused") { flip_pair(Pair::preq); }
TEST_CASE("a flipped bit anywhere in InqReq or InqRes is refused") { flip_pair(Pair::inq); }
TEST_CASE("a flipped bit anywhere in AuthReq or AuthRes is refused") { flip_pair(Pair::auth); }
TEST_CASE("a flipped bit anywhere in PCertReq or PCertRes is refused") { flip_pair(Pair::pcert); }
TEST_CASE("a flipped bit anywhere in CapReq or CapRes is refused") { flip_pair(Pair::cap); }
TEST_CASE("a flipped bit anywhere in CredReq or CredRes is refused") { flip_pair(Pair::cred); }
TEST_CASE("a flipped bit anywhere in CapRevReq or CapRevRes is refused") {
  flip_pair(Pair::cap_rev);
}
TEST_CASE("a flipped bit anywhere in CredRevReq or CredRevRes is refused") {
  flip_pair(Pair::cred_rev);
}
TEST_CASE("a flipped bit anywhere in AuthRevReq or AuthRevRes is refused") {
  flip_pair(Pair::auth_rev);
}
TEST_CASE("a flipped bit anywhere in BatchAdminReq or BatchAdminRes is refused") {
  flip_pair(Pair::batch_admin);
}

TEST_CASE("an AuthRes that was changed on the line leaves the merchant's order open") {
  Stage stage;
  const auto order = stage.preq(stage.cardholder());
  stage.change_gateway_answers([](wire::MessageWrapper& answer) {
    auto& text = *answer.mutable_reply()->mutable_ciphertext();
    text[text.size() / 2] = static_cast<char>(text[text.size() / 2] ^ 4);
  });
  LogCapture log;
  CHECK(word_of(order.accept(stage.answer(order))) == "orderReceived");
  CHECK(lines_with(log.take(), "not answered") == 1);
  stage.change_gateway_answers({});
  const auto inquiry = stage.inquiry(order, stage.cardholder());
  CHECK(word_of(inquiry.accept(stage.answer(inquiry))) == "orderReceived");
}
