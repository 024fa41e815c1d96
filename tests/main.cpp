// The test program: Catch2's command line, a seed that can be given again, and a last line for machines.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "tests/support.hpp"

namespace {

struct Tally {
    bool ran = false;
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::vector<std::string> skipped;
};
Tally tally;

class Counter : public Catch::TestEventListenerBase {
public:
    using TestEventListenerBase::TestEventListenerBase;

    void testCaseEnded(const Catch::TestCaseStats& stats) override {
        tally.ran = true;
        const auto skipped = daybook::test::take_skip_reason();
        if (stats.totals.testCases.failed > 0) {
            ++tally.failed;
        } else if (skipped) {
            tally.skipped.push_back(stats.testInfo.name + ": " + *skipped);
        } else {
            ++tally.passed;
        }
    }
};
CATCH_REGISTER_LISTENER(Counter)

// RapidCheck reads its seed from RC_PARAMS; one that was given stays.
std::string choose_seed() {
    if (const char* given = std::getenv("RC_PARAMS")) return given;
    const std::string seed = "seed=" + std::to_string(std::random_device{}());
    ::setenv("RC_PARAMS", seed.c_str(), 1);
    return seed;
}

}  // namespace

int main(int argc, char** argv) {
    // A program under test may end before it has read all its input.
    std::signal(SIGPIPE, SIG_IGN);
    const std::string seed = choose_seed();
    Catch::Session session;
    const int wrong_usage = session.applyCommandLine(argc, argv);
    if (wrong_usage != 0) return wrong_usage;
    const int status = session.run();
    if (!tally.ran) return status == 0 ? 0 : 1;

    for (const std::string& skipped : tally.skipped) std::cout << "skipped: " << skipped << '\n';
    std::cout << "The random values of this run come again with RC_PARAMS=\"" << seed << "\".\n";
    std::cout << tally.passed << " passed, " << tally.failed << " failed";
    if (!tally.skipped.empty()) std::cout << ", " << tally.skipped.size() << " skipped";
    std::cout << std::endl;
    return status == 0 ? 0 : 1;  // Catch2 gives the number of failures, which may look like a signal
}
