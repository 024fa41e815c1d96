#include "ingest/policy_section.hpp"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

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

std::string PolicySection::name(const char* key) const {
    if (!has(key) || !node_[key].IsScalar()) fail(has(key) ? node_[key] : node_, at(key), "is missing, or no text");
    return name_of(node_[key], at(key));
}

std::vector<std::string> PolicySection::names(const char* key, std::vector<std::string> fallback) const {
    if (!has(key)) return fallback;
    const YAML::Node list = node_[key];
    if (!list.IsSequence()) fail(list, at(key), "must be a list of names");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string place = at(key) + '[' + std::to_string(i) + ']';
        if (!list[i].IsScalar()) fail(list[i], place, "must be a name");
        names.push_back(name_of(list[i], place));
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

std::string PolicySection::name_of(const YAML::Node& node, const std::string& place) const {
    auto text = node.as<std::string>();
    if (text.empty() || text.size() > name_bytes_max) fail(node, place, "must have 1 to 128 characters");
    return text;
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
