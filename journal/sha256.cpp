#include "journal/sha256.hpp"

#include <cstring>
#include <new>

#include <openssl/evp.h>

namespace daybook {
namespace {

// OpenSSL fails here only when it is out of memory or has no SHA-256: neither can be gone on from.
void demand(int outcome) {
    if (outcome != 1) throw std::bad_alloc();
}

// Of each byte: its value as a lower-case hexadecimal digit; -1 where it is none.
constexpr std::array<std::int8_t, 256> hex_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (int i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = static_cast<std::int8_t>(i);
    for (int i = 0; i < 6; ++i) values[static_cast<std::size_t>('a' + i)] = static_cast<std::int8_t>(10 + i);
    return values;
}();
int hex_digit(char c) { return hex_values[static_cast<unsigned char>(c)]; }

}  // namespace

Sha256::Sha256() : working_(EVP_MD_CTX_new()) {
    if (working_ == nullptr) throw std::bad_alloc();
    demand(EVP_DigestInit_ex(working_, EVP_sha256(), nullptr));
}

Sha256::~Sha256() { EVP_MD_CTX_free(working_); }

void Sha256::start() { demand(EVP_DigestInit_ex(working_, nullptr, nullptr)); }

void Sha256::update(std::string_view part) { demand(EVP_DigestUpdate(working_, part.data(), part.size())); }

Digest Sha256::finish() {
    Digest digest;
    unsigned size = 0;
    demand(EVP_DigestFinal_ex(working_, digest.data(), &size));
    return digest;
}

Digest Sha256::operator()(std::initializer_list<std::string_view> parts) {
    start();
    for (const std::string_view part : parts) update(part);
    return finish();
}

void append_hex(std::string& out, std::string_view bytes) {
    static constexpr auto pairs = [] {  // of digits, one for each byte
        constexpr char digits[] = "0123456789abcdef";
        std::array<std::array<char, 2>, 256> all{};
        for (std::size_t byte = 0; byte < all.size(); ++byte) all[byte] = {digits[byte >> 4], digits[byte & 15]};
        return all;
    }();
    const std::size_t start = out.size();
    out.resize(start + 2 * bytes.size());
    char* to = out.data() + start;
    for (const char c : bytes) {
        std::memcpy(to, pairs[static_cast<unsigned char>(c)].data(), 2);
        to += 2;
    }
}

std::string to_hex(std::string_view bytes) {
    std::string out;
    append_hex(out, bytes);
    return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    std::string out;
    out.reserve(hex.size() / 2);
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        const int high = hex_digit(hex[i]);
        const int low = hex_digit(hex[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::optional<Digest> digest_from_hex(std::string_view hex) {
    Digest digest;
    if (hex.size() != 2 * digest.size()) return std::nullopt;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        const int high = hex_digit(hex[2 * i]);
        const int low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        digest[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return digest;
}

}  // namespace daybook
