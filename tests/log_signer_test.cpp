#include "journal/log_signer.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/golden_key.hpp"
#include "tests/journal_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::string fault(const std::function<void()>& work) {
    try {
        work();
    } catch (const StorageError& error) {
        return error.what();
    }
    return "";
}

struct SignedJournal {
    TestJournal journal;
    TemporaryDirectory data;
    TemporaryDirectory outside;
    std::filesystem::path witness = outside / "last.checkpoint";
    std::string origin = journal->snapshot()->origin();
    LogSigner signer{SigningKey(origin, golden_private_key()), {data.path(), witness}};

    explicit SignedJournal(unsigned events) { fill_with_samples(journal, events); }
    std::string memory() const { return read_file(data / "signing.checkpoint"); }
};

}  // namespace

TEST_CASE("a key pair is made once, under the journal's origin, and nobody else may read it", "[signing]") {
    const TemporaryDirectory data;
    SeededEntropy entropy(1);
    const SigningKey made = SigningKey::of_data_directory(data.path(), "log.example/a", entropy);
    struct stat found{};
    REQUIRE(::stat((data / "signing.key").c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0600);
    CHECK(read_file(data / "signing.vkey") == made.verifier().vkey() + "\n");
    CHECK(made.verifier().name() == "log.example/a");
    CHECK(SigningKey::of_data_directory(data.path(), "log.example/a", entropy).verifier() == made.verifier());
    CHECK(published_key(data.path()) == made.verifier());
    CHECK(std::distance(std::filesystem::directory_iterator(data.path()), {}) == 3);  // with signing.lock
    CHECK(open_note(made.sign("text\n"), made.verifier()));
}

TEST_CASE("processes that make the key pair at once all get the same one", "[signing]") {
    for (int round = 0; round < 20; ++round) {
        const TemporaryDirectory data;
        const auto make = [&] {
            SystemEntropy entropy;
            return SigningKey::of_data_directory(data.path(), "log.example/a", entropy).verifier().vkey();
        };
        Child one(make);
        Child two(make);
        Child three(make);
        const std::string key = one.wait();
        CHECK(key.starts_with("log.example/a+"));
        CHECK(two.wait() == key);
        CHECK(three.wait() == key);
        CHECK(published_key(data.path())->vkey() == key);
    }
}

TEST_CASE("a private key that others may read, or that is gone, is a clear error", "[signing]") {
    const TemporaryDirectory data;
    SeededEntropy entropy(1);
    SigningKey::of_data_directory(data.path(), "log.example/a", entropy);
    for (const mode_t mode : {0640U, 0604U, 0620U, 0660U, 0644U, 0777U}) {
        ::chmod((data / "signing.key").c_str(), mode);
        CHECK(fault([&] { SigningKey::of_data_directory(data.path(), "log.example/a", entropy); }).find("chmod 600") !=
              std::string::npos);
    }
    ::chmod((data / "signing.key").c_str(), 0400);
    CHECK(fault([&] { SigningKey::of_data_directory(data.path(), "log.example/a", entropy); }).empty());
    write_file(data / "signing.key", "nonsense\n");
    ::chmod((data / "signing.key").c_str(), 0600);
    CHECK(fault([&] { SigningKey::of_data_directory(data.path(), "log.example/a", entropy); }).find("is no Ed25519 private key") !=
          std::string::npos);
    std::filesystem::remove(data / "signing.key");
    CHECK(fault([&] { SigningKey::of_data_directory(data.path(), "log.example/a", entropy); }).find("is missing: put it back") !=
          std::string::npos);
    CHECK_FALSE(std::filesystem::exists(data / "signing.key"));
    CHECK(fault([&] { SigningKey::read(data / "given.pem", "log.example/a"); }).find("is missing") != std::string::npos);
    CHECK(fault([&] { SigningKey::of_data_directory(data.path(), "has a space", entropy); }).find("cannot be the name") !=
          std::string::npos);
}

TEST_CASE("a checkpoint that was signed is kept, inside and outside, and an older size does not replace it", "[signing]") {
    SignedJournal s(40);
    const std::uint64_t size = s.journal.size();
    const auto made = s.signer.checkpoint(*s.journal);
    REQUIRE(made);
    CHECK(made->checkpoint.size == size);
    CHECK(open_checkpoint(made->note, s.signer.verifier())->size == size);
    CHECK(s.memory() == made->note);
    CHECK(read_file(s.witness) == made->note);
    const auto older = s.signer.checkpoint(*s.journal, 10);
    REQUIRE(older);
    CHECK(older->checkpoint.size == 10);
    CHECK(s.memory() == made->note);
    CHECK(s.signer.checkpoint(*s.journal)->note == made->note);
    CHECK(s.signer.checkpoint(*s.journal, size + 1).refusal().code == RefusalCode::not_found);
    REQUIRE(s.journal.append_note(stream_name(), "more"));
    CHECK(s.memory() == made->note);
    CHECK(s.signer.checkpoint(*s.journal)->checkpoint.size == size + 1);
    CHECK(read_checkpoint(read_file(s.witness))->size == size + 1);
}

TEST_CASE("nothing is signed that contradicts a checkpoint that is kept", "[signing]") {
    SignedJournal s(40);
    REQUIRE(s.signer.checkpoint(*s.journal));
    TestJournal forked({}, 2);
    fill_with_samples(forked, 60);
    for (const bool inside : {true, false}) {
        const std::filesystem::path file = inside ? s.data / "signing.checkpoint" : s.witness;
        const std::string good = read_file(file);
        Checkpoint other = checkpoint_of(*forked->snapshot(), 20);
        other.origin = s.origin;
        for (const std::string& bad :
             {sign_note(other.text(), s.signer.verifier(), golden_private_key()), std::string("nonsense\n"), std::string()}) {
            write_file(file, bad);
            const auto outcome = s.signer.checkpoint(*s.journal);
            REQUIRE_FALSE(outcome);
            CHECK(outcome.refusal().code == RefusalCode::conflict);
            CHECK(outcome.refusal().message.find(file.string()) != std::string::npos);
            CHECK(read_file(file) == bad);
        }
        write_file(file, good);
        CHECK(s.signer.checkpoint(*s.journal));
    }
}

TEST_CASE("a new key goes on with the checkpoints of the old one", "[signing]") {
    SignedJournal s(40);
    REQUIRE(s.signer.checkpoint(*s.journal));
    SeededEntropy entropy(9);
    Ed25519Seed seed;
    entropy.fill(seed.data(), seed.size());
    const LogSigner next{SigningKey(s.origin, Ed25519PrivateKey(seed)), {s.data.path(), s.witness}};
    const auto made = next.checkpoint(*s.journal);
    REQUIRE(made);
    CHECK(s.memory() == made->note);
    CHECK(open_checkpoint(read_file(s.witness), next.verifier()));
}

TEST_CASE("the fork alarm is silent for the journal and what it becomes, and speaks for any other", "[signing]") {
    SignedJournal s(40);
    CHECK_FALSE(fork_alarm(*s.journal, s.witness));
    REQUIRE(s.signer.checkpoint(*s.journal));
    CHECK_FALSE(fork_alarm(*s.journal, s.witness));
    REQUIRE(s.journal.append_note(stream_name(), "more"));
    CHECK_FALSE(fork_alarm(*s.journal, s.witness));

    TestJournal shorter;  // the same seed: the same history, from an older backup
    fill_with_samples(shorter, 20);
    CHECK(fork_alarm(*shorter, s.witness)->find("the journal has " + std::to_string(shorter.size()) + " events") !=
          std::string::npos);
    TestJournal empty;
    CHECK(fork_alarm(*empty, s.witness));
    TestJournal forked({}, 2);
    fill_with_samples(forked, 60);
    CHECK(fork_alarm(*forked, s.witness)->find("are not those that the checkpoint vouches for") != std::string::npos);
    Checkpoint other = checkpoint_of(*s.journal->snapshot(), 20);
    other.origin = "log.example/other";
    write_file(s.witness, sign_note(other.text(), s.signer.verifier(), golden_private_key()));
    CHECK(fork_alarm(*s.journal, s.witness)->find("is of the journal log.example/other") != std::string::npos);
    write_file(s.witness, "nonsense\n");
    CHECK(fork_alarm(*s.journal, s.witness));
}
