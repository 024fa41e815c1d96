#include "ingest/policy_section.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "journal/json.hpp"

namespace daybook {

PolicySection::PolicySection(const YAML::Node& node, std::string file, std::string path)
    : node_(node), file_(std::move(file)), path_(std::move(path)) {
    if (node_ && !node_.IsNull() && !node_.IsMap()) fail(node_, path_.empty() ? "the policy" : path_, "must be a mapping");
}

void PolicySection::allow_only(std::initializer_list<std::string_view> keys) const {
    std::set<std::string> seen;
    for (const auto& entry : node_) {
        const auto key = entry.first.as<std::string>();
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) fail(entry.first, at(key), "is not a key of this policy");
        if (!seen.insert(key).second) fail(entry.first, at(key), "stands here twice");
    }
}

int PolicySection::integer(const char* key, int fallback, int least, int most) const {
    if (!has(key)) return fallback;
    int value = 0;
    try {
        value = node_[key].as<int>();
    } catch (const YAML::Exception&) {
        fail(node_[key], at(key), "must be a whole number");
    }
    if (value < least || value > most) {
        fail(node_[key], at(key), "must lie between " + std::to_string(least) + " and " + std::to_string(most));
    }
    return value;
}

bool PolicySection::boolean(const char* key, bool fallback) const {
    if (!has(key)) return fallback;
    try {
        return node_[key].as<bool>();
    } catch (const YAML::Exception&) {
        fail(node_[key], at(key), "must be true or false");
    }
}

std::string PolicySection::text(const char* key, std::size_t bytes_max) const {
    if (!has(key) || !node_[key].IsScalar()) fail(has(key) ? node_[key] : node_, at(key), "is missing, or no text");
    return text_of(node_[key], at(key), bytes_max);
}

std::vector<std::string> PolicySection::names(const char* key, std::vector<std::string> fallback) const {
    if (!has(key)) return fallback;
    const YAML::Node list = node_[key];
    if (!list.IsSequence()) fail(list, at(key), "must be a list of names");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string place = at(key) + '[' + std::to_string(i) + ']';
        if (!list[i].IsScalar()) fail(list[i], place, "must be a name");
        names.push_back(text_of(list[i], place, name_bytes_max));
    }
    return names;
}

Severity PolicySection::severity(const char* key) const {
    const auto severity = from_text<Severity>(name(key));
    if (!severity) fail(node_[key], at(key), "must be one of " + choices<Severity>());
    return *severity;
}

void PolicySection::fail(const YAML::Node& where, const std::string& key, const std::string& what) const {
    throw PolicyError(file_ + ':' + std::to_string(where.Mark().line + 1) + ": " + key + ' ' + what);
}

std::string PolicySection::text_of(const YAML::Node& node, const std::string& place, std::size_t bytes_max) const {
    auto text = node.as<std::string>();
    if (text.empty() || text.size() > bytes_max) fail(node, place, "must have 1 to " + std::to_string(bytes_max) + " characters");
    if (!is_clean_utf8(text)) fail(node, place, "must have no NUL");  // an escape can say one
    return text;
}

std::optional<Refusal> check_is_text(std::string_view text, const std::string& name) {
    if (is_clean_utf8(text)) return std::nullopt;
    std::size_t line = 1;
    for (std::size_t end = text.find('\n'); end != std::string_view::npos && is_clean_utf8(text.substr(0, end));
         end = text.find('\n')) {
        text.remove_prefix(end + 1);
        ++line;
    }
    return Refusal{RefusalCode::invalid, name + ':' + std::to_string(line) + ": is no UTF-8 text", ""};
}

Refusal no_yaml(const std::string& name, const YAML::Exception& error) {
    std::string said = error.msg;
    std::erase_if(said, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    return {RefusalCode::invalid, name + ':' + std::to_string(error.mark.line + 1) + ": no YAML: " + said, ""};
}

Result<std::string> policy_text(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::status(file, error).type() == std::filesystem::file_type::not_found) return std::string();
    std::ifstream in(file, std::ios::binary);
    if (!in || std::filesystem::is_directory(file, error)) {
        return Refusal{RefusalCode::invalid, file.string() + " can't be read: check what it is, and its mode", ""};
    }
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

}  // namespace daybook
