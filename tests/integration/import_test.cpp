// What `import` finds where it was pointed: half a copy, or nothing at all.
#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

bool says(const Outcome& outcome, const std::string& text) { return outcome.err.find(text) != std::string::npos; }

std::string first_lines(const std::string& text, std::size_t count) {
    std::size_t end = 0;
    while (count-- > 0) end = text.find('\n', end) + 1;
    return text.substr(0, end);
}

std::string create(const Program& daybook) {
    return daybook.out({"-q", "incident", "create", "--service", "gateway", "--severity", "P2", "--title", "5xx"});
}

// Whether an import there is refused, and leaves nothing behind that a restore would find in its way.
bool refused(const Program& daybook, const std::string& kind, const std::string& directory, int status, const std::string& why) {
    const Outcome outcome = daybook.run({"import", kind, directory});
    INFO(outcome.err);
    CHECK(outcome.status == status);
    CHECK(says(outcome, why));
    return !std::filesystem::exists(daybook.data());
}

}  // namespace

TEST_CASE("a layout with fewer lines than were exported is refused, and taken where nothing says so", "[import]") {
    const Program source;
    const std::string id = create(source);
    for (int i = 0; i < 5; ++i) source.out({"-q", "note", id, "note " + std::to_string(i)});
    source.out({"-q", "export", "jsonl", "layout"});
    const std::string layout = (source / "layout").string(), file = layout + "/events.jsonl", events = read_file(file);

    const Program target;
    write_file(file, first_lines(events, 4));
    CHECK(refused(target, "jsonl", layout, 3, file + " has 4 lines, and 6 were exported"));
    CHECK(target.run({"import", "jsonl", layout, "--dry-run"}).status == 3);
    std::filesystem::remove(file);
    CHECK(refused(target, "jsonl", layout, 3, "move " + layout + "/export.json away"));
    write_file(file, events.substr(0, events.size() - 1));
    const std::string names = read_file(layout + "/export.json");
    write_file(layout + "/export.json", names.substr(0, names.size() / 2));
    CHECK(refused(target, "jsonl", layout, 3, "export.json in " + layout + " is no JSON text"));

    // Grown since, by another program.
    write_file(layout + "/export.json", names);
    write_file(file,
               events + R"({"incident_id":")" + id + R"(","ts":"2026-02-23T10:01:00Z","type":"note","message":"more"})" + '\n');
    target.out({"-q", "import", "jsonl", layout});
    CHECK(target.run({"timeline", id}).out.find("note 4") != std::string::npos);

    const Program partly;
    write_file(file, first_lines(events, 4));
    std::filesystem::remove(layout + "/export.json");
    partly.out({"-q", "import", "jsonl", layout});
    CHECK(partly.run({"timeline", id}).out.find("note 2") != std::string::npos);
}

TEST_CASE("an import that finds nothing to take begins no journal", "[import]") {
    const Program daybook;
    std::filesystem::create_directory(daybook / "empty");
    CHECK(refused(daybook, "jsonl", "empty", 5, "there is neither incidents.jsonl nor events.jsonl in empty"));
    CHECK(refused(daybook, "journal", "empty", 5, "there is no journal.jsonl in empty"));
    daybook.write("cut/journal.jsonl", "");
    CHECK(refused(daybook, "journal", "cut", 3, "journal.jsonl is empty"));
}
