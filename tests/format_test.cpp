// journal/FORMAT.md says what is on disk; this holds the two together.
#include <sstream>

#include <catch2/catch.hpp>

#include "journal/journal.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// The hex digits of FORMAT.md's example called `name`: of each line what stands between the offset and the comment.
std::string documented(std::string_view name) {
    std::istringstream lines(read_file(project_file("journal/FORMAT.md")));
    std::string line;
    while (std::getline(lines, line) && line != "```" + std::string(name)) {
    }
    std::string hex;
    while (std::getline(lines, line) && line != "```") {
        const std::size_t start = line.find("  ");
        if (start == std::string::npos) continue;
        std::istringstream words(line.substr(start, line.find("  ", start + 2) - start));
        for (std::string word; words >> word;) hex += word;
    }
    return hex;
}

// The journal of the example: two events of one incident, the second with a key.
class Example {
public:
    Example() {
        IncidentCreated created;
        created.service = "api";
        created.env = "prod";
        created.severity = Severity::p1;
        created.title = "API down";
        created.started_at = at("2026-02-23T09:58:00Z");
        REQUIRE(journal.append("inc_20260223_0958_ab12", created));
        journal.advance(std::chrono::seconds(90));
        const KeyedInput input = keyed("page-7", R"({"message":"Rolled back."})");
        Note rolled_back = note("Rolled back.");
        rolled_back.input_sha256 = to_hex(*input.sha256);
        AppendRequest request = journal.request("inc_20260223_0958_ab12", rolled_back);
        request.input = input;
        REQUIRE(journal->append(request));
    }
    std::string row(lmdb::Table JournalTables::* table, std::string_view key) {
        const auto view = journal->snapshot();
        return to_hex(view->transaction().get(view->tables().*table, key).value_or(""));
    }
    TestJournal journal;
};

}  // namespace

TEST_CASE("the records of FORMAT.md are what the journal writes", "[format]") {
    Example example;
    CHECK(documented("record 1") == example.row(&JournalTables::events, key_of(1, 8)));
    CHECK(documented("record 2") == example.row(&JournalTables::events, key_of(2, 8)));
}

TEST_CASE("the rows of FORMAT.md are what the journal writes", "[format]") {
    Example example;
    CHECK(documented("streams 1") == example.row(&JournalTables::streams, key_of(1, 4)));
    CHECK(documented("keys page-7") == example.row(&JournalTables::keys, "page-7"));
}
