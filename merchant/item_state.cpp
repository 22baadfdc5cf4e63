#include "merchant/item_state.h"

namespace set::merchant {

std::string_view to_string(ItemKind kind) {
  switch (kind) {
    case ItemKind::reversal:
      return "reversal";
    case ItemKind::capture:
      return "capture";
    case ItemKind::capture_reversal:
      return "captureReversal";
    case ItemKind::credit:
      return "credit";
    case ItemKind::credit_reversal:
      return "creditReversal";
  }
  return "reversal";
}

std::string_view to_string(ItemState state) {
  switch (state) {
    case ItemState::asked:
      return "asked";
    case ItemState::done:
      return "done";
    case ItemState::refused:
      return "refused";
    case ItemState::reversed:
      return "reversed";
  }
  return "asked";
}

}  // namespace set::merchant
