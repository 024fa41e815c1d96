#include "ops/error_text.hpp"

#include "journal/json.hpp"
#include "projections/object_text.hpp"

namespace daybook {

std::string error_text(std::string_view code, std::string_view message, std::string_view field) {
    std::string details;
    ObjectText places(details);
    if (!field.empty()) places.text("field", field);
    places.finish();
    std::string error;
    ObjectText parts(error);
    parts.text("code", code);
    parts.text("message", message);
    parts.raw("details", details);
    parts.finish();
    return "{\"ok\":false,\"error\":" + error + '}';
}

}  // namespace daybook
