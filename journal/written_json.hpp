// A reader of the JSON that daybook itself writes around payloads: rows of the layouts, lines of journal.jsonl and of evidence. A
// payload may have as many levels as any input, and is one level down in a row or line, two in evidence.
#pragma once

#include <memory>
#include <string_view>

#include "journal/json.hpp"

namespace daybook {

inline constexpr int written_depth_max = json_depth_max + 2;

// As a JsonReader, but for the limit on levels.
class WrittenJsonReader {
public:
    WrittenJsonReader();
    ~WrittenJsonReader();
    Result<const JsonValue*> read(std::string_view text);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace daybook
