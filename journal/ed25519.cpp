#include "journal/ed25519.hpp"

#include <memory>
#include <new>
#include <utility>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace daybook {
namespace {

struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    void operator()(BIO* bio) const { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// OpenSSL fails here only when it is out of memory or lacks Ed25519: neither can be gone on from.
template <class T>
T* demand(T* made) {
    if (made == nullptr) throw std::bad_alloc();
    return made;
}
void demand(int outcome) {
    if (outcome != 1) throw std::bad_alloc();
}

const unsigned char* unsigned_bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Instead of asking at the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

bool verify_ed25519(const Ed25519PublicKey& key, std::string_view message, std::string_view signature) {
    if (signature.size() != ed25519_signature_bytes) return false;
    const Owned<EVP_PKEY> pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.data(), key.size()));
    const Owned<EVP_MD_CTX> context(demand(EVP_MD_CTX_new()));
    const bool good =
        pkey && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) == 1 &&
        EVP_DigestVerify(context.get(), unsigned_bytes(signature), signature.size(), unsigned_bytes(message), message.size()) == 1;
    if (!good) ERR_clear_error();
    return good;
}

Ed25519PrivateKey::Ed25519PrivateKey(Ed25519Seed& seed)
    : key_(demand(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()))) {
    OPENSSL_cleanse(seed.data(), seed.size());
}

std::optional<Ed25519PrivateKey> Ed25519PrivateKey::from_pem(std::string_view pem) {
    if (pem.size() > 64 * 1024) return std::nullopt;
    const Owned<BIO> bio(demand(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))));
    Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_ED25519) {
        ERR_clear_error();
        return std::nullopt;
    }
    return Ed25519PrivateKey(key.release());
}

Ed25519PrivateKey::~Ed25519PrivateKey() { EVP_PKEY_free(key_); }

Ed25519PrivateKey::Ed25519PrivateKey(Ed25519PrivateKey&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}

Ed25519PrivateKey& Ed25519PrivateKey::operator=(Ed25519PrivateKey&& other) noexcept {
    std::swap(key_, other.key_);
    return *this;
}

std::string Ed25519PrivateKey::to_pem() const {
    const Owned<BIO> bio(demand(BIO_new(BIO_s_secmem())));
    demand(PEM_write_bio_PrivateKey(bio.get(), key_, nullptr, nullptr, 0, nullptr, nullptr));
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

Ed25519PublicKey Ed25519PrivateKey::public_key() const {
    Ed25519PublicKey key;
    std::size_t size = key.size();
    demand(EVP_PKEY_get_raw_public_key(key_, key.data(), &size));
    return key;
}

std::string Ed25519PrivateKey::sign(std::string_view message) const {
    const Owned<EVP_MD_CTX> context(demand(EVP_MD_CTX_new()));
    demand(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_));
    std::string signature(ed25519_signature_bytes, '\0');
    std::size_t size = signature.size();
    demand(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, unsigned_bytes(message),
                          message.size()));
    return signature;
}

}  // namespace daybook
