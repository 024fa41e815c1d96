// A journal that a test damages behind its back, and what verification then finds.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include "journal/verify.hpp"
#include "tests/journal_samples.hpp"
#include "tests/support.hpp"

namespace daybook::test {

using Kind = Finding::Kind;

// A sound journal of 300 varied events that a test damages behind the journal's back.
struct DamagedJournal {
    TestJournal journal;

    DamagedJournal() { fill_with_samples(journal, 300); }

    std::string get(const char* table, std::string_view key) {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::read);
        return std::string(*transaction.get(*transaction.open(table), key));
    }
    void put(const char* table, std::string_view key, std::string_view value) {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        transaction.put(*transaction.open(table), key, value);
        transaction.commit();
    }
    void erase(const char* table, std::string_view key) {
        lmdb::Transaction transaction(journal->environment(), lmdb::Transaction::Kind::write);
        REQUIRE(transaction.erase(*transaction.open(table), key));
        transaction.commit();
    }
    std::string event(std::uint64_t sequence) { return get("events", key_of(sequence, 8)); }
    void put_event(std::uint64_t sequence, std::string_view bytes) { put("events", key_of(sequence, 8), bytes); }
    void flip(std::uint64_t sequence, std::size_t at) {
        std::string bytes = event(sequence);
        bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
        put_event(sequence, bytes);
    }
    // Changes the header of a record.
    void change(std::uint64_t sequence, const std::function<void(RecordHeader&)>& how) {
        std::string bytes = event(sequence);
        RecordHeader header;
        std::memcpy(&header, bytes.data(), sizeof header);
        how(header);
        std::memcpy(bytes.data(), &header, sizeof header);
        put_event(sequence, bytes);
    }
    // Where in its record salt and payload begin.
    std::size_t salt_at(std::uint64_t sequence) {
        return sizeof(RecordHeader) + 32 * (static_cast<std::size_t>(completed_nodes({sequence})) + 1);
    }
    std::size_t payload_at(std::uint64_t sequence) {
        const std::string bytes = event(sequence);
        return bytes.size() - RecordView::parse(bytes)->payload().size();
    }
    // The first event for which `fits` holds.
    std::uint64_t find(const std::function<bool(const RecordView&)>& fits) {
        const auto snapshot = journal->snapshot();
        for (std::uint64_t sequence = 20; sequence <= 300; ++sequence) {
            if (fits(*snapshot->record({sequence}))) return sequence;
        }
        FAIL("there is no such sample");
        return 0;
    }
    std::uint64_t find(EventType type) {
        return find([&](const RecordView& record) { return record.type() == type; });
    }

    Verification verified() { return verify(*journal, {}); }
    // The findings of a kind about an event, or about none (0).
    bool finds(Kind kind, std::uint64_t sequence) {
        const Verification verification = verified();
        CHECK_FALSE(verification.sound());
        return std::any_of(verification.findings.begin(), verification.findings.end(),
                           [&](const Finding& finding) { return finding.kind == kind && finding.sequence.value == sequence; });
    }
    // Whether that is all that is found.
    bool finds_only(Kind kind, std::uint64_t sequence) {
        const bool found = finds(kind, sequence);
        INFO(problems_of(*journal));
        CHECK(verified().findings_count == 1);
        return found;
    }
};

}  // namespace daybook::test
