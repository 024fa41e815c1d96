// A free `meta` object that is put together from several places: the row's own `meta`, columns and fields that nobody knows.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "journal/event.hpp"
#include "journal/json.hpp"

namespace daybook {

struct JsonNameLess {
    bool operator()(std::string_view a, std::string_view b) const { return json_name_less(a, b); }
};
// Names, as RFC 8785 sorts them, and the RFC 8785 texts of their values.
using JsonTexts = std::map<std::string, std::string, JsonNameLess>;

inline JsonText object_of(const JsonTexts& members) {
    JsonText object{"{"};
    for (const auto& [name, value] : members) {
        if (object.text.size() > 1) object.text += ',';
        append_json_string(object.text, name);
        object.text += ':' + value;
    }
    object.text += '}';
    return object;
}

class FreeObject {
public:
    // What is there is never lost: a name that stands for another value already gets underscores.
    void add(std::string_view name, const std::string& json) {
        std::string free_name(name);
        while (!members_.try_emplace(free_name, json).second && members_.at(free_name) != json) free_name += '_';
        given_ = true;
    }
    void add_all(const JsonValue& object) {
        given_ = true;  // also where it is empty: it comes back as it was
        for (const JsonMember& member : object.members()) add(member.name, canonical(member.value));
    }
    // Only the names that are not there.
    void add_lacking(const JsonValue& object) {
        for (const JsonMember& member : object.members()) {
            given_ = true;
            members_.try_emplace(std::string(member.name), canonical(member.value));
        }
    }
    // Nothing where nothing was added.
    std::optional<JsonText> finish() const { return given_ ? std::optional(object_of(members_)) : std::nullopt; }

private:
    JsonTexts members_;
    bool given_ = false;
};

}  // namespace daybook
