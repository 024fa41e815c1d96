// Retention: what was over long ago goes out of sight, and only what daybook can vouch for.
#include <csignal>

#include <fcntl.h>
#include <sys/file.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "journal/descriptor.hpp"
#include "tests/integration/background.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr const char* weekly = "ops/reports/incidents/weekly/2026-08";
constexpr const char* risk = "ops/reports/risk/2026-02-23";
constexpr const char* platform = "ops/reports/platform/2026-08";

// A week with its reports, a dead letter, and an incident that was closed; and the next week's digest.
struct Archive : Program {
    Archive() {
        out({"-q", "--now", "2026-02-18T10:00:00Z", "incident", "create", "--service", "gateway", "--severity", "P1", "--title",
             "5xx since the secret-marker deploy"});
        id = out({"incident", "list", "--ids"});
        out({"-q", "--now", "2026-02-18T11:00:00Z", "followup", "add", id, "secret-marker must go", "--due", "2026-02-19"});
        refuse("2026-02-19T12:00:00Z", "{\"no\":\"alert\"}\n");
        for (const char* job :
             {"weekly_incident_digest", "daily_risk_digest", "weekly_platform_priority_digest", "weekly_backlog_generate"})
            out({"-q", "--now", "2026-02-23T09:00:00Z", "jobs", "run", job});
        out({"-q", "--now", "2026-02-24T12:00:00Z", "incident", "close", id});
        refuse("2026-03-02T12:00:00Z", "{\"no\":\"alert either\"}\n");
        out({"-q", "--now", "2026-03-02T09:00:00Z", "jobs", "run", "weekly_incident_digest"});
    }
    void refuse(const std::string& now, const std::string& line) const {
        CHECK(run({"--now", now, "ingest", "--format", "triage", "-"}, line).status == 3);
    }
    Json outputs(std::vector<std::string> command) const {
        command.insert(command.begin(), {"--now", "2026-04-01T00:00:00Z", "-o", "jsonl"});
        return Json::parse(out(command))["outputs"];
    }
    bool there(const std::string& file) const { return std::filesystem::exists(*this / file); }
    std::string bytes(const std::string& file) const { return read_file(*this / file); }
    std::size_t dead_letters() const { return lines_of(read_file(data() / "dead-letters.jsonl")).size(); }

    std::string id;
};

std::vector<std::string> files_with(const std::filesystem::path& directory, const std::string& text) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && read_file(entry.path()).find(text) != std::string::npos)
            names.push_back(entry.path().lexically_relative(directory).string());
    }
    return names;
}

}  // namespace

TEST_CASE("retention prunes reports and dead letters of long ago, says so before and after, and replay makes the reports again",
          "[jobs]") {
    const Archive daybook;
    std::map<std::string, std::string> before;
    for (const char* report : {weekly, risk, platform}) {
        for (const char* form : {".json", ".md"}) before[report + std::string(form)] = daybook.bytes(report + std::string(form));
    }
    const Json rehearsed = daybook.outputs({"retention", "--older-than", "35d", "--dry-run"});
    CHECK(rehearsed.dump() ==
          R"({"archived":1,"dead_letters":1,"kept":0,"kept_files":[],"off":false,"reports":{"daily_risk_digest":["2026-02-23"],)"
          R"("weekly_incident_digest":["2026-08"],"weekly_platform_priority_digest":["2026-08"]}})");
    for (const auto& [file, bytes] : before) CHECK(daybook.bytes(file) == bytes);
    CHECK(daybook.dead_letters() == 2);

    CHECK(daybook.outputs({"retention", "--older-than", "35d"}) == rehearsed);
    for (const auto& [file, bytes] : before) CHECK_FALSE(daybook.there(file));
    CHECK(daybook.there("ops/reports/incidents/weekly/2026-09.json"));
    CHECK(daybook.there("ops/backlog/items.jsonl"));
    CHECK(daybook.dead_letters() == 1);
    CHECK(daybook.out({"incident", "list", "--ids"}).empty());
    CHECK(daybook.outputs({"retention", "--older-than", "35d"})["archived"] == 0);
    const auto runs = lines_of(daybook.out({"events", "--type", "job_finished", "-o", "jsonl"}));
    CHECK(Json::parse(runs.at(runs.size() - 2))["meta"]["outputs"] == rehearsed);
    CHECK(daybook.out({"events", "--type", "job_started", "-o", "jsonl"}).find("\"older_than_days\":35") != std::string::npos);

    daybook.out({"replay", "--reports", "2026-08..2026-09"});
    for (const auto& [file, bytes] : before) {
        INFO(file);
        CHECK(daybook.bytes(file) == bytes);
    }
}

TEST_CASE("retention keeps files that a person changed or put there, and names the changed ones", "[jobs]") {
    const Archive daybook;
    daybook.write(weekly + std::string(".md"), "my own words\n");
    daybook.write("ops/reports/risk/2025-01-01.md", "by hand\n");
    daybook.write("ops/reports/risk/notes.txt", "by hand\n");
    const Json outputs = daybook.outputs({"retention", "--older-than", "35d"});
    CHECK(outputs["kept"] == 1);
    CHECK(outputs["kept_files"].at(0).get<std::string>().ends_with("weekly/2026-08.md"));
    CHECK(daybook.bytes(weekly + std::string(".md")) == "my own words\n");
    CHECK_FALSE(daybook.there(weekly + std::string(".json")));
    CHECK(daybook.there("ops/reports/risk/2025-01-01.md"));
    CHECK(daybook.there("ops/reports/risk/notes.txt"));
}

TEST_CASE("what a retention removed before it was killed is told by the next one", "[jobs]") {
    const Archive daybook;
    const Json rehearsed = daybook.outputs({"retention", "--older-than", "35d", "--dry-run"});
    {
        // Dead letters come last; while the test holds their file, the job waits there.
        const Descriptor letters(::open((daybook.data() / "dead-letters.jsonl").c_str(), O_RDWR | O_CLOEXEC));
        REQUIRE(::flock(letters.get(), LOCK_EX | LOCK_NB) == 0);
        Background job({daybook_program(), "--data", daybook.data().string(), "--now", "2026-04-01T00:00:00Z", "retention",
                        "--older-than", "35d"},
                       daybook.directory().string());
        REQUIRE(becomes_true([&] {
            return !daybook.there(weekly + std::string(".md")) && !daybook.there(risk + std::string(".md")) &&
                   !daybook.there(platform + std::string(".md"));
        }));
        job.signal(SIGKILL);
        CHECK(job.wait() == 128 + SIGKILL);
    }
    const Json outputs = daybook.outputs({"retention", "--older-than", "35d"});
    CHECK(outputs["reports"] == rehearsed["reports"]);
    CHECK(outputs["dead_letters"] == 1);
    const Json again = daybook.outputs({"retention", "--older-than", "35d"});
    for (const auto& [report, periods] : again["reports"].items()) CHECK(periods.empty());  // they were told
}

TEST_CASE("retention is off until somebody says how long, and refuses what are no days", "[jobs]") {
    const Archive daybook;
    CHECK(daybook.outputs({"retention"}).dump() == R"({"off":true})");
    CHECK(daybook.run({"retention"}).err.find("retention is off") != std::string::npos);
    for (const char* wrong : {"35", "d", "0d", "-3d", "40000d", "soon"})
        CHECK(daybook.run({"retention", "--older-than", wrong}).status == 2);
    daybook.write("ops/policy/retention.yml", "audit_jsonl_days: 35\n");
    CHECK(daybook.outputs({"retention", "--dry-run"})["archived"] == 1);
    CHECK(daybook.outputs({"retention", "--older-than", "36d", "--dry-run"})["archived"] == 0);
}

TEST_CASE("a redacted secret is in no report, digest or backlog any more, and retention knows the files again", "[redact]") {
    const Archive daybook;
    // Reports of risk have no texts of incidents; but somebody may have put some there.
    for (const char* report : {risk, platform}) {
        for (const char* form : {".json", ".md"}) daybook.write(report + std::string(form), "secret-marker\n");
    }
    const auto holding = files_with(daybook / "ops", "secret-marker");
    CHECK(holding.size() == 9);  // those, the digests of both weeks, and the backlog
    for (const std::string& line : lines_of(daybook.out({"events", "--text", "secret-marker", "-o", "jsonl"}))) {
        const Outcome redacted = daybook.run({"redact", Json::parse(line)["seq"].dump(), "--reason", "a secret"});
        INFO(redacted.err);
        CHECK(redacted.status == 0);
    }
    CHECK(files_with(daybook.directory(), "secret-marker") == std::vector<std::string>());
    CHECK(daybook.bytes("ops/backlog/items.jsonl").find("[redacted]") != std::string::npos);
    CHECK(daybook.run({"verify"}).status == 0);
    CHECK(daybook.outputs({"retention", "--older-than", "35d"})["kept"] == 0);
    CHECK_FALSE(daybook.there(weekly + std::string(".md")));
}
