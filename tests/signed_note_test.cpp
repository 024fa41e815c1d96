#include "journal/signed_note.hpp"

#include <catch2/catch.hpp>

#include "journal/base64.hpp"
#include "tests/golden_key.hpp"
#include "tests/mutation.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

VerifierKey golden_key() { return {golden_name, golden_private_key().public_key()}; }

std::string refused(const Result<std::string>& outcome) { return outcome ? "" : outcome.refusal().message; }

}  // namespace

TEST_CASE("base64 has one text for the same bytes", "[base64]") {
    CHECK(to_base64("") == "");
    CHECK(to_base64("f") == "Zg==");
    CHECK(to_base64("fo") == "Zm8=");
    CHECK(to_base64("foo") == "Zm9v");
    CHECK(to_base64("foob") == "Zm9vYg==");
    CHECK(to_base64("\xff\xfe\xfd") == "//79");
    for (const char* text : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n", "Zm9-", "====", "Z===", "Zm=v"})
        CHECK_FALSE(from_base64(text));
    rc::prop("bytes come back", [](const std::string& bytes) { RC_ASSERT(from_base64(to_base64(bytes)) == bytes); });
    rc::prop("no other text is read", [](const std::string& text) {
        const auto bytes = from_base64(text);
        RC_ASSERT((!bytes || to_base64(*bytes) == text));
    });
}

TEST_CASE("Ed25519 signs as RFC 8032 test 1 does", "[ed25519]") {
    const Ed25519PrivateKey key = golden_private_key();
    const Ed25519PublicKey expected = key.public_key();
    CHECK(to_hex({reinterpret_cast<const char*>(expected.data()), expected.size()}) ==
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    CHECK(to_hex(key.sign("")) ==
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
          "d25bf5f0595bbe24655141438e7a100b");
    CHECK(verify_ed25519(expected, "", key.sign("")));
    CHECK_FALSE(verify_ed25519(expected, "x", key.sign("")));
    CHECK_FALSE(verify_ed25519(expected, "", key.sign("").substr(1)));
    CHECK_FALSE(verify_ed25519(expected, "", ""));
}

TEST_CASE("a private key goes through PEM, and no other text is one", "[ed25519]") {
    const std::string pem = golden_private_key().to_pem();
    CHECK(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    CHECK(Ed25519PrivateKey::from_pem(pem)->public_key() == golden_private_key().public_key());
    CHECK_FALSE(Ed25519PrivateKey::from_pem(""));
    CHECK_FALSE(Ed25519PrivateKey::from_pem("no key\n"));
    CHECK_FALSE(Ed25519PrivateKey::from_pem(pem.substr(0, 60)));
}

TEST_CASE("a vkey is read and written as C2SP has it", "[note]") {
    CHECK(golden_key().vkey() == golden_vkey);
    const auto parsed = VerifierKey::parse(golden_vkey);
    REQUIRE(parsed);
    CHECK(*parsed == golden_key());
    for (const std::string bad : {"", "name", "name+fe5422fe", "+fe5422fe+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                                  "a b+fe5422fe+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                                  "example.com/daybook+fe5422ff+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                                  "example.com/daybook+FE5422FE+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
                                  "example.com/daybook+fe5422fe+AtdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"}) {
        CHECK_FALSE(VerifierKey::parse(bad));
    }
}

TEST_CASE("a vkey made elsewhere has the id that it says", "[note]") {
    CHECK(VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));  // of Go's package note
}

TEST_CASE("the note of Go's package note is opened", "[note]") {
    const auto key = VerifierKey::parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    REQUIRE(key);
    const std::string text =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const std::string note =
        text + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const auto opened = open_note(note, *key);
    REQUIRE(opened);
    CHECK(*opened == text);
}

TEST_CASE("a text may have empty lines, and signatures of unknown keys are passed over", "[note]") {
    const std::string text = "first\n\n\nlast\n";
    std::string note = sign_note(text, golden_key(), golden_private_key());
    CHECK(*open_note(note, golden_key()) == text);
    for (int i = 0; i < 40; ++i) note += "— someone.else " + to_base64("abcd signature " + std::to_string(i)) + "\n";
    note += "— example.com/daybook " + to_base64("another id of that name") + "\n";
    CHECK(*open_note(note, golden_key()) == text);
    CHECK(refused(open_note(note, {"someone", golden_private_key().public_key()})).find("is not signed with the key") !=
          std::string::npos);
}

TEST_CASE("a bad signature of a known key is refused even beside a good one", "[note]") {
    std::string note = sign_note("text\n", golden_key(), golden_private_key());
    const std::string other = sign_note("other\n", golden_key(), golden_private_key());
    note += other.substr(other.find("— "));
    CHECK(refused(open_note(note, golden_key())).find("is not good") != std::string::npos);
}

TEST_CASE("what is no note is refused", "[note]") {
    const std::string good = sign_note("text\n", golden_key(), golden_private_key());
    const std::string line = good.substr(good.find("— "));
    for (const std::string& bad : std::vector<std::string>{
             "", "text\n", "text\n\n", "text\n" + line, "text" + line, good.substr(0, good.size() - 1), good + "\n", good + "x\n",
             "te\rxt\n\n" + line, "te\xff\n\n" + line, "text\n\n- example.com/daybook AAAAAAAA\n", "text\n\n— name+ AAAAAAAA\n",
             "text\n\n— na\xC2\xA0me AAAAAAAA\n", "text\n\n—  AAAAAAAA\n", "text\n\n— name AAAA\n", "text\n\n— name  AAAAAAAA\n"}) {
        CHECK_FALSE(read_note(bad));
    }
}

TEST_CASE("a note with any byte changed, added or cut is refused, or its text is the same", "[note]") {
    const std::string text = "origin\n12\nAAAA\n";
    const std::string note = sign_note(text, golden_key(), golden_private_key());
    rc::prop("no mutation is opened", [&] {
        const std::string bad = mutated(note);
        RC_PRE(bad != note);
        RC_ASSERT_FALSE(open_note(bad, golden_key()));
    });
}
