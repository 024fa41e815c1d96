#include "ops/access/api_keys.hpp"

#include <algorithm>
#include <cstring>
#include <set>
#include <span>

#include "journal/atomic_file.hpp"
#include "journal/file_lock.hpp"
#include "journal/json.hpp"
#include "journal/lmdb.hpp"
#include "journal/small_file.hpp"
#include "journal/types.hpp"

namespace daybook {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{64} << 20;
constexpr std::string_view format_name = "daybook-keys/1";
constexpr std::string_view prefix = "dbk_";
constexpr std::size_t id_bytes = prefix.size() + 16;
constexpr std::size_t secret_bytes = 32;

bool is_key_id(std::string_view text) {
    const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'v'); };
    return text.size() == id_bytes && text.starts_with(prefix) && std::all_of(text.begin() + prefix.size(), text.end(), fits);
}

bool is_key_name(std::string_view text) {
    const bool control = std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
    return !text.empty() && text.size() <= name_bytes_max && !control && is_clean_utf8(text);
}

// One row, field by field; what it throws never says what stands there, since it may be a secret that is out of place.
class RowReader {
public:
    RowReader(const JsonValue& row, const std::filesystem::path& file, std::size_t place) : row_(row), file_(file), place_(place) {
        constexpr std::string_view known[] = {"agent", "created_at", "created_by", "expires_at", "hash", "id",
                                              "name",  "revoked_at", "revoked_by", "role",       "salt"};
        if (!row.is_object() || row.members().size() != std::size(known)) fail("", "must have the members of a key");
        for (const std::string_view name : known) {
            if (row.find(name) == nullptr) fail(name, "is missing");
        }
    }
    std::string text(std::string_view name, bool (*fits)(std::string_view)) const {
        const JsonValue& value = *row_.find(name);
        if (!value.is_string() || !fits(value.text())) fail(name, "is not what it should be");
        return std::string(value.text());
    }
    std::optional<std::string> text_or_null(std::string_view name, bool (*fits)(std::string_view)) const {
        return row_.find(name)->is_null() ? std::nullopt : std::optional(text(name, fits));
    }
    std::optional<Time> time_or_null(std::string_view name) const {
        const auto text = text_or_null(name, [](std::string_view value) { return parse_time(value).has_value(); });
        return text ? parse_time(*text) : std::nullopt;
    }
    template <std::size_t size>
    std::array<std::uint8_t, size> bytes(std::string_view name) const {
        const auto read = from_hex(text(name, [](std::string_view) { return true; }));
        if (!read || read->size() != size) fail(name, "must be " + std::to_string(2 * size) + " hex digits");
        std::array<std::uint8_t, size> bytes;
        std::memcpy(bytes.data(), read->data(), size);
        return bytes;
    }
    [[noreturn]] void fail(std::string_view name, const std::string& what) const {
        throw StorageError(file_.string() + " is damaged: /keys/" + std::to_string(place_) +
                           (name.empty() ? "" : pointer_token(name)) + ' ' + what +
                           "; restore the file, or remove it and make new keys");
    }

private:
    const JsonValue& row_;
    const std::filesystem::path& file_;
    std::size_t place_;
};

StoredKey read_row(const RowReader& row) {
    StoredKey key;
    key.info.id = row.text("id", is_key_id);
    key.info.name = row.text("name", is_key_name);
    key.info.agent = row.text("agent", is_actor);
    key.info.role = row.text_or_null("role", is_actor);
    key.info.created_by = row.text("created_by", is_actor);
    key.info.expires_at = row.time_or_null("expires_at");
    key.info.revoked_at = row.time_or_null("revoked_at");
    key.info.revoked_by = row.text_or_null("revoked_by", is_actor).value_or("");
    const auto created_at = row.time_or_null("created_at");
    if (!created_at) row.fail("created_at", "must be a time");
    key.info.created_at = *created_at;
    key.salt = row.bytes<std::tuple_size_v<KeySalt>>("salt");
    key.hash = row.bytes<std::tuple_size_v<Digest>>("hash");
    return key;
}

std::string_view view_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class RowText {
public:
    RowText& add(std::string_view name, const std::optional<std::string>& value) {
        text_ += text_.empty() ? '{' : ',';
        append_json_string(text_, name);
        text_ += ':';
        if (value) {
            append_json_string(text_, *value);
        } else {
            text_ += "null";
        }
        return *this;
    }
    RowText& add(std::string_view name, std::optional<Time> time) {
        return add(name, time ? std::optional(format_time(*time)) : std::nullopt);
    }
    std::string text() const { return text_ + '}'; }

private:
    std::string text_;
};

std::string row_text(const StoredKey& key) {
    const KeyInfo& info = key.info;
    const auto revoked_by = info.revoked_by.empty() ? std::nullopt : std::optional(info.revoked_by);
    RowText row;
    row.add("agent", info.agent).add("created_at", info.created_at).add("created_by", info.created_by);
    row.add("expires_at", info.expires_at).add("hash", to_hex(view_of(key.hash))).add("id", info.id).add("name", info.name);
    row.add("revoked_at", info.revoked_at).add("revoked_by", revoked_by).add("role", info.role);
    return row.add("salt", to_hex(view_of(key.salt))).text();
}

void write_keys(const std::filesystem::path& data, const std::vector<StoredKey>& keys) {
    AtomicFile file(keys_file(data), AtomicFile::Readers::owner_only);
    file.write("{\"format\":\"" + std::string(format_name) + "\",\"keys\":[");
    for (std::size_t i = 0; i < keys.size(); ++i) file.write((i == 0 ? "\n" : ",\n") + row_text(keys[i]));
    file.write("\n]}\n");
    file.commit();
}

std::optional<Refusal> why_not(const NewKey& wanted, Time now) {
    const auto invalid = [](const std::string& message, const char* field) {
        return Refusal{RefusalCode::invalid, message, field};
    };
    if (!is_key_name(wanted.name)) return invalid("a key's name must be a text of one line, 1 to 128 bytes", "/name");
    if (!is_actor(wanted.agent)) return invalid("a key's agent must be of [A-Za-z0-9._@:-], 1 to 128: " + wanted.agent, "/agent");
    if (wanted.role && !is_actor(*wanted.role)) return invalid("no name of a role: " + *wanted.role, "/role");
    if (wanted.expires_at && *wanted.expires_at <= now) {
        return invalid("a key that expires at " + format_time(*wanted.expires_at) + " would never hold: that is over",
                       "/expires_at");
    }
    return std::nullopt;
}

}  // namespace

std::filesystem::path keys_file(const std::filesystem::path& data) { return data / "keys.json"; }
std::filesystem::path keys_lock_file(const std::filesystem::path& data) { return data / "keys.lock"; }

std::optional<std::string_view> id_of_key(std::string_view presented) {
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (presented.size() != id_bytes + 1 + 2 * secret_bytes || presented[id_bytes] != '_') return std::nullopt;
    const std::string_view id = presented.substr(0, id_bytes);
    const std::string_view secret = presented.substr(id_bytes + 1);
    if (!is_key_id(id) || !std::all_of(secret.begin(), secret.end(), is_hex)) return std::nullopt;
    return id;
}

Digest hash_of_key(const KeySalt& salt, std::string_view key) {
    thread_local Sha256 sha256;
    return sha256({view_of(salt), key});
}

std::vector<StoredKey> read_keys(const std::filesystem::path& data) {
    const std::filesystem::path file = keys_file(data);
    check_owner_only(file, ", then look through `daybook key list`");
    const auto text = read_if_exists(file, file_bytes_max);
    if (!text) return {};
    JsonReader reader;
    const auto root = reader.read(*text);
    const JsonValue* format = root ? (*root)->find("format") : nullptr;
    const JsonValue* rows = root ? (*root)->find("keys") : nullptr;
    if (format == nullptr || !format->is_string() || format->text() != format_name || rows == nullptr || !rows->is_array()) {
        throw StorageError(file.string() + " is damaged: it is not " + std::string(format_name) +
                           " JSON; restore the file, or remove it and make new keys");
    }
    std::vector<StoredKey> keys;
    std::set<std::string> ids;
    for (const JsonValue& value : rows->array()) {
        const RowReader row(value, file, keys.size());
        keys.push_back(read_row(row));
        if (!ids.insert(keys.back().info.id).second) row.fail("id", "stands there twice");
    }
    return keys;
}

Result<MadeKey> create_key(const std::filesystem::path& data, const NewKey& wanted, const std::string& by, Time now,
                           Entropy& entropy) {
    if (auto refusal = why_not(wanted, now)) return std::move(*refusal);
    const FileLock lock(keys_lock_file(data));
    std::vector<StoredKey> keys = read_keys(data);
    StoredKey made;
    made.info = {
        make_short_id(prefix.data(), now, entropy), wanted.name, wanted.agent, wanted.role, now, by, wanted.expires_at, {}, {}};
    std::array<std::uint8_t, secret_bytes> secret;
    entropy.fill(secret.data(), secret.size());
    entropy.fill(made.salt.data(), made.salt.size());
    std::string key = made.info.id + '_' + to_hex(view_of(secret));
    made.hash = hash_of_key(made.salt, key);
    keys.push_back(made);
    write_keys(data, keys);
    return MadeKey{std::move(made.info), std::move(key)};
}

Result<RevokedKey> revoke_key(const std::filesystem::path& data, std::string_view id, const std::string& by, Time now) {
    const FileLock lock(keys_lock_file(data));
    std::vector<StoredKey> keys = read_keys(data);
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const StoredKey& key) { return key.info.id == id; });
    if (found == keys.end()) {
        // Whatever was given may be a secret.
        const std::string named = is_key_id(id) ? ": " + std::string(id) : " (an id reads dbk_ and 16 characters)";
        return Refusal{RefusalCode::not_found, "no such key" + named + "; `daybook key list` shows them", ""};
    }
    if (found->info.revoked_at) return RevokedKey{found->info, true};
    found->info.revoked_at = now;
    found->info.revoked_by = by;
    write_keys(data, keys);
    return RevokedKey{found->info, false};
}

}  // namespace daybook
