// The fuzz targets in short: their seeds, what was found once (fixtures/fuzz/<target>/), and mutants of both. `ops/fuzz` looks
// longer.
#include <algorithm>
#include <filesystem>
#include <random>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/fuzz/target.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

std::vector<std::string> finds_of(const FuzzTarget& target) {
    std::vector<std::string> finds;
    const auto directory = project_file("fixtures/fuzz") / target.name;
    if (!std::filesystem::exists(directory)) return finds;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) finds.push_back(read_file(entry.path()));
    std::sort(finds.begin(), finds.end());
    return finds;
}

// Why the target's promise is broken by `bytes`; empty where it is kept.
std::string broken_by(const FuzzTarget& target, const std::string& bytes) {
    try {
        target.run(bytes);
        return "";
    } catch (const std::exception& error) {
        return std::string(target.name) + ": " + error.what() + "\n" + Catch::Detail::stringify(bytes);
    }
}

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) { return limit == 0 ? 0 : random() % limit; }

// Changes a few places: a bit, a byte, a piece that is gone, doubled, or comes from `other`.
std::string mutant_of(std::string text, const std::string& other, Random& random) {
    for (std::size_t changes = 1 + below(random, 3); changes > 0; --changes) {
        const std::size_t at = below(random, text.size() + 1);
        const std::size_t size = below(random, std::min<std::size_t>(text.size() - at, 64) + 1);
        switch (below(random, 6)) {
            case 0:
                if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
                break;
            case 1: text.insert(at, 1, static_cast<char>(below(random, 256))); break;
            case 2: text.erase(at, size); break;
            case 3: text.insert(at, text.substr(at, size)); break;
            case 4: text.replace(at, size, other.substr(below(random, other.size() + 1), below(random, 64))); break;
            default: text.replace(at, size, std::to_string(random() >> below(random, 64)));
        }
    }
    return text;
}

}  // namespace

TEST_CASE("every fuzz target keeps its promise with its seeds and with all that was found before", "[fuzz]") {
    for (const FuzzTarget& target : fuzz_targets()) {
        for (const std::string& seed : target.seeds()) CHECK(broken_by(target, seed) == "");
        for (const std::string& find : finds_of(target)) CHECK(broken_by(target, find) == "");
    }
}

TEST_CASE("every fuzz target keeps its promise with mutants of them", "[fuzz]") {
    for (const FuzzTarget& target : fuzz_targets()) {
        std::vector<std::string> texts = target.seeds();
        const std::vector<std::string> finds = finds_of(target);
        texts.insert(texts.end(), finds.begin(), finds.end());
        // One run of a property, whose seed is RapidCheck's: the program says at its end how it comes again.
        rc::prop(std::string(target.name), [&](std::uint64_t seed) {
            Random random(seed);
            const std::string& text = texts[below(random, texts.size())];
            const std::string mutant = mutant_of(text, texts[below(random, texts.size())], random);
            const std::string broken = broken_by(target, mutant);
            if (!broken.empty()) RC_FAIL(broken);
        });
    }
}
