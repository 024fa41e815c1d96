// Every report of a journal that is always the same, fixtures/team: a journal.jsonl bears the salts of its leaves and the origin,
// so its roots are the same everywhere, and so is each byte of what is made from it, whatever compiler built daybook.
#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr const char* monday = "2026-03-02T09:00:00Z";

struct Team : Program {
    Team() {
        out({"-q", "import", "journal", project_file("fixtures/team").string()});
        origin_ = lines_of(out({"-q", "checkpoint"})).front();
    }

    // Standard output, as of that Monday, whether the answer is yes or no.
    std::string report(std::vector<std::string> command) const {
        command.insert(command.begin(), {"--now", monday});
        const Outcome outcome = run(command);
        INFO(outcome.err);
        CHECK((outcome.status == 0 || outcome.status == 3));
        return outcome.out;
    }
    // Compares with the golden file.
    void check(const std::string& name, std::string actual) const {
        for (std::size_t at = actual.find(origin_); at != std::string::npos; at = actual.find(origin_))
            actual.replace(at, origin_.size(), "THE-ORIGIN");
        INFO(name);
        CHECK(actual == golden("team/reports/" + name, actual));
    }

private:
    std::string origin_;
};

}  // namespace

TEST_CASE("the digests of a team's journal are as the golden files say, byte for byte", "[digest][golden]") {
    const Team daybook;
    for (const std::string week : {"2026-07", "2026-08", "2026-09"}) {
        daybook.check(week + ".json", daybook.report({"digest", "weekly", "--week", week, "-o", "json"}));
        daybook.check(week + ".md", daybook.report({"digest", "weekly", "--week", week}));
    }
    daybook.check("2026-08.of_50.json", daybook.report({"digest", "weekly", "--week", "2026-08", "--at-seq", "50", "-o", "json"}));
}

TEST_CASE("gate, recurrence, correlation and postmortem of a team's journal are as the golden files say", "[gate][golden]") {
    const Team daybook;
    daybook.check("followup_watch.json", daybook.report({"gate", "followup_watch", "-o", "json"}));
    daybook.check("followup_watch.xml", daybook.report({"gate", "followup_watch", "-o", "junit"}));
    daybook.check("recurrence.json", daybook.report({"recurrence", "--window-days", "30", "-o", "json"}));
    const std::string id = "inc_20260216_1000_tmnn4v542d";
    daybook.check("correlate.json", daybook.report({"correlate", id, "--all", "-o", "json"}));
    daybook.check("postmortem.md", daybook.report({"postmortem", id}));
}

TEST_CASE("the files that jobs write of a team's journal are as the golden files say", "[jobs][golden]") {
    const Team daybook;
    for (const char* job :
         {"daily_risk_digest", "weekly_platform_priority_digest", "weekly_incident_digest", "weekly_backlog_generate"})
        CHECK(daybook.run({"--now", monday, "-q", "jobs", "run", job}).status == 0);
    for (const char* form : {".json", ".md"}) {
        daybook.check(std::string("risk") + form, read_file(daybook / ("ops/reports/risk/2026-03-02" + std::string(form))));
        daybook.check(std::string("platform") + form, read_file(daybook / ("ops/reports/platform/2026-09" + std::string(form))));
        daybook.check(std::string("2026-09") + form,
                      read_file(daybook / ("ops/reports/incidents/weekly/2026-09" + std::string(form))));
    }
    daybook.check("backlog.jsonl", read_file(daybook / "ops/backlog/items.jsonl"));
}
