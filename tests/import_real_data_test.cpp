// The real log that lies beside the project, where it does: what daybook must find in it.
#include <map>

#include <catch2/catch.hpp>

#include "tests/layout_fixture.hpp"

using namespace daybook;
using namespace daybook::test;

TEST_CASE("GitHub's incidents come in whole, and leave as they came", "[import_jsonl][real_data]") {
    const auto directory = shared_data("github-status");
    if (!directory) return skip("../shared/data is not there");
    LayoutFixture fixture;
    const ImportCounts counts = fixture.import_from(*directory);
    CHECK(fixture.refusals().empty());
    CHECK(counts.lines.read == 5365);
    CHECK(counts.lines.taken == 5365);
    CHECK(counts.events == 4083);
    CHECK(counts.synthesised == 0);

    std::map<std::string, std::uint64_t> by_type;
    for (const std::string& type : fixture.types()) ++by_type[type];
    const std::string expected = read_file(*directory / "expect.json");
    for (const auto& [type, count] : by_type) CHECK(member(expected, "by_type." + type) == std::to_string(count));
    CHECK(by_type.size() == 4);

    const TemporaryDirectory out;
    CHECK(fixture.export_to(out.path()).incidents == 1282);
    std::map<std::string, std::string> rows;
    for (const std::string& line : lines_of(out / "incidents.jsonl")) rows[member(line, "id")] = line;
    JsonReader reader;
    int differences = 0;
    for (const std::string& line : lines_of(*directory / "incidents.jsonl")) {
        const std::string& row = rows[member(line, "id")];
        const auto value = reader.read(line);
        for (const JsonMember& column : (*value)->members()) {
            std::string wanted = canonical(column.value);
            const auto time = column.value.is_string() ? parse_time(column.value.text()) : std::nullopt;
            if (time) wanted = '"' + format_time(*time) + '"';
            differences += member(row, column.name) == wanted ? 0 : 1;
        }
    }
    CHECK(differences == 0);

    const ImportCounts again = fixture.import_from(*directory);
    CHECK(again.events == 0);
    CHECK(again.lines.duplicate == 5365);

    LayoutFixture second(2);
    CHECK(second.import_from(out.path()).events == 4083);
    CHECK(second.refusals().empty());
    const TemporaryDirectory out_again;
    second.export_to(out_again.path());
    for (const char* name : {"incidents.jsonl", "events.jsonl", "artifacts.jsonl"})
        CHECK(read_file(out / name) == read_file(out_again / name));
}
