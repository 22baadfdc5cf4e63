// One pair of SET's messages in its context: the request as its rightful sender made it, and what
// both ends make of each other's words.
#pragma once

#include <functional>
#include <memory>

#include "common/message/open.h"
#include "tests/flow/authorities.h"

namespace set::flow {

/// What became of a message: "accepted", SET's name of an Error code, or of a result code that says
/// no: "piAuthMismatch", "orderRejected", "rejectedByCA".
using Word = std::string;
inline constexpr const char* kAccepted = "accepted";
Word word_of(const Result<Word>& result);

using google::protobuf::Message;

struct Exchange {
  TreatmentInfo request, answer;
  const Message* request_content;  ///< an empty one of its type
  const Message* answer_content;
  std::shared_ptr<const Request> sent;
  std::shared_ptr<const Party> sender;    ///< signs the request, opens the answer
  std::shared_ptr<const Party> receiver;  ///< opens the request, signs the answer
  /// What an answer says, to whoever holds this pending reply and is this party.
  std::function<Result<Word>(ByteView, const PendingReply&, const Party&)> read;
  /// The requester's own acceptance of an answer, with the state it asked in. Changes nothing.
  std::function<Result<Word>(ByteView)> accept;
  /// Purchase: who signs the PI, and who alone can open it.
  std::shared_ptr<const Party> cardholder = nullptr;
  std::shared_ptr<const Party> gateway = nullptr;
};

/// The requester's expectation of the answer's signer.
struct Peer {
  std::string brand;
  std::vector<Certificate> known = {};
};

// What an answer says, in a word.
Word word_of(const CardCInitRes& message);
Word word_of(const RegFormRes& message);
Word word_of(const MeAqCInitRes& message);
Word word_of(const CertRes& message);
Word word_of(const CertInqRes& message);
Word word_of(const PInitRes& message);
Word word_of(const PRes& message);
Word word_of(const InqRes& message);
Word word_of(const AuthRes& message);
Word word_of(const PCertRes& message);
Word word_of(const AuthRevRes& message);
Word word_of(const CapRes& message);
Word word_of(const CapRevOrCredRes& message);
Word word_of(const BatchAdminRes& message);

template <class Res>
Result<OpenedAnswer<Res>> open_answer_as(ByteView bytes, const PendingReply& pending,
                                         const Party& self, const Peer& peer, Instant now) {
  const auto envelope = TRY(read_envelope(TRY(parse_wrapper(bytes)), now));
  return Opener::answer<Res>(envelope, pending, self, {peer.brand, peer.known}, now);
}

/// The two ends of an exchange and what the requester knows of the other.
struct Ends {
  std::shared_ptr<const Party> sender, receiver;
  Peer peer;
  Clock clock;
};

template <class Req, class Res>
Exchange make_exchange(Request request, const Ends& ends,
                       std::function<Result<Word>(const OpenedAnswer<Res>&)> accept) {
  auto sent = std::make_shared<const Request>(std::move(request));
  auto read = [ends](ByteView bytes, const PendingReply& pending,
                     const Party& self) -> Result<Word> {
    const auto answer = TRY(open_answer_as<Res>(bytes, pending, self, ends.peer, ends.clock()));
    return word_of(*answer.message);
  };
  auto take = [ends, sent, accept = std::move(accept)](ByteView bytes) -> Result<Word> {
    return accept(
        TRY(open_answer_as<Res>(bytes, sent->pending, *ends.sender, ends.peer, ends.clock())));
  };
  return {.request = Treatment<Req>::info,
          .answer = Treatment<Res>::info,
          .request_content = &Treatment<Req>::Wire::default_instance(),
          .answer_content = &Treatment<Res>::Wire::default_instance(),
          .sent = std::move(sent),
          .sender = ends.sender,
          .receiver = ends.receiver,
          .read = std::move(read),
          .accept = std::move(take)};
}

/// SET's Error in an answer, if it is one: verified as signed by `signer`, by no code of ours.
/// `key` opens one that is not in the clear.
std::optional<Word> error_word(ByteView answer, const std::optional<ReplyKey>& key,
                               const Party& signer);

}  // namespace set::flow
