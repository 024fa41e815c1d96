#include "journal/verify.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

#include "tests/counting_index.hpp"
#include "tests/journal_samples.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("verification builds the indexes anew and compares each row") {
    CountingIndex index;
    TestJournal journal({&index});
    fill_with_samples(journal, 300);
    redact_sample(journal, 2);
    redact_sample(journal, 5);
    const auto put = [&](const char* table, std::string_view key, std::optional<std::string_view> value) {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        if (value) {
            transaction.put(*transaction.open(table), key, *value);
        } else {
            REQUIRE(transaction.erase(*transaction.open(table), key));
        }
        transaction.commit();
    };
    const TemporaryDirectory scratch;
    const auto finding = [&] {
        const Verification verification = verify(*journal, with_counting_index(scratch));
        REQUIRE(verification.findings_count == 1);
        CHECK(verification.findings[0].kind == Finding::Kind::index);
        return verification.findings[0].text;
    };
    SECTION("sound") {
        const Verification verification = verify(*journal, with_counting_index(scratch));
        for (const Finding& one : verification.findings) UNSCOPED_INFO(one.text);
        CHECK(verification.sound());
    }
    SECTION("a changed row") {
        put("test_counts", "$jobs", "changed");
        CHECK(finding() == "the table test_counts does not say what the events lead to for '$jobs'");
    }
    SECTION("a row too few") {
        put("test_counts", "$jobs", {});
        CHECK(finding() == "the table test_counts lacks the row '$jobs'");
    }
    SECTION("a row too many") {
        put("test_alerts", "zz", "top");
        CHECK(finding() == "the table test_alerts has a row that the events do not lead to: 'zz'");
    }
}

TEST_CASE("a journal that is appended to meanwhile verifies") {
    CountingIndex index;
    TestJournal journal({&index});
    fill_with_samples(journal, 300);
    std::atomic<bool> stop = false;
    std::thread writer([&] {
        for (unsigned i = 0; !stop; ++i) {
            Batch batch;
            batch.events.push_back(event_of(stream_name(i % 9), note("meanwhile"), journal.now()));
            AppendRequest request;
            request.input = KeyedInput{"meanwhile-" + std::to_string(i), std::nullopt};
            request.decide = [&](const JournalView&, Time) -> Result<Batch> { return batch; };
            if (!journal->append(request)) return;
        }
    });
    for (int i = 0; i < 30; ++i) {
        const TemporaryDirectory scratch;
        const Verification verification = verify(*journal, with_counting_index(scratch));
        for (const Finding& finding : verification.findings) UNSCOPED_INFO(finding.text);
        CHECK(verification.sound());
    }
    stop = true;
    writer.join();
}
