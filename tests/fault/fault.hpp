// What the tests of faults share. Each is short in an ordinary run; DAYBOOK_FAULT=long (ops/fault) makes all of them as long as the
// figures in tests/RESULTS.md need. DAYBOOK_SEED=N makes the choices of a run that printed N again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/support.hpp"

namespace daybook::test {

bool long_form();
// How often a test does a thing: `usual` times, or `many` times in the long form.
std::size_t rounds(std::size_t usual, std::size_t many);

// Seeded by DAYBOOK_SEED or at random; the seed is told with each failure of the test (where INFO(seeded(choices)) is said) and,
// in the long form, on standard error.
struct Choices {
    Choices();
    std::uint64_t seed;
    std::mt19937_64 random;

    std::string said() const { return "DAYBOOK_SEED=" + std::to_string(seed); }
    // One of 0, 1 … count - 1.
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(random() % count); }
};

// The program in a process of its own that is a fork of this one: begins in a millisecond, where the binary takes ten. Not while
// other threads run.
class Fork {
public:
    // `daybook <arguments>`; standard output and error go to files in memory, or to /dev/null where `quiet`.
    explicit Fork(const std::vector<std::string>& arguments, std::string_view input = {});
    ~Fork();  // kills it, if it still runs
    Fork(const Fork&) = delete;
    Fork& operator=(const Fork&) = delete;

    void kill() const;
    bool ended();
    Outcome wait();
    // What it has written to standard output so far.
    std::string out() const;

private:
    void take(int status);

    int process_ = -1;
    int out_ = -1, err_ = -1;
    bool ended_ = false;
    int status_ = 0;
};

Outcome run_forked(const std::vector<std::string>& arguments, std::string_view input = {});

// In this process: what the program makes ready once is there for the forks after that.
int run_here(const std::vector<std::string>& arguments);

std::size_t times_in(const std::string& text, const std::string& part);

// In the long form, tells on standard error what came out.
void report(const std::string& text);

}  // namespace daybook::test
