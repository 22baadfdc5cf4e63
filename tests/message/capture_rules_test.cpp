// Rules between the fields of capture, credit, reversal and batch messages, and of the mandate.
#include <string>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include "common/message/dual_signature.h"
#include "common/message/treatment.h"
#include "tests/message/field_rules.h"

namespace set {
namespace {

using test::Change;
using test::check_accepted;
using test::check_refused;

TEST_CASE("a mandate is of 2 to 360 charges, or recurs every 1 to 366 days") {
  check_refused<InstallRecurData>(GENERATE(values<Change<wire::InstallRecurData>>({
      {"one charge", [](auto& m) { m.set_install_total_trans(1); }},
      {"none", [](auto& m) { m.set_install_total_trans(0); }},
      {"361", [](auto& m) { m.set_install_total_trans(361); }},
      {"no terms", [](auto& m) { m.clear_terms(); }},
      {"every 0 days", [](auto& m) { m.mutable_recurring()->set_recurring_frequency(0); }, 1},
      {"every 367 days", [](auto& m) { m.mutable_recurring()->set_recurring_frequency(367); }, 1},
      {"without an end", [](auto& m) { m.mutable_recurring()->clear_recurring_expiry_ms(); }, 1},
      {"without a limit", [](auto& m) { m.clear_max_amt(); }, 1},
  })));
  check_accepted<InstallRecurData>(GENERATE(values<Change<wire::InstallRecurData>>({
      {"two", [](auto& m) { m.set_install_total_trans(2); }},
      {"360", [](auto& m) { m.set_install_total_trans(360); }},
      {"yearly", [](auto& m) { m.mutable_recurring()->set_recurring_frequency(366); }, 1},
  })));
}

TEST_CASE("one charge of a mandate is no more than all of them, in one currency") {
  const auto too_much = [](auto& m) {
    m.mutable_install_recur_data()->mutable_max_amt()->set_amount(901);
  };
  const auto dollars = [](auto& m) {
    m.mutable_install_recur_data()->mutable_max_amt()->set_currency(840);
  };
  check_refused<PInitRes>(Change<wire::PInitResData>{"too much", too_much});
  check_refused<PInitRes>(Change<wire::PInitResData>{"dollars", dollars});
  check_refused<PIHead>(Change<wire::PIHead>{"too much", too_much});
  check_refused<PIHead>(Change<wire::PIHead>{"dollars", dollars});
  check_refused<PReq>(Change<wire::PITBS>{"too much", too_much, 1});
  check_refused<PReq>(Change<wire::PITBS>{"dollars", dollars, 1});
}

TEST_CASE("a mandate changes HOD in each of its parts") {
  const auto data = test::samples<InstallRecurData>()[1];
  HODInput input{"tea", test::amount("9.00 EUR"), test::id_of<ODSalt>(0x32), data};
  const auto signed_hod = hod_of(input);
  input.install_recur.reset();
  CHECK(hod_of(input) != signed_hod);
  input.install_recur = InstallRecurData{InstallTotalTrans{28}, data.max_amt};
  CHECK(hod_of(input) != signed_hod);
  input.install_recur = InstallRecurData{data.terms, test::amount("8.99 EUR")};
  CHECK(hod_of(input) != signed_hod);
  input.install_recur = data;
  std::get<Recurring>(input.install_recur->terms).frequency_days = 27;
  CHECK(hod_of(input) != signed_hod);
  input.install_recur = data;
  std::get<Recurring>(input.install_recur->terms).expiry += Duration(1);
  CHECK(hod_of(input) != signed_hod);
  input.install_recur = data;
  CHECK(hod_of(input) == signed_hod);
}

TEST_CASE("a conversion rate has one spelling and a currency that we know") {
  check_refused<CurrConv>(GENERATE(values<Change<wire::CurrConv>>({
      {"zero", [](auto& m) { m.set_rate(0); }},
      {"negative", [](auto& m) { m.set_rate(-1); }},
      {"too large", [](auto& m) { m.set_rate(1'000'000'000'001); }},
      {"digits to spare", [](auto& m) { m.set_rate(1'084'300); }},
      {"ten digits", [](auto& m) { m.set_rate_digits(10); }},
      {"no currency", [](auto& m) { m.set_card_curr(999); }},
  })));
}

TEST_CASE("a reversal that was not approved leaves the amount alone") {
  check_refused<AuthRevRes>(GENERATE(values<Change<wire::AuthRevResData>>({
      {"refused with an amount", [](auto& m) { m.set_auth_rev_code(2); }},
      {"code zero", [](auto& m) { m.set_auth_rev_code(0); }},
      {"code after the last", [](auto& m) { m.set_auth_rev_code(11); }},
  })));
  check_accepted<AuthRevRes>(
      Change<wire::AuthRevResData>{"cancelled", [](auto& m) { m.clear_auth_new_amt(); }});
}

TEST_CASE("a CapReq has 1 to 64 items, each of another authorisation") {
  const auto fill = [](wire::CapReqData& m, int count) {
    while (m.items_size() < count) {
      auto& item = *m.add_items() = m.items(0);
      item.set_auth_rrpid(std::string(19, 'r') + static_cast<char>(m.items_size()));
    }
  };
  check_refused<CapReq>(GENERATE_COPY(values<Change<wire::CapReqData>>({
      {"none", [](auto& m) { m.clear_items(); }},
      {"65", [=](auto& m) { fill(m, 65); }},
      {"one twice", [](auto& m) { *m.add_items() = m.items(0); }},
      {"one twice, other amounts",
       [](auto& m) {
         auto& item = *m.add_items() = m.items(0);
         item.mutable_payload()->mutable_cap_req_amt()->set_amount(1);
       }},
      {"no payload", [](auto& m) { m.mutable_items(0)->clear_payload(); }},
      {"no TransIDs", [](auto& m) { m.mutable_items(0)->clear_trans_ids(); }},
  })));
  check_accepted<CapReq>(Change<wire::CapReqData>{"64", [=](auto& m) { fill(m, 64); }});
}

TEST_CASE("a CapRes has an amount for what was captured, and for nothing else") {
  check_refused<CapRes>(GENERATE(values<Change<wire::CapResData>>({
      {"none", [](auto& m) { m.clear_items(); }},
      {"success, no amount",
       [](auto& m) { m.mutable_items(0)->mutable_payload()->clear_cap_amt(); }},
      {"failure, amount", [](auto& m) { m.mutable_items(0)->mutable_payload()->set_cap_code(13); }},
      {"code after the last",
       [](auto& m) { m.mutable_items(1)->mutable_payload()->set_cap_code(14); }},
      {"one answered twice", [](auto& m) { *m.add_items() = m.items(1); }},
      {"one batch twice", [](auto& m) { *m.add_batch_status_seq() = m.batch_status_seq(0); }},
  })));
}

TEST_CASE("there is one CapToken for each item, which may be empty") {
  const auto bytes = serialize(to_wire(test::samples<CapTokenSeq>()[0]));
  const auto tokens = open_cap_token_seq(bytes, 3);
  REQUIRE(tokens);
  CHECK(*tokens == test::samples<CapTokenSeq>()[0].cap_tokens);
  for (const std::size_t items : {0U, 1U, 2U, 4U}) {
    CHECK(open_cap_token_seq(bytes, items).error().code == ErrorCode::decoding_failure);
  }
  CHECK_FALSE(open_cap_token_seq({}, 0));
}

TEST_CASE("a PI is either signed or an AuthToken") {
  const Bytes token(60, 0x53);
  CHECK(open_token_pi(make_token_pi(token)).value() == token);
  wire::PI signed_pi;
  signed_pi.mutable_pi_tbs()->set_form(1);
  CHECK(open_token_pi(serialize(signed_pi)).value().empty());
  signed_pi.set_auth_token("too");
  CHECK(open_token_pi(serialize(signed_pi)).error().code == ErrorCode::decoding_failure);
  CHECK(open_token_pi({}).error().code == ErrorCode::decoding_failure);
  CHECK(open_token_pi(make_token_pi(Bytes(4097, 1))).error().code == ErrorCode::decoding_failure);
}

template <class T>
bool accepted(const typename Treatment<T>::Wire& message) {
  const auto result = Treatment<T>::from(message);
  if (!result) CHECK(result.error().code == ErrorCode::decoding_failure);
  return result.has_value();
}

TEST_CASE("a reversal names what it undoes, a credit undoes nothing") {
  const auto reversal = to_wire(test::samples<CapRevOrCredReq>()[0]);
  const auto credit = to_wire(test::samples<CapRevOrCredReq>()[1]);
  CHECK(accepted<CapRevReq>(reversal));
  CHECK(accepted<CredRevReq>(reversal));
  CHECK_FALSE(accepted<CredReq>(reversal));
  CHECK(accepted<CredReq>(credit));
  CHECK_FALSE(accepted<CapRevReq>(credit));
  CHECK_FALSE(accepted<CredRevReq>(credit));
  auto mixed = reversal;
  mixed.mutable_items(1)->clear_reversed_rrpid();
  CHECK_FALSE(accepted<CapRevReq>(mixed));
  CHECK_FALSE(accepted<CredReq>(mixed));

  const auto reversed = to_wire(test::samples<CapRevOrCredRes>()[0]);
  const auto credited = to_wire(test::samples<CapRevOrCredRes>()[1]);
  CHECK(accepted<CapRevRes>(reversed));
  CHECK(accepted<CredRevRes>(reversed));
  CHECK_FALSE(accepted<CredRes>(reversed));
  CHECK(accepted<CredRes>(credited));
  CHECK_FALSE(accepted<CapRevRes>(credited));
  CHECK_FALSE(accepted<CredRevRes>(credited));
}

TEST_CASE("one thing is credited or reversed once in a message") {
  check_refused<CapRevOrCredReq>(GENERATE(values<Change<wire::CapRevOrCredReqData>>({
      {"none", [](auto& m) { m.clear_items(); }},
      {"one twice", [](auto& m) { *m.add_items() = m.items(0); }},
      {"credited twice", [](auto& m) { *m.add_items() = m.items(0); }, 1},
      {"zero", [](auto& m) { m.mutable_items(0)->mutable_amt()->set_amount(0); }},
  })));
  check_refused<CapRevOrCredRes>(GENERATE(values<Change<wire::CapRevOrCredResData>>({
      {"none", [](auto& m) { m.clear_items(); }},
      {"one twice", [](auto& m) { *m.add_items() = m.items(0); }},
      {"success, no amount", [](auto& m) { m.mutable_items(0)->clear_actual_amt(); }},
      {"failure, amount", [](auto& m) { m.mutable_items(0)->set_cap_rev_or_cred_code(2); }},
      {"code after the last", [](auto& m) { m.mutable_items(1)->set_cap_rev_or_cred_code(11); }},
  })));
}

TEST_CASE("totals of a batch ascend by currency, each with its count") {
  check_refused<BatchStatus>(GENERATE(values<Change<wire::BatchStatus>>({
      {"a currency twice", [](auto& m) { *m.add_totals() = m.totals(1); }},
      {"another order", [](auto& m) { m.mutable_totals()->SwapElements(0, 1); }},
      {"a count, no total", [](auto& m) { m.mutable_totals(1)->clear_credit_total(); }},
      {"a total, no count", [](auto& m) { m.mutable_totals(1)->clear_debit_count(); }},
      {"another currency", [](auto& m) { m.mutable_totals(1)->set_currency(840); }},
      {"nothing",
       [](auto& m) {
         m.mutable_totals(0)->clear_debit_count();
         m.mutable_totals(0)->clear_debit_total();
       }},
      {"closed by nobody", [](auto& m) { m.mutable_closed_when()->set_closed_by(3); }},
      {"no name", [](auto& m) { m.clear_batch_id(); }},
  })));
}

TEST_CASE("a BatchAdminReq asks for something, and names the batch it ends or reconciles") {
  check_refused<BatchAdminReq>(GENERATE(values<Change<wire::BatchAdminReqData>>({
      {"nothing asked", [](auto& m) { m.clear_return_batch_summary_ind(); }, 1},
      {"close, no name", [](auto& m) { m.clear_batch_id(); }},
      {"purge, no name", [](auto& m) { m.set_batch_operation(2); }, 1},
      {"another batch's totals", [](auto& m) { m.mutable_batch_status()->set_batch_id("other"); }},
      {"reconcile, no name", [](auto& m) { m.mutable_trans_details()->set_next_starting_point(1); },
       1},
      {"operation after the last", [](auto& m) { m.set_batch_operation(4); }},
      {"a page of none",
       [](auto& m) { m.mutable_return_transaction_detail()->set_maximum_items(0); }},
      {"a page of 65",
       [](auto& m) { m.mutable_return_transaction_detail()->set_maximum_items(65); }},
      {"33 brands",
       [](auto& m) {
         while (m.brands_and_bins_size() < 33) *m.add_brands_and_bins() = m.brands_and_bins(0);
       }},
  })));
  check_accepted<BatchAdminReq>(GENERATE(values<Change<wire::BatchAdminReqData>>({
      {"open, no name", [](auto& m) { m.set_batch_operation(1); }, 1},
      {"a page of the open one",
       [](auto& m) {
         m.clear_return_batch_summary_ind();
         m.mutable_return_transaction_detail()->set_maximum_items(64);
       },
       1},
  })));
}

TEST_CASE("a BatchAdminRes tells of the batch that it names") {
  check_refused<BatchAdminRes>(GENERATE(values<Change<wire::BatchAdminResData>>({
      {"success, no name",
       [](auto& m) {
         m.clear_batch_id();
         m.clear_batch_status();
       }},
      {"another batch's totals", [](auto& m) { m.set_batch_id("other"); }},
      {"code zero", [](auto& m) { m.set_ba_status(0); }},
      {"code after the last", [](auto& m) { m.set_ba_status(13); }},
      {"TransmissionStatus after the last", [](auto& m) { m.set_transmission_status(6); }},
      {"a settlement twice", [](auto& m) { *m.add_settlement_info() = m.settlement_info(1); }},
      {"settlements in another order",
       [](auto& m) { m.mutable_settlement_info()->SwapElements(0, 1); }},
      {"65 items",
       [](auto& m) {
         while (m.trans_details().items_size() < 65) {
           *m.mutable_trans_details()->add_items() = m.trans_details().items(0);
         }
       }},
  })));
}

}  // namespace
}  // namespace set
