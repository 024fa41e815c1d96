// Many processes append at once, with expected versions and keys that others use too. The history of what each asked and was
// answered must be that of one journal: each event at one place, without gaps, one winner for each version and key, in an order
// that agrees with the clock.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "journal/descriptor.hpp"
#include "tests/fault/fault.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// One append, as the process that made it saw it.
struct Attempt {
    std::int64_t began = 0, ended = 0;  // of the one clock that all processes have
    unsigned stream = 0;
    std::uint64_t expected = 0;  // the stream's version
    std::string key;             // "-": none
    std::uint64_t sequence = 0;  // 0: refused
    bool duplicate = false;
    bool seen = false;  // by the same process, right after that
};

std::ostream& operator<<(std::ostream& out, const Attempt& one) {
    return out << one.began << ' ' << one.ended << ' ' << one.stream << ' ' << one.expected << ' ' << one.key << ' ' << one.sequence
               << ' ' << one.duplicate << ' ' << one.seen << '\n';
}
std::istream& operator>>(std::istream& in, Attempt& one) {
    return in >> one.began >> one.ended >> one.stream >> one.expected >> one.key >> one.sequence >> one.duplicate >> one.seen;
}

std::int64_t nanoseconds() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// `count` appends to three streams, each with the version that the process has just read, and every other one with a key of a few.
std::string append_some(const std::filesystem::path& directory, std::uint64_t seed, std::size_t count) {
    SeededEntropy entropy(seed);
    std::mt19937_64 random(seed);
    Journal journal(directory, {[] { return std::chrono::floor<Microseconds>(std::chrono::system_clock::now()); }, &entropy});
    std::ostringstream out;
    for (std::size_t i = 0; i < count; ++i) {
        Attempt one;
        one.stream = static_cast<unsigned>(random() % 3) + 1;
        const auto head = journal.snapshot()->stream(stream_name(one.stream));
        one.expected = head ? head->version : 0;
        one.key = random() % 2 == 0 ? "-" : "key-" + std::to_string(random() % count);
        AppendRequest request;
        if (one.key != "-") request.input = KeyedInput{one.key, {}};
        request.decide = [&](const JournalView&, Time now) {
            Batch batch;
            batch.events.push_back(event_of(stream_name(one.stream), note("note"), now));
            batch.expected.push_back({stream_name(one.stream), one.expected});
            return Result<Batch>(std::move(batch));
        };
        one.began = nanoseconds();
        const auto answer = journal.append(request);
        one.ended = nanoseconds();
        if (answer) {
            one.sequence = answer->first.value;
            one.duplicate = answer->duplicate;
            one.seen = journal.snapshot()->record(answer->first).has_value();
        }
        out << one;
    }
    return out.str();
}

}  // namespace

TEST_CASE("what many processes append at once is one history: no gap, one winner for each version and key", "[fault][many]") {
    Choices choices;
    INFO(choices.said());
    const TemporaryDirectory directory;
    constexpr std::size_t processes = 6;
    const std::size_t count = rounds(400, 3000);
    // They begin together, when this lock is given up; a process forked later may be slow to start.
    const std::filesystem::path start = directory / "start";
    const Descriptor gate(::open(start.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::flock(gate.get(), LOCK_EX) == 0);
    std::vector<std::unique_ptr<Child>> children;
    for (std::size_t i = 0; i < processes; ++i) {
        const std::uint64_t seed = choices.random();
        children.push_back(std::make_unique<Child>([&, seed] {
            const Descriptor waiting(::open(start.c_str(), O_RDONLY | O_CLOEXEC));
            if (::flock(waiting.get(), LOCK_SH) != 0) throw std::runtime_error("the start cannot be waited for");
            return append_some(directory / "journal", seed, count);
        }));
    }
    REQUIRE(::flock(gate.get(), LOCK_UN) == 0);
    std::vector<Attempt> attempts;
    for (const auto& child : children) {
        const std::string answer = child->wait();
        if (answer.starts_with("exception: ")) FAIL(answer);
        std::istringstream in(answer);
        for (Attempt one; in >> one;) attempts.push_back(one);
    }
    REQUIRE(attempts.size() == processes * count);

    std::set<std::uint64_t> sequences;
    std::set<std::pair<unsigned, std::uint64_t>> versions;  // that were won
    std::map<std::string, std::uint64_t> keys;
    std::size_t refused = 0, duplicates = 0;
    for (const Attempt& one : attempts) {
        INFO(one);
        if (one.sequence == 0) {
            ++refused;
            continue;
        }
        CHECK(one.seen);
        duplicates += one.duplicate ? 1 : 0;
        if (one.key != "-") CHECK(keys.try_emplace(one.key, one.sequence).first->second == one.sequence);
        if (one.duplicate) continue;
        CHECK(sequences.insert(one.sequence).second);
        CHECK(versions.insert({one.stream, one.expected + 1}).second);
    }
    CHECK(refused > 0);
    CHECK(duplicates > 0);
    CHECK(sequences.size() == attempts.size() - refused - duplicates);
    CHECK(*sequences.begin() == 1);
    CHECK(*sequences.rbegin() == sequences.size());
    // What was asked after something else was answered comes after it.
    std::vector<const Attempt*> written;
    for (const Attempt& one : attempts) {
        if (one.sequence != 0 && !one.duplicate) written.push_back(&one);
    }
    std::sort(written.begin(), written.end(), [](const Attempt* a, const Attempt* b) { return a->sequence > b->sequence; });
    std::int64_t first_end = INT64_MAX;  // of those with higher seqs
    for (const Attempt* one : written) {
        INFO(*one);
        CHECK(one->began <= first_end);
        first_end = std::min(first_end, one->ended);
    }
    // The versions of each stream follow each other, and the journal agrees with what was answered.
    SeededEntropy entropy(1);
    const Journal journal(directory / "journal", {[] { return Time(); }, &entropy});
    const Snapshot snapshot = journal.snapshot();
    CHECK(snapshot->size() == sequences.size());
    std::uint64_t events = 0;
    for (unsigned stream = 1; stream <= 3; ++stream) {
        const auto head = snapshot->stream(stream_name(stream));
        events += head ? head->version : 0;
        for (std::uint64_t version = 1; head && version <= head->version; ++version) CHECK(versions.contains({stream, version}));
    }
    CHECK(events == sequences.size());
    for (const Attempt* one : written) {
        CHECK(snapshot->record(Sequence{one->sequence})->header().version == one->expected + 1);
    }
    report("many: " + std::to_string(attempts.size()) + " appends, " + std::to_string(refused) + " refused, " +
           std::to_string(duplicates) + " duplicates");
}
