#include "tests/flow/exchange.h"

namespace set::flow {
namespace {

Word word_of(const RegFormOrReferral& form) {
  return std::holds_alternative<RegFormData>(form) ? kAccepted : "referral";
}

Word word_of(PCertCode code) {
  switch (code) {
    case PCertCode::success:
      return kAccepted;
    case PCertCode::brand_not_supported:
      return "brandNotSupported";
    case PCertCode::unknown_bin:
      return "unknownBIN";
    case PCertCode::unspecified_failure:
      break;
  }
  return "unspecifiedFailure";
}

}  // namespace

Word word_of(const Result<Word>& result) {
  return result ? *result : Word(to_string(result.error().code));
}

Word word_of(const CardCInitRes&) { return kAccepted; }
Word word_of(const RegFormRes& message) { return word_of(message.form); }
Word word_of(const MeAqCInitRes& message) { return word_of(message.form); }
Word word_of(const CertRes& message) {
  const bool complete = message.status == CertStatusCode::request_complete;
  return complete ? Word(kAccepted) : Word(to_string(message.status));
}
Word word_of(const CertInqRes& message) { return word_of(message.state); }
Word word_of(const PInitRes&) { return kAccepted; }

Word word_of(const PRes& message) {
  if (message.payloads.empty()) return Word(to_string(message.completion_code));
  const auto code = message.payloads.front().auth_status.auth_code;
  return code == AuthCode::approved ? Word(kAccepted) : Word(to_string(code));
}
Word word_of(const InqRes& message) { return word_of(message.state); }

Word word_of(const AuthRes& message) {
  return message.auth_code == AuthCode::approved ? Word(kAccepted)
                                                 : Word(to_string(message.auth_code));
}

Word word_of(const PCertRes& message) { return word_of(message.items.front().code); }

Word word_of(const AuthRevRes& message) {
  const auto code = message.auth_rev_code;
  return code == AuthRevCode::approved ? Word(kAccepted) : Word(to_string(code));
}

// Two of its codes are named as SET's Errors are.
Word word_of(const CapRes& message) {
  const auto code = message.items.front().payload.cap_code;
  return code == CapCode::success ? Word(kAccepted) : "CapCode " + Word(to_string(code));
}

Word word_of(const CapRevOrCredRes& message) {
  const auto code = message.items.front().code;
  return code == CapRevOrCredCode::success ? Word(kAccepted) : Word(to_string(code));
}

Word word_of(const BatchAdminRes& message) {
  const auto status = message.ba_status;
  return status == BAStatus::success ? Word(kAccepted) : "BAStatus " + Word(to_string(status));
}

std::optional<Word> error_word(ByteView answer, const std::optional<ReplyKey>& key,
                               const Party& signer) {
  const auto wrapper = must(parse_wrapper(answer));
  const auto header = must(parse_as<wire::MessageHeader>(view_of(wrapper.header())));
  if (header.message_type() != wire::MESSAGE_TYPE_ERROR) return std::nullopt;
  wire::Body body = wrapper.clear();
  if (wrapper.has_reply()) {
    const auto opened =
        must(open_reply(key.value().secret.reveal(), key->encapsulated, view_of(wrapper.header()),
                        view_of(wrapper.reply().ciphertext())));
    body = must(parse_as<wire::Body>(opened.reveal()));
  }
  const auto& statement = body.signed_statement();
  must(verify_signature(signer.signature.value().leaf.public_key(),
                        signature_input("ErrorTBS", view_of(statement.content())),
                        view_of(statement.signature())));
  const auto error = must(parse_as<wire::ErrorTBS>(view_of(statement.content())));
  return Word(to_string(static_cast<ErrorCode>(error.error_code())));
}

}  // namespace set::flow
