#include "ops/access/key_ring.hpp"

#include <algorithm>

#include <sys/stat.h>

#include "journal/hmac.hpp"

namespace daybook {
namespace {

std::int64_t nanoseconds(const timespec& time) { return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec; }

Refusal refused(const std::string& why) { return {RefusalCode::unauthenticated, why, ""}; }

}  // namespace

KeyRing::KeyRing(std::filesystem::path data) : data_(std::move(data)), keys_(std::make_shared<const Keys>()) { reload(); }

KeyRing::Version KeyRing::look() const {
    struct stat found{};
    if (::stat(keys_file(data_).c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size), nanoseconds(found.st_mtim),
            nanoseconds(found.st_ctim)};
}

bool KeyRing::reload() {
    const std::lock_guard reloading(reloading_);
    // Looked at before it is read: what comes in between is seen the next time.
    const Version version = look();
    if (version == version_) return false;
    Keys read;
    for (StoredKey& key : read_keys(data_)) {
        std::string id = key.info.id;
        read.emplace(std::move(id), std::move(key));
    }
    version_ = version;
    const std::lock_guard lock(mutex_);
    asks_ = asks_ || !read.empty();
    keys_ = std::make_shared<const Keys>(std::move(read));
    return true;
}

std::shared_ptr<const KeyRing::Keys> KeyRing::keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
}

Result<KeyInfo> KeyRing::check(std::string_view presented, Time now) const {
    const auto id = id_of_key(presented);
    if (!id) return refused("this is no API key of daybook: one reads dbk_…_… and is made by `daybook key create`");
    static const StoredKey nobody;
    const auto keys = this->keys();
    const auto found = keys->find(*id);
    const StoredKey& key = found == keys->end() ? nobody : found->second;
    const Digest hash = hash_of_key(key.salt, presented);
    const bool same = equal_in_constant_time(bytes_of(hash), bytes_of(key.hash));
    if (!same || found == keys->end()) return refused("this API key is not known: " + std::string(*id));
    if (key.info.revoked_at) return refused("the API key " + key.info.id + " was revoked at " + format_time(*key.info.revoked_at));
    if (!key.info.holds(now)) return refused("the API key " + key.info.id + " expired at " + format_time(*key.info.expires_at));
    return key.info;
}

bool KeyRing::asks_for_keys() const {
    const std::lock_guard lock(mutex_);
    return asks_;
}

bool KeyRing::any_holds(Time now) const {
    const auto keys = this->keys();
    return std::any_of(keys->begin(), keys->end(), [&](const auto& entry) { return entry.second.info.holds(now); });
}

}  // namespace daybook
