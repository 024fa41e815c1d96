#include "journal/verify.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/damaged_journal.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("a sound journal verifies, with its size and root") {
    TestJournal journal;
    fill_with_samples(journal, 300);
    const Verification verification = verify(*journal, {});
    INFO(problems_of(*journal));
    CHECK(verification.sound());
    CHECK(verification.notices_count == 0);
    CHECK(verification.size == 300);
    Sha256 sha256;
    CHECK(verification.root == journal->snapshot()->root(sha256, 300));
}

TEST_CASE("an empty journal verifies") {
    TestJournal journal;
    const Verification verification = verify(*journal, {});
    CHECK(verification.sound());
    CHECK(verification.size == 0);
}

TEST_CASE("a journal of several batches verifies with any number of threads") {
    TestJournal journal;
    for (int round = 0; round < 4; ++round) {
        std::vector<AppendRequest> requests;
        for (unsigned i = 0; i < 5000; ++i) requests.push_back(journal.request(stream_name(i % 50), note("n" + std::to_string(i))));
        for (const auto& answer : journal->append_all(requests)) REQUIRE(answer);
        journal.advance(Microseconds(300));
    }
    for (const unsigned threads : {1U, 2U, 5U}) {
        VerifyOptions options;
        options.threads = threads;
        std::uint64_t last = 0;
        options.progress = [&](std::uint64_t events, std::uint64_t of) {
            CHECK(events > last);
            CHECK(of == 20'000);
            last = events;
        };
        const Verification verification = verify(*journal, options);
        INFO(problems_of(*journal));
        CHECK(verification.sound());
        CHECK(last == 20'000);
    }
}

TEST_CASE("verification finds a flipped bit anywhere in a record, and names the event") {
    DamagedJournal damaged;
    const std::uint64_t sequence = damaged.find(EventType::alert);
    const std::string original = damaged.event(sequence);
    for (std::size_t at = 0; at < original.size(); ++at) {
        std::string bytes = original;
        bytes[at] = static_cast<char>(bytes[at] ^ 1);
        damaged.put_event(sequence, bytes);
        const Verification verification = damaged.verified();
        INFO("byte " << at);
        CHECK(std::any_of(verification.findings.begin(), verification.findings.end(),
                          [&](const Finding& finding) { return finding.sequence.value == sequence; }));
    }
    damaged.put_event(sequence, original);
    CHECK(damaged.verified().sound());
}

TEST_CASE("verification says what is wrong with a payload, a salt, a leaf and a node") {
    DamagedJournal damaged;
    SECTION("a letter of a text in the payload") {
        damaged.flip(64, damaged.event(64).size() - 3);
        CHECK(damaged.finds(Kind::leaf, 64));
    }
    SECTION("the salt") {
        damaged.flip(64, damaged.salt_at(64));
        CHECK(damaged.finds_only(Kind::leaf, 64));
    }
    SECTION("the leaf hash") {
        damaged.flip(63, sizeof(RecordHeader));
        CHECK(damaged.finds(Kind::leaf, 63));
        CHECK(damaged.finds(Kind::tree, 64));
    }
    SECTION("a node") {
        damaged.flip(64, sizeof(RecordHeader) + 32 * 3);
        CHECK(damaged.finds_only(Kind::tree, 64));
    }
    SECTION("a payload that is no JSON") {
        std::string bytes = damaged.event(64);
        bytes.back() = ' ';
        damaged.put_event(64, bytes);
        CHECK(damaged.finds(Kind::payload, 64));
    }
}

TEST_CASE("verification finds records that were swapped, removed, cut or added") {
    DamagedJournal damaged;
    SECTION("swapped") {
        const std::string a = damaged.event(101);
        damaged.put_event(101, damaged.event(103));
        damaged.put_event(103, a);
        CHECK(damaged.finds(Kind::order, 101));
        CHECK(damaged.finds(Kind::order, 103));
    }
    SECTION("removed") {
        damaged.erase("events", key_of(100, 8));
        CHECK(damaged.finds(Kind::record, 100));
    }
    SECTION("removed at the end") {
        damaged.erase("events", key_of(300, 8));
        CHECK(damaged.finds(Kind::stream, 0));
        CHECK(damaged.verified().size == 299);
    }
    SECTION("a whole range") {
        for (std::uint64_t sequence = 100; sequence < 200; ++sequence) damaged.erase("events", key_of(sequence, 8));
        CHECK(damaged.finds(Kind::record, 100));
        CHECK(damaged.finds(Kind::stream, 0));
        CHECK_FALSE(damaged.finds(Kind::tree, 256));  // its leaves are not known
    }
    SECTION("cut") {
        damaged.put_event(100, damaged.event(100).substr(0, 200));
        damaged.put_event(150, "");
        CHECK(damaged.finds(Kind::record, 100));
        CHECK(damaged.finds(Kind::record, 150));
    }
    SECTION("added far away") {
        damaged.put_event(std::uint64_t{1} << 50, damaged.event(100));
        CHECK(damaged.finds(Kind::record, 301));
        CHECK(damaged.finds(Kind::order, std::uint64_t{1} << 50));
    }
    SECTION("a row with a strange key") {
        damaged.put("events", FixedKey().add(100, 8).add(1, 1), "y");
        CHECK(damaged.finds_only(Kind::record, 0));
    }
}

TEST_CASE("verification compares the header with the payload and with the events around it") {
    DamagedJournal damaged;
    const std::uint64_t alert = damaged.find(EventType::alert);
    SECTION("severity") {
        damaged.change(alert, [](RecordHeader& header) { header.severity ^= 1; });
        CHECK(damaged.finds_only(Kind::header, alert));
    }
    SECTION("state") {
        damaged.change(alert, [](RecordHeader& header) { header.to = 2; });
        CHECK(damaged.finds_only(Kind::header, alert));
    }
    SECTION("service") {
        damaged.change(alert, [](RecordHeader& header) { header.service = header.env; });
        CHECK(damaged.finds_only(Kind::header, alert));
    }
    SECTION("a name that is not there") {
        damaged.change(alert, [](RecordHeader& header) { header.kind = 12'345; });
        CHECK(damaged.finds(Kind::name, alert));
    }
    SECTION("moment") {
        damaged.change(alert, [](RecordHeader& header) { ++header.moment; });
        CHECK(damaged.finds_only(Kind::header, alert));
    }
    SECTION("type") {
        damaged.change(alert, [](RecordHeader& header) { header.type = EventType::note; });
        CHECK(damaged.finds(Kind::leaf, alert));
    }
    SECTION("version") {
        damaged.change(alert, [](RecordHeader& header) { ++header.version; });
        CHECK(damaged.finds(Kind::stream, alert));
        CHECK(damaged.finds(Kind::leaf, alert));
    }
    SECTION("previous") {
        damaged.change(alert, [](RecordHeader& header) { --header.previous; });
        CHECK(damaged.finds(Kind::stream, alert));
    }
    SECTION("previous, of the event itself") {
        damaged.change(alert, [](RecordHeader& header) { header.previous = header.sequence; });
        CHECK(damaged.finds(Kind::stream, alert));
    }
    SECTION("recorded_at") {
        damaged.change(alert, [](RecordHeader& header) { header.recorded_at -= 60'000'000; });
        CHECK(damaged.finds(Kind::order, alert));
    }
    SECTION("a time out of range") {
        damaged.change(alert, [](RecordHeader& header) { header.occurred_at = INT64_MAX; });
        CHECK(damaged.finds(Kind::order, alert));
    }
    SECTION("cause") {
        damaged.change(alert, [](RecordHeader& header) { header.cause = header.sequence; });
        CHECK(damaged.finds(Kind::order, alert));
    }
    SECTION("stream") {
        damaged.change(alert, [](RecordHeader& header) { header.stream = 99; });
        CHECK(damaged.finds(Kind::stream, alert));
    }
}

TEST_CASE("all findings are counted, and the first hundred are kept in the order of seq") {
    DamagedJournal damaged;
    for (std::uint64_t sequence = 100; sequence <= 250; ++sequence) damaged.flip(sequence, damaged.salt_at(sequence));
    const Verification verification = damaged.verified();
    CHECK(verification.findings_count == 151);
    REQUIRE(verification.findings.size() == Verification::kept_max);
    CHECK(verification.findings.front().sequence.value == 100);
    CHECK(verification.findings.back().sequence.value == 199);
}
