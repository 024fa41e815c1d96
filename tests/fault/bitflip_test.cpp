// Bits of a small journal's data.mdb are flipped in turn, and the real program verifies it each time, in a process of its own: a
// fork of this one, since starting the binary anew takes three times as long as what it does here.
//
// Here it is a sample; in the long form every bit, which takes an hour.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>

#include "journal/page_check.hpp"
#include "projections/decision_index.hpp"
#include "tests/fault/fault.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Whose bit it is.
enum class Place : std::uint8_t { free_page, unused, older_meta, separator, free_since, live };
constexpr std::array<const char*, 6> place_names{
    "free page", "unused room of a page", "older meta page", "separator on a branch page", "age of free pages", "live"};

// What verify did.
enum class Answer : std::uint8_t { sound, named, failed, silent, killed };
constexpr std::array<const char*, 5> answer_names{"sound", "damage named", "failed with a message", "failed without a word",
                                                  "killed"};

// Few events, but long values, artifacts, a tree of two levels, a free list, foreign ids, keys.
void fill(const Program& daybook) {
    std::vector<std::string> ids;
    for (const char* service : {"api", "web"}) {
        ids.push_back(daybook.out({"incident", "create", "--service", service, "--severity", "P1", "--title", "Slow"}));
    }
    daybook.out({"-q", "note", ids[0], std::string(3000, 'x')});
    write_file(daybook / "plan.md", "# Plan\n");
    daybook.out({"-q", "artifact", "attach", ids[0], (daybook / "plan.md").string()});
    daybook.out({"-q", "followup", "add", ids[1], "Add a canary", "--priority", "P2"});
    for (int i = 0; i < 8; ++i) {
        daybook.out({"-q", "note", ids[static_cast<std::size_t>(i % 2)], "note " + std::to_string(i), "--idempotency-key",
                     "key-" + std::to_string(i)});
    }
    const auto lines = lines_of(read_file(project_file("fixtures/triage/monday.jsonl")));
    daybook.out({"-q", "ingest", "-"}, lines[0] + "\n" + lines[1] + "\n");
    daybook.out({"-q", "incident", "resolve", ids[1]});
}

// For each byte of data.mdb.
std::vector<Place> places_of(const std::filesystem::path& journal) {
    const std::uint64_t size = std::filesystem::file_size(journal / "data.mdb");
    std::vector<Place> places(size, Place::unused);
    std::vector<bool> in_use(size / 4096, false);
    const PageCheck check =
        check_pages(journal, DecisionIndex::table_names(), [&](std::uint64_t at, std::uint64_t bytes, ByteUse use) {
            Place place = Place::live;
            if (use == ByteUse::older_meta) place = Place::older_meta;
            if (use == ByteUse::separator) place = Place::separator;
            if (use == ByteUse::free_since) place = Place::free_since;
            for (std::uint64_t i = at; i < at + bytes; ++i) places.at(i) = place;
            for (std::uint64_t page = at / 4096; page <= (at + bytes - 1) / 4096; ++page) in_use.at(page) = true;
        });
    REQUIRE(check.sound());
    REQUIRE(check.pages * 4096 == size);
    CHECK(check.lost == 0);
    CHECK(std::count(in_use.begin(), in_use.end(), false) == static_cast<std::ptrdiff_t>(check.free));
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!in_use[i / 4096]) places[i] = Place::free_page;
    }
    return places;
}

using Counts = std::array<std::array<std::uint64_t, answer_names.size()>, place_names.size()>;

// Flips the bits from `first` on, each `step`-th, in a copy of its own of the data directory.
class Flips {
public:
    Flips(const Program& daybook, const std::vector<Place>& places, const std::vector<std::uint64_t>& bits)
        : daybook_(daybook), places_(places), bits_(bits) {}

    // In as many processes as there are cores.
    void run() {
        const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
        std::vector<std::unique_ptr<Child>> workers;
        for (std::size_t i = 0; i < cores; ++i) {
            workers.push_back(std::make_unique<Child>([this, i, cores] {
                work(i, cores);
                return as_text();
            }));
        }
        for (const auto& worker : workers) add(worker->wait());
    }

    Counts counts{};
    std::vector<std::string> wrong;  // the first bits that were answered as they must not be

private:
    void work(std::size_t first, std::size_t step) {
        const std::filesystem::path copy = daybook_ / ("copy-" + std::to_string(first));
        std::filesystem::copy(daybook_.data(), copy, std::filesystem::copy_options::recursive);
        const std::string whole = read_file(copy / "journal/data.mdb");
        const std::vector<std::string> verify{"--data", copy.string(), "verify", "-o", "json", "-q"};
        run_here(verify);
        const int file = ::open((copy / "journal/data.mdb").c_str(), O_WRONLY | O_CLOEXEC);
        for (std::size_t turn = first; turn < bits_.size(); turn += step) {
            const std::uint64_t at = bits_[turn] / 8;
            const char flipped = static_cast<char>(whole[at] ^ (1 << (bits_[turn] % 8)));
            bool written = ::pwrite(file, &flipped, 1, static_cast<off_t>(at)) == 1;
            const Outcome outcome = run_forked(verify);
            written = written && ::pwrite(file, &whole[at], 1, static_cast<off_t>(at)) == 1;
            count(bits_[turn], written, outcome);
            if (first == 0 && turn / step % 20'000 == 19'999) {
                report(std::to_string(turn) + " of " + std::to_string(bits_.size()) + " bits");
            }
        }
        ::close(file);
        if (read_file(copy / "journal/data.mdb") != whole) wrong.push_back("verify changed the file");
    }

    static Answer answer(const Outcome& outcome) {
        if (outcome.status >= 128) return Answer::killed;
        if (outcome.status == 0) return Answer::sound;
        if (outcome.err.find("daybook: error: ") == std::string::npos) return Answer::silent;
        return outcome.status == 3 ? Answer::named : Answer::failed;
    }

    void count(std::uint64_t bit, bool written, const Outcome& outcome) {
        const Place place = places_[bit / 8];
        const Answer answer = Flips::answer(outcome);
        ++counts[static_cast<std::size_t>(place)][static_cast<std::size_t>(answer)];
        // The older meta page's bits may stop LMDB from opening the file, and a separator's may be out of order: that is told. The
        // rest of what is not live must not disturb.
        const bool harmless = place == Place::free_page || place == Place::unused;
        const bool right = written && answer != Answer::silent && answer != Answer::killed &&
                           (place != Place::live || answer != Answer::sound) && (!harmless || answer == Answer::sound);
        if (right || wrong.size() >= 100) return;
        wrong.push_back("byte " + std::to_string(bit / 8) + " (page " + std::to_string(bit / 8 / 4096) + ", at " +
                        std::to_string(bit / 8 % 4096) + "), bit " + std::to_string(bit % 8) + ", " +
                        place_names[static_cast<std::size_t>(place)] + ": " + answer_names[static_cast<std::size_t>(answer)] + " " +
                        outcome.err);
    }

    // What a worker found, for the process that started it.
    std::string as_text() const {
        std::string text;
        for (const auto& row : counts) {
            for (const std::uint64_t number : row) text += std::to_string(number) + ' ';
        }
        for (const std::string& one : wrong) text += '\n' + one;
        return text;
    }
    void add(const std::string& text) {
        std::istringstream in(text);
        for (auto& row : counts) {
            for (std::uint64_t& number : row) {
                std::uint64_t more = 0;
                if (!(in >> more)) throw std::runtime_error("a worker failed: " + text);
                number += more;
            }
        }
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line)) wrong.push_back(line);
    }

    const Program& daybook_;
    const std::vector<Place>& places_;
    const std::vector<std::uint64_t>& bits_;
};

// `each` bits of each kind of place, eight times as many of the live ones; or all.
std::vector<std::uint64_t> choose(const std::vector<Place>& places, std::size_t each, Choices& choices) {
    std::array<std::vector<std::uint64_t>, place_names.size()> of_kind;
    for (std::uint64_t bit = 0; bit < places.size() * 8; ++bit) of_kind[static_cast<std::size_t>(places[bit / 8])].push_back(bit);
    std::vector<std::uint64_t> chosen;
    for (std::size_t kind = 0; kind < of_kind.size(); ++kind) {
        std::vector<std::uint64_t>& bits = of_kind[kind];
        const std::size_t wanted = static_cast<Place>(kind) == Place::live ? each * 8 : each;
        std::shuffle(bits.begin(), bits.end(), choices.random);
        bits.resize(std::min(bits.size(), wanted));
        chosen.insert(chosen.end(), bits.begin(), bits.end());
    }
    return chosen;
}

std::string table_of(const Counts& counts) {
    std::string text;
    for (std::size_t place = 0; place < counts.size(); ++place) {
        text += std::string(place_names[place]) + ":";
        for (std::size_t answer = 0; answer < counts[place].size(); ++answer) {
            if (counts[place][answer] != 0) text += " " + std::to_string(counts[place][answer]) + " " + answer_names[answer] + ";";
        }
        text += '\n';
    }
    return text;
}

}  // namespace

TEST_CASE("a flipped bit in live bytes of data.mdb is named or refused; elsewhere it harms nothing; none is a crash",
          "[fault][bitflips]") {
    Choices choices;
    INFO(choices.said());
    const Program daybook;
    fill(daybook);
    const std::vector<Place> places = places_of(daybook.data() / "journal");
    const auto bits = choose(places, rounds(40, 1U << 30), choices);
    Flips flips(daybook, places, bits);
    flips.run();
    const std::string table = table_of(flips.counts);
    report(std::to_string(bits.size()) + " of " + std::to_string(places.size() * 8) + " bits flipped\n" + table);
    INFO(table);
    for (const std::string& wrong : flips.wrong) {
        UNSCOPED_INFO(wrong);
        report(wrong);
    }
    CHECK(flips.wrong.empty());
}
