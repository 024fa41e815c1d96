#include "journal/result.hpp"

namespace daybook {

const char* to_text(RefusalCode code) {
    switch (code) {
        case RefusalCode::invalid: return "invalid";
        case RefusalCode::not_found: return "not_found";
        case RefusalCode::conflict: return "conflict";
        case RefusalCode::idempotency_conflict: return "idempotency_conflict";
        case RefusalCode::not_permitted: return "not_permitted";
        case RefusalCode::unauthenticated: return "unauthenticated";
        case RefusalCode::too_large: return "too_large";
    }
    return "invalid";
}

}  // namespace daybook
