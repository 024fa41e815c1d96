#include "journal/identifiers.hpp"

#include <array>
#include <set>

#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("the same seed gives the same bytes, another seed others", "[identifiers]") {
    SeededEntropy one(7);
    SeededEntropy same(7);
    SeededEntropy other(8);
    std::array<char, 100> a{};
    std::array<char, 100> b{};
    std::array<char, 100> c{};
    one.fill(a.data(), a.size());
    same.fill(b.data(), b.size());
    other.fill(c.data(), c.size());
    CHECK(a == b);
    CHECK(a != c);
}

TEST_CASE("the system's randomness gives no id twice", "[identifiers]") {
    SystemEntropy entropy;
    std::set<Uuid> ids;
    for (int i = 0; i < 2000; ++i) ids.insert(make_uuid7(at("2026-02-23T10:00:00Z"), entropy));
    CHECK(ids.size() == 2000);
}

TEST_CASE("the system's randomness fills any size", "[identifiers]") {
    SystemEntropy entropy;
    for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 20000U}) {
        std::string bytes(size + 2, 'x');
        entropy.fill(bytes.data() + 1, size);
        CHECK(bytes.front() == 'x');
        CHECK(bytes.back() == 'x');
        if (size > 1000) CHECK(std::set<char>(bytes.begin(), bytes.end()).size() > 200);
    }
}

TEST_CASE("a UUIDv7 has its version, its variant and its milliseconds", "[identifiers]") {
    SeededEntropy entropy(1);
    const Time time = at("2026-02-23T10:00:00.123456Z");
    const Uuid uuid = make_uuid7(time, entropy);
    const std::string text = format_uuid(uuid);
    CHECK(text.size() == 36);
    CHECK(text[14] == '7');
    CHECK(std::string("89ab").find(text[19]) != std::string::npos);
    CHECK(uuid7_millis(uuid) == to_micros(time) / 1000);

    Uuid version_4 = uuid;
    version_4[6] = 0x40;
    CHECK_FALSE(uuid7_millis(version_4));
}

TEST_CASE("UUIDs sort by their time", "[identifiers]") {
    SeededEntropy entropy(1);
    std::string before;
    for (int i = 0; i < 100; ++i) {
        const std::string uuid = format_uuid(make_uuid7(at("2026-02-23T10:00:00Z") + std::chrono::milliseconds(i), entropy));
        CHECK(before < uuid);
        before = uuid;
    }
}

TEST_CASE("an incident's id names the minute of its start", "[identifiers]") {
    SeededEntropy entropy(1);
    const std::string id = make_incident_id(at("2026-02-23T10:42:59Z"), entropy);
    CHECK(id.starts_with("inc_20260223_1042_"));
    CHECK(id.size() == 28);
    CHECK(is_incident_id(id));
    CHECK(make_incident_id(at("2026-02-23T10:42:59Z"), entropy) != id);
}

TEST_CASE("a short id has its prefix, and sorts by its time", "[identifiers]") {
    SeededEntropy entropy(1);
    const std::string first = make_short_id("fu_", at("2026-02-23T10:00:00Z"), entropy);
    const std::string second = make_short_id("fu_", at("2026-02-23T10:00:00.001Z"), entropy);
    CHECK(first.starts_with("fu_"));
    CHECK(first.size() == 3 + 16);
    CHECK(first.find_first_not_of("0123456789abcdefghijklmnopqrstuv", 3) == std::string::npos);
    CHECK(first < second);
}

TEST_CASE("processes that were forked have random numbers of their own", "[identifiers]") {
    const auto some = [] {
        std::array<char, 16> bytes;
        SystemEntropy().fill(bytes.data(), bytes.size());
        return to_hex({bytes.data(), bytes.size()});
    };
    (void)some();  // more than that was fetched
    Child one(some);
    Child two(some);
    const std::string first = one.wait(), second = two.wait();
    CHECK(first.size() == 32);
    CHECK(first != second);
    CHECK(first != some());
}
