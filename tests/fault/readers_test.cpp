// What the lists answer, held against a model that keeps everything in a vector and looks at each entry: random histories, random
// filters.
#include <algorithm>
#include <optional>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/fault/fault.hpp"
#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

using Words = std::vector<std::string>;

const Words services{"gateway", "search", "billing"};
const Words envs{"prod", "staging"};
const Words severities{"P0", "P1", "P2", "P3", "P4"};
const Words kinds{"http_5xx", "latency"};
const Words teams{"red", "blue"};
const Words titles{"Gateway is slow", "Disk full", "SEARCH errors"};
const Words owners{"ada", "sofiia"};
constexpr const char* now = "2026-03-10T00:00:00Z";

struct ModelIncident {
    std::string id, service, env, severity, kind, team, title, started_at, status = "open";
    bool archived = false;
};

struct ModelFollowup {
    std::string id, incident, owner, priority, due, status = "open";
    bool finished() const { return status == "done" || status == "cancelled"; }
};

// The program in forks, and what it must know after what it was told.
class World {
public:
    explicit World(Choices& choices) : choices_(choices) {}

    void grow(std::size_t commands) {
        for (std::size_t i = 0; i < commands; ++i) {
            const std::size_t kind = incidents.empty() ? 0 : choices_.below(8);
            if (kind < 2) {
                create();
            } else if (kind == 2) {
                add_followup();
            } else if (kind == 3 && !followups.empty()) {
                change_followup();
            } else {
                change(incidents[choices_.below(incidents.size())]);
            }
        }
    }
    std::string run(Words words) const {
        words.insert(words.begin(), {"--data", (directory_ / "data").string(), "--now", now, "-q"});
        const Outcome outcome = run_forked(words);
        if (outcome.status != 0) throw std::runtime_error("status " + std::to_string(outcome.status) + ": " + outcome.err);
        return outcome.out.substr(0, outcome.out.find_last_not_of('\n') + 1);
    }
    std::vector<Json> rows(Words words) const {
        words.insert(words.end(), {"-o", "jsonl"});
        std::vector<Json> rows;
        for (const std::string& line : lines_of(run(words))) rows.push_back(Json::parse(line));
        return rows;
    }
    const std::string& one_of(const Words& words) { return words[choices_.below(words.size())]; }
    bool perhaps() { return choices_.below(3) == 0; }

    std::vector<ModelIncident> incidents;
    std::vector<ModelFollowup> followups;

private:
    std::string day() {
        const std::size_t day = 1 + choices_.below(28);
        return "2026-02-" + std::string(day < 10 ? "0" : "") + std::to_string(day) + "T00:00:00Z";
    }
    void create() {
        ModelIncident one{{},   one_of(services), one_of(envs), one_of(severities), one_of(kinds), one_of(teams), one_of(titles),
                          day()};
        one.id = run({"incident", "create", "--service", one.service, "--env", one.env, "--severity", one.severity, "--kind",
                      one.kind, "--label", "team=" + one.team, "--title", one.title, "--started-at", one.started_at});
        incidents.push_back(one);
    }
    void change(ModelIncident& one) {
        switch (choices_.below(5)) {
            case 0:
                one.title = one_of(titles);
                one.service = one_of(services);
                (void)run({"incident", "update", one.id, "--title", one.title + " again", "--service", one.service});
                (void)run({"incident", "update", one.id, "--title", one.title});
                return;
            case 1: (void)run({"note", one.id, "A note"}); return;
            case 2: return finish(one);
            case 3: {
                const std::string severity = one_of(severities);
                if (severity != one.severity) (void)run({"incident", "severity", one.id, severity});
                one.severity = severity;
                return;
            }
            default:
                if (one.status != "closed" || one.archived) return;
                (void)run({"incident", "archive", one.id, "--reason", "old"});
                one.archived = true;
        }
    }
    void finish(ModelIncident& one) {
        const std::string next = one.status == "open" ? "mitigated" : one.status == "mitigated" ? "resolved" : "closed";
        if (one.status == "closed") return;
        const std::string command = next == "mitigated" ? "mitigate" : next == "resolved" ? "resolve" : "close";
        (void)run({"incident", command, one.id});
        one.status = next;
    }
    void add_followup() {
        ModelFollowup one{{}, incidents[choices_.below(incidents.size())].id, one_of(owners), one_of(severities), day()};
        if (perhaps()) one.due = "2026-12-01T00:00:00Z";
        one.id =
            run({"followup", "add", one.incident, "Do it", "--owner", one.owner, "--priority", one.priority, "--due", one.due});
        followups.push_back(one);
    }
    void change_followup() {
        ModelFollowup& one = followups[choices_.below(followups.size())];
        if (one.finished()) return;
        if (perhaps()) {
            one.owner = one_of(owners);
            (void)run({"followup", "update", one.id, "--owner", one.owner, "--title", one.owner + " does it"});
        } else if (perhaps()) {
            one.status = "done";
            (void)run({"followup", "done", one.id});
        } else if (one.status != "blocked") {
            one.status = "blocked";
            (void)run({"followup", "update", one.id, "--status", "blocked"});
        }
    }

    Choices& choices_;
    TemporaryDirectory directory_;
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

// `incident list` with some filters, and the ids that the model has for them.
struct Question {
    Words words;
    Words expected;
};

Question ask_incidents(World& world, Choices& choices) {
    const auto some = [&](const Words& words) { return world.perhaps() ? std::optional(world.one_of(words)) : std::nullopt; };
    const auto service = some(services), env = some(envs), severity = some(severities), kind = some(kinds), team = some(teams);
    const auto since = some({"2026-02-05T00:00:00Z", "2026-02-14T00:00:00Z"});
    const auto until = some({"2026-02-20T00:00:00Z", "2026-02-27T00:00:00Z"});
    const auto text = some({"slow", "SEARCH", "full", "nowhere"});
    const std::string status = world.one_of({"all", "open", "mitigated", "resolved", "closed"});
    const bool archived = world.perhaps();
    const std::size_t limit = world.perhaps() ? 1 + choices.below(4) : 0;
    Question question{{"incident", "list", "--ids", "--status", status, "--limit", std::to_string(limit)}, {}};
    const auto add = [&](const char* option, const std::optional<std::string>& value, const std::string& before = "") {
        if (value) question.words.insert(question.words.end(), {option, before + *value});
    };
    add("--service", service);
    add("--env", env);
    add("--severity", severity);
    add("--kind", kind);
    add("--label", team, "team=");
    add("--since", since);
    add("--until", until);
    add("--text", text);
    if (archived) question.words.emplace_back("--archived");
    std::vector<ModelIncident> fit;
    for (const ModelIncident& one : world.incidents) {
        const bool right_status = status == "all" || one.status == status || (status == "open" && one.status == "mitigated");
        const bool fits = right_status && (archived || !one.archived) && (!service || one.service == *service) &&
                          (!env || one.env == *env) && (!severity || one.severity == *severity) && (!kind || one.kind == *kind) &&
                          (!team || one.team == *team) && (!since || one.started_at >= *since) &&
                          (!until || one.started_at < *until) &&
                          (!text || lower(one.title).find(lower(*text)) != std::string::npos);
        if (fits) fit.push_back(one);
    }
    std::sort(fit.begin(), fit.end(), [](const ModelIncident& a, const ModelIncident& b) {
        return a.started_at != b.started_at ? a.started_at > b.started_at : a.id < b.id;
    });
    for (const ModelIncident& one : fit) {
        if (limit == 0 || question.expected.size() < limit) question.expected.push_back(one.id);
    }
    return question;
}

Question ask_followups(World& world) {
    Question question{{"followup", "list"}, {}};
    const auto incident = world.perhaps() ? std::optional(world.incidents.front().id) : std::nullopt;
    const auto status = world.perhaps() ? std::optional(world.one_of({"open", "blocked", "done"})) : std::nullopt;
    const auto owner = world.perhaps() ? std::optional(world.one_of(owners)) : std::nullopt;
    const bool open = world.perhaps(), overdue = world.perhaps();
    if (incident) question.words.push_back(*incident);
    if (status) question.words.insert(question.words.end(), {"--status", *status});
    if (owner) question.words.insert(question.words.end(), {"--owner", *owner});
    if (open) question.words.emplace_back("--open");
    if (overdue) question.words.emplace_back("--overdue");
    for (const ModelIncident& of : world.incidents) {  // by incident, in the order in which they were added
        for (const ModelFollowup& one : world.followups) {
            const bool fits = one.incident == of.id && (!incident || one.incident == *incident) &&
                              (!status || one.status == *status) && (!owner || one.owner == *owner) && !(open && one.finished()) &&
                              (!overdue || (!one.finished() && one.due < now));
            if (fits) question.expected.push_back(one.id);
        }
    }
    return question;
}

// `events` with some filters; `all` are its rows without any.
Question ask_events(World& world, const std::vector<Json>& all, Choices& choices) {
    Question question{{"events"}, {}};
    const auto types = world.perhaps() ? Words{"note", world.one_of({"incident_created", "followup", "status_changed"})} : Words{};
    const auto stream = world.perhaps() ? std::optional(world.incidents[choices.below(world.incidents.size())].id) : std::nullopt;
    const auto since = world.perhaps() ? std::optional<std::string>("2026-02-14T00:00:00Z") : std::nullopt;
    const auto text = world.perhaps() ? std::optional(world.one_of({"again", "A note", "sofiia", "nowhere"})) : std::nullopt;
    const std::size_t after = choices.below(all.size()), limit = choices.below(20);
    for (const std::string& type : types) question.words.insert(question.words.end(), {"--type", type});
    if (stream) question.words.insert(question.words.end(), {"--incident", *stream});
    if (since) question.words.insert(question.words.end(), {"--since", *since});
    if (text) question.words.insert(question.words.end(), {"--text", *text});
    question.words.insert(question.words.end(), {"--after-seq", std::to_string(after), "--limit", std::to_string(limit)});
    for (const Json& row : all) {
        const bool fits = row["seq"] > after &&
                          (types.empty() || std::find(types.begin(), types.end(), row["type"].get<std::string>()) != types.end()) &&
                          (!stream || row["incident_id"] == *stream) && (!since || row["ts"] >= *since) &&
                          (!text || (row["message"].dump() + row["meta"].dump()).find(*text) != std::string::npos);
        if (fits && (limit == 0 || question.expected.size() < limit)) question.expected.push_back(row["seq"].dump());
    }
    return question;
}

std::string joined(const Words& words) {
    std::string text;
    for (const std::string& word : words) text += word + ' ';
    return text;
}

}  // namespace

TEST_CASE("lists of incidents, follow-ups and events, and timelines, say what a look at each entry says", "[fault][readers]") {
    Choices choices;
    INFO(choices.said());
    std::size_t questions = 0, found = 0;
    for (std::size_t world_number = 0; world_number < rounds(2, 40); ++world_number) {
        World world(choices);
        for (std::size_t grown = 0; grown < 3; ++grown) {
            world.grow(40);
            const std::vector<Json> all = world.rows({"events"});
            const auto check = [&](const Question& question, const char* column) {
                Words answer;
                if (column == nullptr) {
                    const std::string out = world.run(question.words);
                    if (!out.empty()) answer = lines_of(out);
                } else {
                    for (const Json& row : world.rows(question.words)) {
                        answer.push_back(row[column].is_string() ? row[column].get<std::string>() : row[column].dump());
                    }
                }
                INFO(joined(question.words));
                CHECK(joined(answer) == joined(question.expected));
                ++questions;
                found += answer.size();
            };
            for (std::size_t i = 0; i < rounds(12, 100); ++i) {
                check(ask_incidents(world, choices), nullptr);
                check(ask_followups(world), "followup_id");
                check(ask_events(world, all, choices), "seq");
                const std::string& incident = world.incidents[choices.below(world.incidents.size())].id;
                Question timeline{{"timeline", incident}, {}};
                for (const Json& row : all) {
                    if (row["incident_id"] == incident) timeline.expected.push_back(row["seq"].dump());
                }
                check(timeline, "seq");
            }
        }
    }
    CHECK(found > questions);
    report("readers: " + std::to_string(questions) + " questions, " + std::to_string(found) + " rows");
}
