// The JSONL layout, daybook's own or of another store: three files, with a line "====" between two.
#include "tests/fuzz/target.hpp"
#include "tests/journal_samples.hpp"
#include "tests/layout_fixture.hpp"

namespace daybook::test {
namespace {

constexpr const char* files[] = {"incidents.jsonl", "events.jsonl", "artifacts.jsonl"};
constexpr std::string_view between = "====\n";

void write_files(const std::filesystem::path& directory, std::string_view bytes) {
    for (const char* file : files) {
        const std::size_t end = std::min(bytes.find(between), bytes.size());
        write_file(directory / file, bytes.substr(0, end));
        bytes.remove_prefix(std::min(bytes.size(), end + between.size()));
    }
}

std::string joined(const std::filesystem::path& directory) {
    std::string text;
    for (const char* file : files) text += (text.empty() ? "" : std::string(between)) + read_file(directory / file);
    return text;
}

}  // namespace

// What is taken is in order, comes out as a layout, and that one, taken by another journal, comes out the same.
void fuzz_layout(std::string_view bytes) {
    const TemporaryDirectory in, out, again;
    write_files(in.path(), bytes);
    LayoutFixture first(11), second(12);  // other randomness than that of the seeds: else ids would come twice
    first.import_from(in.path());
    if (first.journal().size() == 0) return;
    const std::string problems = first.problems();
    promise(problems.empty(), problems);
    first.export_to(out.path());
    second.import_from(out.path());
    for (const std::string& refusal : second.refusals()) promise(false, "daybook refuses what it has exported: " + refusal);
    second.export_to(again.path());
    for (const char* file : files) {
        const std::string before = read_file(out / file), after = read_file(again / file);
        promise(before == after, std::string(file) + " comes back otherwise:\n" + before + "and then:\n" + after);
    }
}

std::vector<std::string> layout_seeds() {
    LayoutFixture own;
    fill_with_samples(own.journal(), 12);
    const TemporaryDirectory directory;
    own.export_to(directory.path());
    const std::string other =
        R"({"id":"inc_20260223_1000_aaaa","service":"gateway","title":"5xx","started_at":"2026-02-23T10:00:00Z","status":"resolved",)"
        R"("severity":"P1","ended_at":"2026-02-23T11:00:00+01:00","region":"eu","assignee":"ada"})"
        "\n====\n"
        R"({"incident_id":"inc_20260223_1000_aaaa","ts":"2026-02-23T10:00:00Z","type":"incident_created","message":"opened",)"
        R"("meta":{"service":"gateway","env":"prod","severity":"P2","title":"5xx","started_at":"2026-02-23T10:00:00Z"}})"
        "\n"
        R"({"incident_id":"inc_20260223_1000_aaaa","ts":"2026-02-23T10:05:00Z","type":"severity_changed","meta":{"to":"P1"}})"
        "\n"
        R"({"incident_id":"inc_20260223_1000_aaaa","ts":"2026-02-23T10:06:00Z","type":"followup","message":"look",)"
        R"("meta":{"title":"Look","owner":"ada","priority":"P2","due_date":"2026-03-01"},"actor":"ada","source":"pager","host":"n1"})"
        "\n"
        R"({"incident_id":"inc_20260223_1000_aaaa","ts":"2026-02-23T10:30:00Z","type":"status_changed","meta":{"to":"resolved"}})"
        "\n"
        R"({"incident_id":"inc_20260223_1000_bbbb","ts":"2026-02-23T10:31:00Z","type":"page","message":"of another word"})"
        "\n====\n"
        R"({"incident_id":"inc_20260223_1000_aaaa","kind":"runbook","name":"a.md","path":"inc_20260223_1000_aaaa/a.md"})"
        "\n";
    return {joined(directory.path()), other};
}

}  // namespace daybook::test
