// Every field of a protobuf message, however deep, and what can be done to one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

namespace set::flow {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

enum class Mutation {
  flip,     ///< the lowest bit of the last octet, the next number; added if it is not there
  absent,   ///< taken away
  longest,  ///< 20000 octets, the greatest number; of a list the first element is that long
  extra,    ///< the last element of a list twice; an empty message where there is none
  other,    ///< the same field of another session
};
inline constexpr std::array kMutations{Mutation::flip, Mutation::absent, Mutation::longest,
                                       Mutation::extra, Mutation::other};
std::string_view name_of(Mutation mutation);

/// From the outermost message down; lists stand for their first element.
class FieldPath {
 public:
  explicit FieldPath(std::vector<const FieldDescriptor*> steps) : steps_(std::move(steps)) {}
  std::string text() const;  ///< "header.trans_ids.xid"
  const FieldDescriptor& leaf() const { return *steps_.back(); }
  /// False if this cannot be done to it: nothing to take away, no such message around it, the other
  /// session's is the same.
  bool mutate(Message& message, Mutation mutation, const Message& other) const;

 private:
  std::vector<const FieldDescriptor*> steps_;
};

/// All of a message type's, parents before children.
std::vector<FieldPath> paths_of(const google::protobuf::Descriptor& type);

}  // namespace set::flow
