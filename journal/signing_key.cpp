#include "journal/signing_key.hpp"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/atomic_file.hpp"
#include "journal/file_lock.hpp"
#include "journal/lmdb.hpp"
#include "journal/small_file.hpp"

namespace daybook {
namespace {

constexpr std::size_t key_file_bytes_max = 64 * 1024;

[[noreturn]] void fail(const char* doing, const std::filesystem::path& file) {
    throw StorageError("cannot " + std::string(doing) + " the signing key " + file.string() + ": " + std::strerror(errno));
}

void check_name(const std::string& name) {
    if (is_key_name(name)) return;
    throw StorageError("the journal's origin " + name + " cannot be the name of a key: it has a space or a +");
}

// Writes the private half where there is none yet; when another process is faster, its key stays.
void write_private(const std::filesystem::path& file, const std::string& pem) {
    const std::string partial = file.string() + "." + std::to_string(::getpid());
    const int fd = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) fail("make", file);
    const bool written =
        ::fchmod(fd, 0600) == 0 && ::write(fd, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()) && ::fsync(fd) == 0;
    const int code = errno;
    ::close(fd);
    errno = code;
    const bool placed = written && (::link(partial.c_str(), file.c_str()) == 0 || errno == EEXIST);
    const int outcome = errno;
    ::unlink(partial.c_str());
    errno = outcome;
    if (!placed) fail("write", file);
}

}  // namespace

std::filesystem::path private_key_file(const std::filesystem::path& data) { return data / "signing.key"; }
std::filesystem::path public_key_file(const std::filesystem::path& data) { return data / "signing.vkey"; }
std::filesystem::path signing_lock_file(const std::filesystem::path& data) { return data / "signing.lock"; }

SigningKey SigningKey::read(const std::filesystem::path& file, const std::string& name) {
    check_name(name);
    const auto pem = read_if_exists(file, key_file_bytes_max);
    if (!pem) throw StorageError("the signing key " + file.string() + " is missing");
    check_owner_only(file, "; when others may have read it, it is no longer a secret, and a new one is needed");
    auto key = Ed25519PrivateKey::from_pem(*pem);
    if (!key)
        throw StorageError(file.string() +
                           " is no Ed25519 private key in PEM, unencrypted, as `openssl genpkey -algorithm ED25519` makes it");
    return {name, std::move(*key)};
}

SigningKey SigningKey::of_data_directory(const std::filesystem::path& data, const std::string& name, Entropy& entropy) {
    check_name(name);
    const std::filesystem::path file = private_key_file(data);
    if (!std::filesystem::exists(file)) {
        const FileLock lock(signing_lock_file(data));  // another process may be making the pair
        if (!std::filesystem::exists(file) && std::filesystem::exists(public_key_file(data))) {
            throw StorageError(
                "the private half of the signing key, " + file.string() +
                ", is missing: put it back from where it is kept, or name it with --signing-key; to sign with a new key from now "
                "on, remove " +
                public_key_file(data).string() + " and hand auditors the new one");
        }
        Ed25519Seed seed;
        entropy.fill(seed.data(), seed.size());
        write_private(file, Ed25519PrivateKey(seed).to_pem());
    }
    SigningKey key = read(file, name);
    publish(key.verifier(), data);
    return key;
}

void publish(const VerifierKey& key, const std::filesystem::path& data) {
    const std::filesystem::path file = public_key_file(data);
    const std::string line = key.vkey() + '\n';
    if (read_if_exists(file, key_file_bytes_max) == line) return;
    const FileLock lock(signing_lock_file(data));
    AtomicFile writing(file);
    writing.write(line);
    writing.commit();
}

std::optional<VerifierKey> published_key(const std::filesystem::path& data) {
    auto line = read_if_exists(public_key_file(data), key_file_bytes_max);
    if (!line) return std::nullopt;
    if (!line->empty() && line->back() == '\n') line->pop_back();
    const auto key = VerifierKey::parse(*line);
    if (!key) throw StorageError(public_key_file(data).string() + " is damaged: " + key.refusal().message);
    return *key;
}

}  // namespace daybook
