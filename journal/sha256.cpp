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

}  // namespace

Sha256::Sha256() : working_(EVP_MD_CTX_new()) {
    if (working_ == nullptr) throw std::bad_alloc();
    demand(EVP_DigestInit_ex(working_, EVP_sha256(), nullptr));
}

Sha256::~Sha256() {
    EVP_MD_CTX_free(working_);
}

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
    static constexpr char digits[] = "0123456789abcdef";
    const std::size_t start = out.size();
    out.resize(start + 2 * bytes.size());
    char* to = out.data() + start;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
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
    int high = -1;
    for (const char c : hex) {
        int digit = 0;
        if (c >= '0' && c <= '9') {
            digit = c - '0';
        } else if (c >= 'a' && c <= 'f') {
            digit = c - 'a' + 10;
        } else {
            return std::nullopt;
        }
        if (high < 0) {
            high = digit;
        } else {
            out += static_cast<char>(high * 16 + digit);
            high = -1;
        }
    }
    return out;
}

std::optional<Digest> digest_from_hex(std::string_view hex) {
    const auto bytes = from_hex(hex);
    if (!bytes || bytes->size() != 32) return std::nullopt;
    Digest digest;
    std::memcpy(digest.data(), bytes->data(), digest.size());
    return digest;
}

}  // namespace daybook
