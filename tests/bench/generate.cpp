// Writes made-up alert_triage/1 records, a line each: daybook-generate --records N --incidents M --seed S [FILE]
#include <cstdio>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tests/bench/world.hpp"

int main(int argc, char** argv) try {
    using namespace daybook::bench;
    WorldSize size;
    std::string file;
    CLI::App app("Writes made-up alert_triage/1 records: the same seed, the same lines", "daybook-generate");
    app.add_option("--records", size.events, "How many lines")->capture_default_str();
    const auto* incidents =
        app.add_option("--incidents", size.incidents, "About how many incidents they are of; a 20th if not given");
    app.add_option("--seed", size.seed, "Seed")->capture_default_str();
    app.add_option("FILE", file, "Where to; standard output if not given");
    CLI11_PARSE(app, argc, argv);
    if (incidents->count() == 0) size.incidents = size.events / 20;

    std::ofstream to_file;
    if (!file.empty()) to_file.open(file, std::ios::binary | std::ios::trunc);
    std::ostream& out = file.empty() ? std::cout : to_file;
    const std::uint64_t written = write_records(out, size);
    std::cerr << written << " records, seed " << size.seed << '\n';
    return out.flush() ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << "daybook-generate: " << error.what() << '\n';
    return 1;
}
