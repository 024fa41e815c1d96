// SHA-256 (FIPS 180-4), through one OpenSSL context that is made once and reused: fetching the algorithm anew for each
// digest takes as long as hashing an event.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

// OpenSSL's types, so that its headers stay in sha256.cpp.
using EVP_MD_CTX = struct evp_md_ctx_st;

namespace daybook {

using Digest = std::array<std::uint8_t, 32>;

// Not thread-safe: one per thread.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    // The digest of the parts, one after the other.
    Digest operator()(std::initializer_list<std::string_view> parts);

    // For input that comes piece by piece: start, update …, finish.
    void start();
    void update(std::string_view part);
    Digest finish();

private:
    EVP_MD_CTX* working_;  // initialised for SHA-256 once, restarted for each digest
};

inline std::string_view bytes_of(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
inline std::string to_hex(const Digest& digest) { return to_hex(bytes_of(digest)); }
void append_hex(std::string& out, std::string_view bytes);
// The bytes of lower-case hex; nothing for any other text.
std::optional<std::string> from_hex(std::string_view hex);
std::optional<Digest> digest_from_hex(std::string_view hex);

}  // namespace daybook
