// The program that libFuzzer drives: one target, named by the environment, since libFuzzer's arguments are its own.
//   DAYBOOK_FUZZ        the target; without it the program prints all names and ends
//   DAYBOOK_FUZZ_SEEDS  a directory into which the target's seeds are written first
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/fuzz/target.hpp"
#include "tests/support.hpp"

namespace {

using daybook::test::FuzzTarget;

const FuzzTarget* chosen = nullptr;

[[noreturn]] void print_names() {
    for (const FuzzTarget& target : daybook::test::fuzz_targets())
        std::printf("%.*s %.*s\n", static_cast<int>(target.name.size()), target.name.data(),
                    static_cast<int>(target.dictionary.size()), target.dictionary.data());
    std::exit(0);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*count*/, char*** /*arguments*/) {
    const char* name = std::getenv("DAYBOOK_FUZZ");
    if (name == nullptr) print_names();
    for (const FuzzTarget& target : daybook::test::fuzz_targets()) {
        if (target.name == name) chosen = &target;
    }
    if (chosen == nullptr) {
        std::fprintf(stderr, "there is no fuzz target %s\n", name);
        std::exit(2);
    }
    if (const char* directory = std::getenv("DAYBOOK_FUZZ_SEEDS")) {
        std::filesystem::create_directories(directory);
        int number = 0;
        for (const std::string& seed : chosen->seeds())
            daybook::test::write_file(std::filesystem::path(directory) / ("seed-" + std::to_string(++number)), seed);
    }
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chosen->run({reinterpret_cast<const char*>(data), size});  // what it throws ends the process: a find
    return 0;
}
