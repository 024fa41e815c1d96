#include "ops/notify/notify_policy.hpp"

#include <algorithm>

#include "ingest/policy_section.hpp"
#include "journal/base64.hpp"
#include "journal/lmdb.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

constexpr std::size_t text_bytes_max = 4'096;  // of a URL, of a path
constexpr std::size_t secret_bytes_min = 24;   // as Standard Webhooks asks
constexpr std::size_t secret_bytes_max = 1024;

bool is_receiver_name(std::string_view text) {
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), fits);
}

// What the first line of the file holds: `whsec_` and base64 (Standard Webhooks), or the bytes as they stand.
std::string secret_of(const PolicySection& section) {
    const std::string file = section.text("secret_file", text_bytes_max);
    const auto refuse = [&](const std::string& what) { section.fail(section.get("secret_file"), section.at("secret_file"), what); };
    std::string secret;
    try {
        check_owner_only(file);
        const auto bytes = read_if_exists(file, secret_bytes_max);
        if (!bytes) refuse("names " + file + ", which is not there: `(umask 077; openssl rand -hex 32 >" + file + ")` makes one");
        secret = bytes->substr(0, bytes->find_first_of("\r\n"));
    } catch (const StorageError& error) {
        refuse(error.what());
    }
    constexpr std::string_view prefix = "whsec_";
    if (secret.starts_with(prefix)) {
        const auto decoded = from_base64(std::string_view(secret).substr(prefix.size()));
        if (!decoded) refuse("names a file whose secret is no base64 after whsec_");
        secret = *decoded;
    }
    if (secret.size() < secret_bytes_min) {
        refuse("names a file whose first line is shorter than " + std::to_string(secret_bytes_min) +
               " bytes: too short for a secret");
    }
    return secret;
}

NewsSet events_of(const PolicySection& section) {
    NewsSet events;
    const YAML::Node list = section.get("events");
    const std::vector<std::string> words = section.names("events", {});
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto news = from_text<News>(words[i]);
        if (!news) {
            section.fail(list[i], section.at("events") + '[' + std::to_string(i) + ']',
                         "must be one of " + choices<News>() + ", not " + words[i]);
        }
        events.add(*news);
    }
    return events;
}

Receiver receiver_of(const PolicySection& section) {
    section.allow_only({"name", "url", "secret_file", "ca_file", "events", "severity", "services", "envs", "timeout_seconds",
                        "give_up_after_hours"});
    Receiver receiver;
    receiver.name = section.name("name");
    if (!is_receiver_name(receiver.name)) section.fail(section.get("name"), section.at("name"), "must be 1 to 64 of [A-Za-z0-9_-]");
    const auto url = parse_http_url(section.text("url", text_bytes_max));
    if (!url) {
        section.fail(section.get("url"), section.at("url"),
                     "must be an http or https URL, without a user, a password or a fragment");
    }
    receiver.url = *url;
    receiver.secret = secret_of(section);
    if (section.has("ca_file")) receiver.ca_file = section.text("ca_file", text_bytes_max);
    if (section.has("events")) receiver.events = events_of(section);
    if (section.has("severity")) receiver.severity = section.severity("severity");
    receiver.services = section.names("services", {});
    receiver.envs = section.names("envs", {});
    receiver.timeout = std::chrono::seconds(section.integer("timeout_seconds", 10, 1, 60));
    receiver.give_up_after = std::chrono::hours(section.integer("give_up_after_hours", 24, 1, 24 * 365));
    return receiver;
}

NotifyPolicy policy_of(const PolicySection& root) {
    root.allow_only({"receivers"});
    NotifyPolicy policy;
    if (!root.has("receivers")) return policy;
    const YAML::Node list = root.get("receivers");
    if (!list.IsSequence()) root.fail(list, "receivers", "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
        const PolicySection section(list[i], root.file(), "receivers[" + std::to_string(i) + "]");
        Receiver receiver = receiver_of(section);
        const auto same = [&](const Receiver& other) { return other.name == receiver.name; };
        if (std::any_of(policy.receivers.begin(), policy.receivers.end(), same)) {
            section.fail(section.get("name"), section.at("name"), "stands here twice");
        }
        policy.receivers.push_back(std::move(receiver));
    }
    return policy;
}

}  // namespace

Result<NotifyPolicy> parse_notify_policy(const std::string& text, const std::string& name) {
    return read_policy<NotifyPolicy>(text, name, policy_of);
}

Result<NotifyPolicy> load_notify_policy(const std::filesystem::path& file) {
    const auto text = policy_text(file);
    if (!text) return text.refusal();
    return parse_notify_policy(*text, file.string());
}

}  // namespace daybook
