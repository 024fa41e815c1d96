// Runs benchmarks and prints their table as Markdown. ops/bench builds and runs it.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include <CLI/CLI.hpp>

#include "tests/bench/bench.hpp"

namespace daybook::bench {
namespace {

struct Subject {
    const char* name;
    Benchmark run;
};
constexpr Subject subjects[] = {{"append", bench_append},     {"group-commit", bench_group_commit},
                                {"ingest", bench_ingest},     {"rebuild", bench_rebuild},
                                {"timeline", bench_timeline}, {"codecs", bench_codecs},
                                {"reports", bench_reports},   {"verify", bench_verify},
                                {"postgres", bench_postgres}, {"digest", bench_digest},
                                {"http", bench_http},         {"memory", bench_memory},
                                {"peers", bench_peers},       {"jsonl", bench_jsonl},
                                {"growth", bench_growth}};

int run(int argc, char** argv) {
    Setup setup;
    std::string directory = "bench-files", plot;
    std::vector<std::string> wanted;
    CLI::App app("Measures daybook", "daybook-bench");
    app.add_option("SUBJECT", wanted, "What to measure; all if not given");
    app.add_option("--events", setup.size.events, "Events, and records, of the made-up world")->capture_default_str();
    const auto* incidents =
        app.add_option("--incidents", setup.size.incidents, "About how many incidents they are of; a 20th if not given");
    app.add_option("--seed", setup.size.seed, "Seed of that world")->capture_default_str();
    app.add_option("--runs", setup.runs, "Runs, of which the median counts")->capture_default_str();
    app.add_option("--directory", directory, "For the files, removed afterwards")->capture_default_str();
    app.add_option("--packages", setup.packages, "A node_modules folder with peers of daybook");
    app.add_option("--plot", plot, "Draws what was compared with peers, as SVG, in this file");
    CLI11_PARSE(app, argc, argv);
    if (incidents->count() == 0) setup.size.incidents = setup.size.events / 20;

    const Scratch scratch(directory);
    setup.directory = std::filesystem::absolute(scratch.path());
    ::setenv("TMPDIR", setup.directory.c_str(), 1);  // PostgreSQL lies on the same disk
    Fixture fixture(setup);
    Table table;
    for (const Subject& subject : subjects) {
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), subject.name) == wanted.end()) continue;
        std::cerr << subject.name << '\n';
        subject.run(setup, fixture, table);
    }
    std::cout << table.markdown();
    if (!plot.empty() && !table.panels().empty()) {
        std::ofstream out(plot, std::ios::binary | std::ios::trunc);
        if (!(out << draw(table.panels())).flush()) throw StorageError("cannot write " + plot);
    }
    return 0;
}

}  // namespace
}  // namespace daybook::bench

int main(int argc, char** argv) try {
    if (argc == 4 && std::string_view(argv[1]) == "measure-memory") return daybook::bench::print_memory(argv[2], argv[3]);
    return daybook::bench::run(argc, argv);
} catch (const std::exception& error) {
    std::cerr << "daybook-bench: " << error.what() << '\n';
    return 1;
}
