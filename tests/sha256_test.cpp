#include "journal/sha256.hpp"

#include <catch2/catch.hpp>

using namespace daybook;

TEST_CASE("SHA-256 gives the digests of FIPS 180-4", "[sha256]") {
    Sha256 sha256;
    CHECK(to_hex(sha256({})) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(to_hex(sha256({"abc"})) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(to_hex(sha256({"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"})) ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    CHECK(to_hex(sha256({std::string(1'000'000, 'a')})) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a digest of parts is the digest of the whole", "[sha256]") {
    Sha256 sha256;
    const Digest whole = sha256({"abc"});
    CHECK(sha256({"a", "", "bc"}) == whole);
    sha256.start();
    sha256.update("ab");
    sha256.update("");
    sha256.update("c");
    CHECK(sha256.finish() == whole);
    sha256.start();
    sha256.update("given up");
    CHECK(sha256({"abc"}) == whole);
}

TEST_CASE("hex is lower case, and reads back", "[sha256]") {
    CHECK(to_hex(std::string_view("\x00\x7f\xff", 3)) == "007fff");
    CHECK(from_hex("007fff") == std::string("\x00\x7f\xff", 3));
    CHECK(from_hex("") == std::string());
    CHECK_FALSE(from_hex("0"));
    CHECK_FALSE(from_hex("0G"));
    CHECK_FALSE(from_hex("FF"));
    CHECK_FALSE(from_hex(" 0"));
    Sha256 sha256;
    const Digest digest = sha256({"abc"});
    CHECK(digest_from_hex(to_hex(digest)) == digest);
    CHECK_FALSE(digest_from_hex("00"));
    CHECK_FALSE(digest_from_hex(to_hex(digest) + "00"));
}
