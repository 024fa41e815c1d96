// What the payloads of events are made of; see journal/event.hpp.
#pragma once

#include <optional>
#include <string>

namespace daybook {

struct JsonText {
    std::string text;
    bool operator==(const JsonText&) const = default;
};

struct Nullable {
    std::optional<std::string> value;
    bool operator==(const Nullable&) const = default;
};

// What every payload may carry.
struct CommonFields {
    std::optional<std::string> message;       // text for people; newlines allowed
    std::optional<JsonText> meta;             // a free object, the caller's own
    std::optional<std::string> input_sha256;  // of the keyed input (its RFC 8785 text) that led to this event, in hex:
                                              // on the event that bears the plain key, so that another input under the
                                              // same key is found out, also in a journal that was imported
};

}  // namespace daybook
