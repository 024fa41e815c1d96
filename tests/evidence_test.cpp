#include "journal/evidence.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

#include "journal/base64.hpp"
#include "tests/golden_key.hpp"
#include "tests/integration/program.hpp"
#include "tests/journal_samples.hpp"
#include "tests/mutation.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct EvidenceOf {
    TestJournal journal;
    TemporaryDirectory data;
    LogSigner signer{SigningKey(journal->snapshot()->origin(), golden_private_key()), {data.path(), std::nullopt}};

    explicit EvidenceOf(unsigned events) { fill_with_samples(journal, events); }

    std::string about(std::string_view stream) {
        std::string text;
        const auto outcome = write_evidence(*journal, stream, signer, [&](std::string_view piece) { text += piece; });
        if (!outcome) throw std::runtime_error(outcome.refusal().message);
        return text;
    }
    // Why `text` is refused; empty where it is accepted.
    std::string refusal(const std::string& text) const {
        const auto outcome = verify_evidence(text, signer.verifier());
        return outcome ? "" : outcome.refusal().message;
    }
    // The incident with the most events.
    std::string busiest() {
        const auto snapshot = journal->snapshot();
        std::string best;
        std::uint64_t most = 0;
        for (std::uint32_t number = 1; number <= snapshot->stream_count(); ++number) {
            const std::string id(snapshot->stream_id({number}));
            if (!is_incident_id(id) || snapshot->stream(StreamNumber{number})->version <= most) continue;
            most = snapshot->stream(StreamNumber{number})->version;
            best = id;
        }
        return best;
    }
};

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return text;
}

}  // namespace

TEST_CASE("evidence of every stream is accepted, and says what is in it", "[evidence]") {
    EvidenceOf e(120);
    const auto snapshot = e.journal->snapshot();
    for (std::uint32_t number = 1; number <= snapshot->stream_count(); ++number) {
        const std::string id(snapshot->stream_id({number}));
        const auto outcome = verify_evidence(e.about(id), e.signer.verifier());
        REQUIRE(outcome);
        const StreamHead head = *snapshot->stream(StreamNumber{number});
        CHECK(outcome->statement.stream == id);
        CHECK(outcome->statement.version == head.version);
        CHECK(outcome->statement.sequence == head.sequence);
        CHECK(outcome->statement.head == head.leaf);
        CHECK(outcome->statement.size == snapshot->size());
        CHECK(outcome->redacted == 0);
    }
}

TEST_CASE("there is no evidence about what is not there", "[evidence]") {
    EvidenceOf e(20);
    std::string written;
    const auto outcome =
        write_evidence(*e.journal, "inc_20260223_1000_absent", e.signer, [&](std::string_view piece) { written += piece; });
    REQUIRE_FALSE(outcome);
    CHECK(outcome.refusal().code == RefusalCode::not_found);
    CHECK(written.empty());
}

TEST_CASE("evidence with any byte changed, added or cut is refused", "[evidence]") {
    EvidenceOf e(60);
    const std::string good = e.about(e.busiest());
    CHECK(e.refusal(good).empty());
    rc::prop("no mutation is accepted", [&] {
        const std::string bad = mutated(good);
        RC_PRE(bad != good);
        RC_ASSERT_FALSE(e.refusal(bad).empty());
    });
    rc::prop("no part is accepted",
             [&] { RC_ASSERT_FALSE(e.refusal(good.substr(0, any_of<std::size_t>(0, good.size()))).empty()); });
}

TEST_CASE("evidence with a line left out, doubled, moved or taken from elsewhere is refused", "[evidence]") {
    EvidenceOf e(120);
    const std::string id = e.busiest();
    const auto lines = lines_of(e.about(id));
    REQUIRE(lines.size() > 5);
    const auto others = lines_of(e.about("$triage"));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto bad = lines;
        bad.erase(bad.begin() + static_cast<std::ptrdiff_t>(i));
        CHECK_FALSE(e.refusal(joined(bad)).empty());
        bad = lines;
        bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
        CHECK_FALSE(e.refusal(joined(bad)).empty());
        bad = lines;
        std::swap(bad[i], bad[(i + 1) % bad.size()]);
        CHECK_FALSE(e.refusal(joined(bad)).empty());
        bad = lines;
        bad[i] = others[std::min(i, others.size() - 1)];
        CHECK_FALSE(e.refusal(joined(bad)).empty());
        bad = lines;
        bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(i), "");
        CHECK_FALSE(e.refusal(joined(bad)).empty());
    }
    auto bad = lines;
    bad.push_back(others.back());
    CHECK(e.refusal(joined(bad)).find("only what explains a redaction") != std::string::npos);
}

TEST_CASE("an old end of a stream does not pass for the head of a newer checkpoint", "[evidence]") {
    EvidenceOf e(60);
    const std::string id = e.busiest();
    const auto old = lines_of(e.about(id));
    REQUIRE(e.journal.append_note(id, "what the old evidence does not know"));
    const auto now = lines_of(e.about(id));
    CHECK(e.refusal(joined(old)).empty());  // true as of its checkpoint
    CHECK(e.refusal(joined(now)).empty());
    REQUIRE(now.size() == old.size() + 1);
    CHECK(e.refusal(joined({now.begin(), now.end() - 1})).find("the file ends after") != std::string::npos);

    // The new checkpoint with the old statement.
    const std::string& header = old.front();
    const std::string statement = header.substr(header.find("\"statement\""));
    auto mixed = old;
    mixed[0] = now[0].substr(0, now[0].find("\"statement\"")) + statement;
    CHECK(e.refusal(joined(mixed)).find("made for another checkpoint") != std::string::npos);
    mixed = now;
    mixed[0] = header;
    CHECK_FALSE(e.refusal(joined(mixed)).empty());
}

TEST_CASE("evidence that another key has signed is refused", "[evidence]") {
    EvidenceOf e(20);
    SeededEntropy entropy(3);
    Ed25519Seed seed;
    entropy.fill(seed.data(), seed.size());
    const VerifierKey other(e.journal->snapshot()->origin(), Ed25519PrivateKey(seed).public_key());
    const auto outcome = verify_evidence(e.about(e.busiest()), other);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.refusal().message.find("is not signed with the key") != std::string::npos);
}

TEST_CASE("a redacted event verifies with the event that redacted it, and not without", "[evidence]") {
    EvidenceOf e(60);
    const std::string id = e.busiest();
    const auto before = lines_of(e.about(id));
    const std::uint64_t first = [&] {
        const auto snapshot = e.journal->snapshot();
        for (const Sequence sequence : snapshot->stream_sequences(*snapshot->stream_number(id))) {
            const EventType type = snapshot->record(sequence)->type();
            if (type == EventType::incident_created || type == EventType::alert) return sequence.value;
        }
        throw std::runtime_error("the sample has none to redact");
    }();
    redact_sample(e.journal, first);
    const std::string good = e.about(id);
    const auto outcome = verify_evidence(good, e.signer.verifier());
    REQUIRE(outcome);
    CHECK(outcome->redacted == 1);
    CHECK(e.refusal(joined(before)).empty());  // as of then

    auto lines = lines_of(good);
    REQUIRE(lines.size() == before.size() + 1);  // with the explanation, an event of $admin
    auto bad = lines;
    bad.pop_back();
    CHECK(e.refusal(joined(bad)).find("no event says that it was redacted") != std::string::npos);
    bad = lines;
    bad.push_back(lines.back());
    CHECK(e.refusal(joined(bad)).find("only what explains a redaction") != std::string::npos);
}

TEST_CASE("a payload that was withheld from good evidence is refused", "[evidence]") {
    EvidenceOf e(60);
    auto lines = lines_of(e.about(e.busiest()));
    std::string& line = lines[2];
    const std::size_t payload = line.find(",\"payload\":");
    line = line.substr(0, payload) + ",\"payload\":null,\"salt\":null}" + line.substr(line.find(",\"proof\":"));
    CHECK(e.refusal(joined(lines)).find("no event says that it was redacted") != std::string::npos);
}

TEST_CASE("a statement has one text", "[evidence]") {
    EvidenceStatement statement{"log.example/a", "$triage", 2, {7}, {}, 9, {}};
    REQUIRE(EvidenceStatement::parse(statement.text()));
    CHECK(EvidenceStatement::parse(statement.text())->text() == statement.text());
    CHECK_FALSE(Checkpoint::parse(statement.text()));  // no signature over it can pass for one over a checkpoint
    rc::prop("no other text is read as the same", [&] {
        const std::string bad = mutated(statement.text());
        const auto parsed = EvidenceStatement::parse(bad);
        RC_ASSERT((!parsed || parsed->text() == bad));
    });
    CHECK_FALSE(EvidenceStatement::parse(""));
    CHECK_FALSE(EvidenceStatement::parse("daybook-evidence/1"));
}
