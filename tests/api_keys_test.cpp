#include "ops/access/api_keys.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "journal/lmdb.hpp"
#include "ops/access/key_ring.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

const Time monday = at("2026-02-23T10:00:00Z");

// A data directory in which keys are made.
struct Keys {
    TemporaryDirectory data;
    SeededEntropy entropy{1};

    MadeKey create(const std::string& name = "laptop", std::optional<Time> expires_at = {}) {
        return *create_key(data.path(), {name, "helion", std::nullopt, expires_at}, "sofiia", monday, entropy);
    }
    std::string text() const { return read_file(keys_file(data.path())); }
    void write(const std::string& text) const {
        write_file(keys_file(data.path()), text);
        REQUIRE(::chmod(keys_file(data.path()).c_str(), 0600) == 0);
    }
    // What reading the file says, empty where it is well.
    std::string fault() const {
        try {
            (void)read_keys(data.path());
        } catch (const StorageError& error) {
            return error.what();
        }
        return "";
    }
};

std::string refusal_of(const Result<KeyInfo>& answer) {
    if (answer) return "";
    CHECK(answer.refusal().code == RefusalCode::unauthenticated);
    return answer.refusal().message;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    const std::size_t place = text.find(what);
    REQUIRE(place != std::string::npos);
    return text.replace(place, what.size(), with);
}

}  // namespace

TEST_CASE("a key holds for whom it was made, and its file does not hold the key", "[access]") {
    Keys keys;
    const MadeKey made = keys.create("laptop", monday + std::chrono::days(90));
    CHECK(id_of_key(made.key) == made.info.id);
    CHECK(made.key.size() == made.info.id.size() + 1 + 64);
    const KeyRing ring(keys.data.path());
    const auto found = ring.check(made.key, monday);
    REQUIRE(found);
    CHECK(found->id == made.info.id);
    CHECK(found->name == "laptop");
    CHECK(found->agent == "helion");
    CHECK_FALSE(found->role);
    CHECK(found->created_by == "sofiia");
    CHECK(found->created_at == monday);
    CHECK(found->expires_at == monday + std::chrono::days(90));
    const std::string secret = made.key.substr(made.key.size() - 64);
    CHECK(keys.text().find(secret) == std::string::npos);
    CHECK(keys.text().find(secret.substr(0, 16)) == std::string::npos);
}

TEST_CASE("the keys file is its owner's alone, and has one row a line", "[access]") {
    Keys keys;
    const std::string first = keys.create().info.id;
    keys.create("a \"name\" with \u20ac");
    struct stat found{};
    REQUIRE(::stat(keys_file(keys.data.path()).c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0600);
    const std::string text = keys.text();
    CHECK(
        text.starts_with("{\"format\":\"daybook-keys/1\",\"keys\":[\n{\"agent\":\"helion\",\"created_at\":\"2026-02-23T10:00:00Z\","
                         "\"created_by\":\"sofiia\",\"expires_at\":null,\"hash\":\""));
    CHECK(text.find("\"id\":\"" + first +
                    "\",\"name\":\"laptop\",\"revoked_at\":null,\"revoked_by\":null,\"role\":null,\"salt\":\"") !=
          std::string::npos);
    CHECK(std::count(text.begin(), text.end(), '\n') == 4);
    const auto read = read_keys(keys.data.path());
    REQUIRE(read.size() == 2);
    CHECK(read[1].info.name == "a \"name\" with \u20ac");
    CHECK(read[0].salt != read[1].salt);
}

TEST_CASE("a wrong secret with a right id is refused as an unknown id is", "[access]") {
    Keys keys;
    const MadeKey made = keys.create();
    const KeyRing ring(keys.data.path());
    std::string wrong = made.key;
    wrong.back() = wrong.back() == '0' ? '1' : '0';
    CHECK(refusal_of(ring.check(wrong, monday)) == "this API key is not known: " + made.info.id);
    std::string unknown = made.key;
    unknown[4] = unknown[4] == '0' ? '1' : '0';
    CHECK(refusal_of(ring.check(unknown, monday)) == "this API key is not known: " + unknown.substr(0, made.info.id.size()));
}

TEST_CASE("what is no key at all is refused, and not repeated in the refusal", "[access]") {
    Keys keys;
    const MadeKey made = keys.create();
    const KeyRing ring(keys.data.path());
    std::string upper = made.key;
    upper[made.info.id.size() + 1] = 'A';
    for (const std::string& text : {std::string(), std::string("hunter2"), made.info.id, made.info.id + '_', made.key + '0',
                                    made.key.substr(1), ' ' + made.key, upper, std::string(made.key.size(), '\0')}) {
        const std::string message = refusal_of(ring.check(text, monday));
        CHECK(message.starts_with("this is no API key of daybook"));
        CHECK(message.find("hunter2") == std::string::npos);
        CHECK(message.find(made.info.id) == std::string::npos);
    }
}

TEST_CASE("a key holds until the moment at which it expires", "[access]") {
    Keys keys;
    const Time end = monday + std::chrono::hours(1);
    const MadeKey made = keys.create("short", end);
    const KeyRing ring(keys.data.path());
    CHECK(ring.check(made.key, end - Microseconds(1)));
    CHECK(refusal_of(ring.check(made.key, end)) == "the API key " + made.info.id + " expired at 2026-02-23T11:00:00Z");
    CHECK(ring.any_holds(end - Microseconds(1)));
    CHECK_FALSE(ring.any_holds(end));
    CHECK(ring.asks_for_keys());
}

TEST_CASE("a revoked key holds no more, keeps its row, and only who has its secret is told", "[access]") {
    Keys keys;
    const MadeKey made = keys.create();
    KeyRing ring(keys.data.path());
    const Time later = monday + std::chrono::hours(1);
    const auto revoked = revoke_key(keys.data.path(), made.info.id, "ada", later);
    REQUIRE(revoked);
    CHECK_FALSE(revoked->already);
    CHECK(ring.check(made.key, later));  // as it was read
    CHECK(ring.reload());
    CHECK_FALSE(ring.reload());
    CHECK(refusal_of(ring.check(made.key, later)) == "the API key " + made.info.id + " was revoked at 2026-02-23T11:00:00Z");
    std::string wrong = made.key;
    wrong.back() = wrong.back() == '0' ? '1' : '0';
    CHECK(refusal_of(ring.check(wrong, later)).find("not known") != std::string::npos);
    const auto again = revoke_key(keys.data.path(), made.info.id, "bob", later + std::chrono::hours(1));
    REQUIRE(again);
    CHECK(again->already);
    CHECK(again->info.revoked_at == later);
    CHECK(again->info.revoked_by == "ada");
    CHECK(read_keys(keys.data.path()).size() == 1);
}

TEST_CASE("a key that is not there can't be revoked, and what was given is not repeated unless it is an id", "[access]") {
    Keys keys;
    const MadeKey made = keys.create();
    const auto secret = revoke_key(keys.data.path(), "hunter2", "ada", monday);
    REQUIRE_FALSE(secret);
    CHECK(secret.refusal().code == RefusalCode::not_found);
    CHECK(secret.refusal().message.find("hunter2") == std::string::npos);
    const auto unknown = revoke_key(keys.data.path(), "dbk_0000000000000000", "ada", monday);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.refusal().message.starts_with("no such key: dbk_0000000000000000"));
}

TEST_CASE("a key needs a name, an agent and an end that is to come", "[access]") {
    Keys keys;
    const auto field = [&](const NewKey& wanted) {
        const auto made = create_key(keys.data.path(), wanted, "sofiia", monday, keys.entropy);
        REQUIRE_FALSE(made);
        CHECK(made.refusal().code == RefusalCode::invalid);
        return made.refusal().field;
    };
    CHECK(field({"", "helion", {}, {}}) == "/name");
    CHECK(field({"two\nlines", "helion", {}, {}}) == "/name");
    CHECK(field({"\xFF", "helion", {}, {}}) == "/name");
    CHECK(field({std::string(129, 'x'), "helion", {}, {}}) == "/name");
    CHECK(field({"x", "no agent", {}, {}}) == "/agent");
    CHECK(field({"x", "helion", "no role", {}}) == "/role");
    CHECK(field({"x", "helion", {}, monday}) == "/expires_at");
    CHECK_FALSE(std::filesystem::exists(keys_file(keys.data.path())));
}

TEST_CASE("a keys file that others may read or write is refused", "[access]") {
    Keys keys;
    keys.create();
    for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0644U}) {
        REQUIRE(::chmod(keys_file(keys.data.path()).c_str(), mode) == 0);
        CHECK(keys.fault().find("which lets others at it") != std::string::npos);
        CHECK_THROWS_AS(keys.create(), StorageError);
        CHECK_THROWS_AS(KeyRing(keys.data.path()), StorageError);
    }
    REQUIRE(::chmod(keys_file(keys.data.path()).c_str(), 0400) == 0);
    CHECK(keys.fault().empty());
}

TEST_CASE("a damaged keys file is named with the place, tells no secret, and nothing is written over it", "[access]") {
    Keys keys;
    const MadeKey made = keys.create();
    const std::string good = keys.text();
    const std::string hash = to_hex(read_keys(keys.data.path())[0].hash);
    const auto check = [&](const std::string& text, const std::string& what) {
        INFO(text);
        keys.write(text);
        const std::string fault = keys.fault();
        CHECK(fault.find(what) != std::string::npos);
        CHECK(fault.find(hash) == std::string::npos);
        CHECK_THROWS_AS(keys.create(), StorageError);
        CHECK_THROWS_AS(revoke_key(keys.data.path(), made.info.id, "ada", monday), StorageError);
        CHECK(keys.text() == text);
    };
    check("", "is damaged: it is not daybook-keys/1 JSON");
    check(good.substr(0, good.size() / 2), "is damaged: it is not");
    check("[]", "is damaged: it is not");
    check(replaced(good, "keys/1", "keys/2"), "is damaged: it is not");
    check(replaced(good, hash, hash.substr(2)), "/keys/0/hash must be 64 hex digits");
    check(replaced(good, hash, made.key), "/keys/0/hash must be 64 hex digits");
    check(replaced(good, "\"helion\"", "\"no agent\""), "/keys/0/agent is not what it should be");
    check(replaced(good, made.info.id, made.key), "/keys/0/id is not what it should be");
    check(replaced(good, "\"2026-02-23T10:00:00Z\"", "null"), "/keys/0/created_at must be a time");
    check(replaced(good, "\"expires_at\":null", "\"expires_at\":\"never\""), "/keys/0/expires_at is not what it should be");
    check(replaced(good, "\"role\"", "\"rule\""), "/keys/0/role is missing");
    check(replaced(good, "\"role\":null", "\"role\":null,\"scope\":\"x\""), "/keys/0 must have the members of a key");
    check(replaced(good, "[\n", "[\n7,"), "/keys/0 must have the members of a key");
    const std::string row = good.substr(good.find("\n{") + 1, good.find("}\n") - good.find("\n{"));
    check(replaced(good, row, row + "," + row), "/keys/1/id stands there twice");
    keys.write(good);
    CHECK(keys.fault().empty());
}

TEST_CASE("a ring whose file became damaged keeps the keys that it had, and takes the mended one", "[access]") {
    Keys keys;
    const MadeKey made = keys.create();
    KeyRing ring(keys.data.path());
    const std::string good = keys.text();
    keys.write("{");
    CHECK_THROWS_AS(ring.reload(), StorageError);
    CHECK_THROWS_AS(ring.reload(), StorageError);  // it is told until it is mended
    CHECK(ring.check(made.key, monday));
    keys.write(good);
    CHECK(ring.reload());
    CHECK(ring.check(made.key, monday));
}

TEST_CASE("a ring sees keys that are made later, and asks for one for ever", "[access]") {
    Keys keys;
    KeyRing ring(keys.data.path());
    CHECK_FALSE(ring.asks_for_keys());
    CHECK_FALSE(ring.any_holds(monday));
    CHECK_FALSE(ring.reload());
    const MadeKey made = keys.create();
    CHECK(ring.reload());
    CHECK(ring.asks_for_keys());
    CHECK(ring.check(made.key, monday));
    std::filesystem::remove(keys_file(keys.data.path()));
    CHECK(ring.reload());
    CHECK(ring.asks_for_keys());
    CHECK_FALSE(ring.any_holds(monday));
    CHECK(refusal_of(ring.check(made.key, monday)).find("not known") != std::string::npos);
}

TEST_CASE("processes that make keys at once lose none", "[access]") {
    const TemporaryDirectory data;
    const auto make = [&] {
        SystemEntropy entropy;
        for (int i = 0; i < 20; ++i) {
            if (!create_key(data.path(), {"many", "helion", {}, {}}, "sofiia", monday, entropy)) return std::string("refused");
        }
        return std::string("made");
    };
    Child one(make);
    Child two(make);
    CHECK(one.wait() == "made");
    CHECK(two.wait() == "made");
    CHECK(read_keys(data.path()).size() == 40);
}
