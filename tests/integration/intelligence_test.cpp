// Correlation and recurrence as a person asks for them.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct Team : Program {
    std::string create(const std::string& time, const std::string& title = "Gateway 5xx") const {
        return out({"-q", "--now", time, "incident", "create", "--service", "gateway", "--title", title, "--signature", "boom"});
    }
};

}  // namespace

TEST_CASE("correlate prints what an incident has to do with, and notes it once", "[correlate]") {
    const Team daybook;
    const std::string one = daybook.create("2026-02-23T10:00:00Z");
    const std::string other = daybook.create("2026-02-23T10:30:00Z");
    const std::vector<std::string> command{"--now", "2026-02-23T12:00:00Z", "correlate", one};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), command.begin(), command.end());
        return more;
    };
    const std::string row = daybook.out(command);
    CHECK(row.starts_with("74\tduplicate\t" + other + "\t"));  // the signature is all there is: a common one
    const auto json = nlohmann::json::parse(daybook.out(with({"-o", "json"})));
    CHECK(json["related"][0]["incident_id"] == other);
    CHECK(json["provenance"]["generated_for"] == "2026-02-23T12:00:00Z");
    CHECK(daybook.out(with({"-o", "markdown"})).find("**74 duplicate** `" + other + "`") != std::string::npos);
    const Outcome first = daybook.run(with({"--append-note"}));
    CHECK(first.status == 0);
    CHECK(first.err.find("noted (seq ") != std::string::npos);
    const Outcome second = daybook.run(with({"--append-note"}));
    CHECK(second.err.find("noted before") != std::string::npos);
    CHECK(lines_of(daybook.out({"timeline", one, "-o", "jsonl"})).size() == 2);
    CHECK(daybook.run({"correlate", "inc_20260223_1000_nosuch"}).status == 5);
    CHECK(daybook.run({"--now", "2026-02-22T00:00:00Z", "correlate", one}).status == 5);
}

TEST_CASE("recurrence prints what came back", "[recurrence]") {
    const Team daybook;
    daybook.create("2026-02-20T10:00:00Z");
    daybook.create("2026-02-21T10:00:00Z");
    const std::vector<std::string> command{"--now", "2026-02-23T00:00:00Z", "recurrence"};
    CHECK(daybook.out(command).starts_with("recurring\tprod\tgateway\tboom\t2\t2\t2\tfalse\t"));
    CHECK(daybook.run({"recurrence", "--window-days", "0"}).status == 2);
    daybook.write("ops/policy/intelligence.yml", "recurrence:\n  recurring: {in_7_days: 3}\n");
    CHECK(daybook.out(command).empty());
    daybook.write("ops/policy/intelligence.yml", "recurrence:\n  recuring: 3\n");
    const Outcome wrong = daybook.run(command);
    CHECK(wrong.status == 1);
    CHECK(wrong.err.find("ops/policy/intelligence.yml:2: recurrence.recuring is not a key") != std::string::npos);
}

TEST_CASE("gate, correlate, recurrence and postmortem are made again by what they name, byte for byte", "[correlate][gate]") {
    const Team daybook;
    const std::string one = daybook.create("2026-02-23T10:00:00Z");
    daybook.create("2026-02-23T10:30:00Z");
    const std::vector<std::vector<std::string>> reports{
        {"gate", "followup_watch", "-o", "json"}, {"correlate", one}, {"recurrence"}, {"postmortem", one}};
    const auto made = [&](std::vector<std::string> command, const std::vector<std::string>& more) {
        if (command.front() != "gate") command.insert(command.end(), {"-o", "json"});
        command.insert(command.end(), more.begin(), more.end());
        return daybook.run(command).out;
    };
    std::vector<std::string> before;
    for (const auto& command : reports) before.push_back(made(command, {}));
    daybook.create("2026-02-23T11:00:00Z");
    daybook.out({"note", one, "told later"});
    for (std::size_t i = 0; i < reports.size(); ++i) {
        const auto provenance = nlohmann::json::parse(before[i])["provenance"];
        const std::string size = std::to_string(provenance["journal_size"].get<int>());
        CHECK(made(reports[i], {}) != before[i]);
        CHECK(made(reports[i], {"--at-seq", size, "--now", provenance["generated_for"].get<std::string>()}) == before[i]);
        auto beyond = reports[i];
        beyond.insert(beyond.end(), {"--at-seq", "99"});
        CHECK(daybook.run(beyond).status == 2);
        beyond.end()[-2] = "--known-at";
        CHECK(daybook.run(beyond).status == 2);
    }
    CHECK(daybook.run({"gate", "followup_watch", "--append", "--at-seq", "2"}).status == 2);
    CHECK(daybook.run({"correlate", one, "--append-note", "--at-seq", "2"}).status == 2);
    CHECK(daybook.run({"postmortem", one, "--save", "--at-seq", "2"}).status == 2);
    CHECK(lines_of(daybook.out({"events", "-o", "jsonl"})).size() == 4);
}
