#include <catch2/catch.hpp>

#include "tests/damaged_journal.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Whether that look finds something of the kind about the event.
bool finds(DamagedJournal& damaged, const QuickOptions& options, Kind kind, std::uint64_t sequence) {
    const auto findings = verify_quick(*damaged.journal, options).verification.findings;
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.kind == kind && finding.sequence.value == sequence; });
}

bool sound(DamagedJournal& damaged, const QuickOptions& options) {
    return verify_quick(*damaged.journal, options).verification.sound();
}

}  // namespace

TEST_CASE("a quick look at a sound journal finds nothing, and gives the root", "[verify]") {
    DamagedJournal damaged;
    const QuickVerification quick = verify_quick(*damaged.journal, {20, 30, 7});
    CHECK(quick.verification.sound());
    CHECK(quick.checked == 50);
    CHECK(quick.verification.root == damaged.verified().root);
    CHECK(verify_quick(*damaged.journal, {1000, 1000, 7}).checked == 300);
    CHECK(verify_quick(*damaged.journal, {0, 1000, 7}).checked == 300);
    CHECK(verify_quick(*TestJournal(), {10, 10, 1}).verification.sound());
}

TEST_CASE("a quick look finds a payload that was changed among the last, and leaves the others alone", "[verify]") {
    DamagedJournal damaged;
    damaged.flip(290, damaged.payload_at(290) + 3);
    CHECK(finds(damaged, {11, 0, 1}, Kind::leaf, 290));
    CHECK(sound(damaged, {10, 0, 1}));
}

TEST_CASE("a quick look finds a payload that was changed in its sample, which the seed chooses", "[verify]") {
    DamagedJournal damaged;
    damaged.flip(100, damaged.payload_at(100) + 3);
    CHECK(finds(damaged, {0, 300, 1}, Kind::leaf, 100));
    int found = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const QuickOptions options{10, 145, seed};  // half of the others
        const bool once = finds(damaged, options, Kind::leaf, 100);
        CHECK(once == finds(damaged, options, Kind::leaf, 100));
        if (once) ++found;
    }
    CHECK(found > 0);
    CHECK(found < 20);
}

TEST_CASE("a quick look finds a node that was changed on the way from an event to the root", "[verify]") {
    DamagedJournal damaged;
    // The root of the first 128 leaves, in the record of event 128: on the way of every event of 129 to 256.
    damaged.flip(128, sizeof(RecordHeader) + 32 * 7);
    const QuickVerification quick = verify_quick(*damaged.journal, {0, 300, 1});
    CHECK_FALSE(quick.verification.sound());
    CHECK(finds(damaged, {0, 300, 1}, Kind::tree, 128));
    CHECK(finds(damaged, {0, 300, 1}, Kind::tree, 130));
    CHECK_FALSE(finds(damaged, {0, 300, 1}, Kind::tree, 1));
}

TEST_CASE("a quick look names an event that is missing", "[verify]") {
    DamagedJournal damaged;
    damaged.erase("events", key_of(295, 8));
    CHECK(finds(damaged, {10, 0, 1}, Kind::record, 295));
}
