// The weekly digest's figures, recomputed by SQL over the Postgres layout (digest_figures.sql): another program, in another
// language, from what everybody can read.
#include <random>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "journal/journal_text.hpp"
#include "tests/integration/postgres_program.hpp"
#include "tests/report_history.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr IsoWeek first_week{2026, 1};
constexpr int weeks = 10;

// What a team could have lived through in ten weeks: each incident goes its own way, and some facts come in late.
class RandomStory {
public:
    explicit RandomStory(std::uint32_t seed) : random_(seed) {}

    ReportHistory history(unsigned incidents) {
        for (unsigned number = 1; number <= incidents; ++number) live(number);
        return std::move(history_);
    }

private:
    bool chance(int percent) { return below(100) < percent; }
    int below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
    // Up to `hours` later; often to the microsecond, now and then at the same moment.
    Time after(Time time, int hours) {
        return chance(5) ? time
                         : time + std::chrono::microseconds(
                                      1 + static_cast<std::int64_t>(random_() % (static_cast<unsigned>(hours) * 3'600'000'000ULL)));
    }

    void live(unsigned number) {
        number_ = number;
        Time time = after(first_week.from(), weeks * 7 * 24);
        severity_ = static_cast<Severity>(below(5));
        status_ = IncidentStatus::open;
        const Time opened = time;
        IncidentCreated created;
        created.severity = severity_;
        created.service = service_ = services[below(4)];
        created.env = chance(80) ? "prod" : "staging";
        created.title = "An incident";
        created.started_at = chance(70) ? time : time - std::chrono::milliseconds(below(20'000'000));
        if (chance(5)) created.started_at = time + std::chrono::hours(1);
        history_.happened(number, time, created);
        for (int steps = below(14); steps > 0; --steps) {
            time = after(time, chance(20) ? 200 : 8);
            step(time);
        }
        if (chance(15)) history_.happened(number, opened + (time - opened) / 3, Acknowledged{});  // told late
    }

    void step(Time time) {
        switch (below(9)) {
            case 0: history_.happened(number_, time, Acknowledged{}); return;
            case 1:
            case 2:
            case 3: change_status(time); return;
            case 4: change_severity(time); return;
            case 5: promise(time); return;
            case 6: go_on_with_followup(time); return;
            case 7:
                history_.alerted(number_, format_time(time), "kind", chance(70) ? AlertState::firing : AlertState::resolved);
                return;
            default: rare(time); return;
        }
    }

    void change_status(Time time) {
        const auto to = static_cast<IncidentStatus>(below(4));
        if (to == status_) return;
        StatusChanged change;
        change.from = status_;
        change.to = status_ = to;
        history_.happened(number_, time, change);
    }

    void change_severity(Time time) {
        SeverityChanged change;
        change.from = severity_;
        change.to = severity_ = static_cast<Severity>(below(5));
        if (change.from != change.to) history_.happened(number_, time, change);
    }

    void promise(Time time) {
        const std::string due = format_time(after(time, 400));
        followup_ = "fu_" + std::to_string(++followups_);
        followup_status_ = FollowupStatus::open;
        followup_of_ = number_;
        history_.promised(number_, format_time(time), followup_, chance(80) ? std::optional<std::string_view>(due) : std::nullopt);
    }

    void go_on_with_followup(Time time) {
        if (followup_of_ != number_) return;
        if (chance(30)) {
            FollowupUpdated update;
            update.followup_id = followup_;
            update.changes.text = chance(20) ? R"({"due_at":{"from":null,"to":null}})"
                                             : R"({"due_at":{"from":null,"to":")" + format_time(after(time, 300)) + R"("}})";
            history_.happened(number_, time, update);
            return;
        }
        const auto to = static_cast<FollowupStatus>(below(5));
        if (to == followup_status_) return;
        history_.followup_changed(number_, format_time(time), followup_, followup_status_, to);
        followup_status_ = to;
    }

    void rare(Time time) {
        if (chance(20)) {
            IncidentArchived archived;
            archived.reason = "a test";
            history_.happened(number_, time, archived);
        } else if (chance(30)) {
            IncidentLinked link;
            link.relation = static_cast<LinkRelation>(below(3));
            link.other = stream_name(1);
            history_.happened(number_, time, link);
        } else if (chance(50)) {
            IncidentUpdated moved;
            const std::string to = services[below(4)];
            moved.changes.text = R"({"service":{"from":")" + service_ + R"(","to":")" + to + R"("}})";
            service_ = to;
            history_.happened(number_, time, moved);
        } else {
            Escalated escalated;
            escalated.policy = "default";
            escalated.target = "helion";
            escalated.reason = "a test";
            history_.happened(number_, time, escalated);
        }
    }

    static constexpr const char* services[] = {"api", "gateway", "payments", "search"};
    std::mt19937_64 random_;
    ReportHistory history_;
    unsigned number_ = 0;
    Severity severity_ = Severity::p2;
    IncidentStatus status_ = IncidentStatus::open;
    std::string service_, followup_;
    unsigned followups_ = 0, followup_of_ = 0;
    FollowupStatus followup_status_ = FollowupStatus::open;
};

void replace_all(std::string& text, std::string_view what, const std::string& with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

Json figures_by_sql(const MigratedProgram& daybook, IsoWeek week) {
    std::string statement = read_file(project_file("tests/integration/digest_figures.sql"));
    replace_all(statement, ":from", "timestamptz '" + format_time(week.from()) + "'");
    replace_all(statement, ":till", "timestamptz '" + format_time(week.to()) + "'");
    return Json::parse(daybook.ask(statement));
}

// Of the digest, what the statement computes.
Json figures_of(const Json& digest) {
    Json figures;
    for (const char* name : {"counts", "durations", "followups", "alerts"}) figures[name] = digest[name];
    figures["followups"].erase("overdue_list");
    for (const char* name : {"per_incident", "joined", "joined_percent", "noisiest"}) figures["alerts"].erase(name);
    figures["escalations"] = digest["escalations"]["total"];
    return figures;
}

Json digest_of(const MigratedProgram& daybook, IsoWeek week) {
    return Json::parse(
        daybook.out({"--now", "2030-01-01T00:00:00Z", "-o", "json", "digest", "weekly", "--week", format_iso_week(week)}));
}

// Compares each week's figures, and those that it is compared with, and adds its figures up.
Json check_weeks(const MigratedProgram& daybook, IsoWeek week, int count) {
    Json sums = {{"reopened", 0}, {"ttr", 0}, {"overdue", 0}};
    Json before;
    for (; count > 0; --count, week = week.next()) {
        const Json digest = digest_of(daybook, week);
        const Json by_sql = figures_by_sql(daybook, week);
        INFO(format_iso_week(week));
        CHECK(figures_of(digest) == by_sql);
        if (!before.is_null()) {
            before.erase("by_day");
            CHECK(digest["previous"]["counts"] == before);
        }
        before = by_sql["counts"];
        sums["reopened"] = sums["reopened"].get<int>() + by_sql["counts"]["reopened"].get<int>();
        sums["ttr"] = sums["ttr"].get<int>() + by_sql["durations"]["ttr"]["n"].get<int>();
        sums["overdue"] = sums["overdue"].get<int>() + by_sql["followups"]["overdue"].get<int>();
    }
    return sums;
}

}  // namespace

TEST_CASE("SQL over the Postgres layout finds the figures of each weekly digest, whatever happened", "[postgres][digest]") {
    if (no_postgres()) return;
    const std::uint32_t seed = std::random_device()();
    INFO("seed " << seed);
    const MigratedProgram daybook;
    {
        TestJournal journal;
        RandomStory(seed).history(400).append_to(*journal);
        export_journal(*journal, daybook / "text");
    }
    daybook.out({"-q", "import", "journal", "text"});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    daybook.ask("ANALYZE");
    const Json sums = check_weeks(daybook, first_week.previous(), weeks + 3);
    CHECK(sums["reopened"] > 0);
    CHECK(sums["ttr"] > 0);
    CHECK(sums["overdue"] > 0);
}

TEST_CASE("the view of weekly counts leaves out, as the digest does, what happened before the week of its incident",
          "[postgres][digest]") {
    if (no_postgres()) return;
    ReportHistory history;
    history.opened(1, "2026-02-18T10:00:00Z");
    history.acknowledged(1, "2026-02-17T10:00:00Z");  // earlier in that week
    history.acknowledged(1, "2026-02-11T10:00:00Z");  // the week before
    history.changed(1, "2026-02-20T10:00:00Z", IncidentStatus::open, IncidentStatus::resolved);
    const MigratedProgram daybook;
    {
        TestJournal journal;
        history.append_to(*journal);
        export_journal(*journal, daybook / "text");
    }
    daybook.out({"-q", "import", "journal", "text"});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    Json by_week = Json::object();
    for (const std::string& row : lines_of(daybook.ask("SELECT week, to_jsonb(w) - 'week' FROM weekly_counts w")))
        by_week[row.substr(0, row.find('|'))] = Json::parse(row.substr(row.find('|') + 1));
    REQUIRE(by_week.size() == 1);
    for (const char* count : {"opened", "acknowledged", "mitigated", "resolved", "closed", "reopened"}) {
        INFO(count);
        CHECK(by_week["2026-08"][count] == digest_of(daybook, IsoWeek{2026, 8})["counts"][count]);
        CHECK(digest_of(daybook, IsoWeek{2026, 7})["counts"][count] == 0);
    }
    CHECK(by_week["2026-08"]["acknowledged"] == 1);
}

TEST_CASE("SQL over the Postgres layout finds the figures of the digests of GitHub's incidents", "[postgres][digest]") {
    const auto directory = shared_data("github-status");
    if (no_postgres()) return;
    if (!directory) return skip("../shared/data is not there");
    const MigratedProgram daybook;
    daybook.out({"-q", "import", "jsonl", directory->string()});
    REQUIRE(daybook.run({"export", "postgres"}).status == 0);
    daybook.ask("ANALYZE");
    CHECK(check_weeks(daybook, IsoWeek{2023, 1}, 52)["ttr"] > 0);
}
