// Ed25519 signatures (RFC 8032), through OpenSSL, whose headers stay in ed25519.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using EVP_PKEY = struct evp_pkey_st;

namespace daybook {

using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Seed = std::array<std::uint8_t, 32>;
inline constexpr std::size_t ed25519_signature_bytes = 64;

bool verify_ed25519(const Ed25519PublicKey& key, std::string_view message, std::string_view signature);

// The private half. Reading it is thread-safe.
class Ed25519PrivateKey {
public:
    // The key of RFC 8032's 32 secret bytes, which are overwritten here.
    explicit Ed25519PrivateKey(Ed25519Seed& seed);
    // From unencrypted PKCS #8 in PEM, as `openssl genpkey -algorithm ED25519` makes it; nothing for any other text.
    static std::optional<Ed25519PrivateKey> from_pem(std::string_view pem);
    ~Ed25519PrivateKey();
    Ed25519PrivateKey(Ed25519PrivateKey&& other) noexcept;
    Ed25519PrivateKey& operator=(Ed25519PrivateKey&& other) noexcept;
    Ed25519PrivateKey(const Ed25519PrivateKey&) = delete;
    Ed25519PrivateKey& operator=(const Ed25519PrivateKey&) = delete;

    std::string to_pem() const;
    Ed25519PublicKey public_key() const;
    // 64 bytes; the same for the same message.
    std::string sign(std::string_view message) const;

private:
    explicit Ed25519PrivateKey(EVP_PKEY* key) : key_(key) {}
    EVP_PKEY* key_;
};

}  // namespace daybook
