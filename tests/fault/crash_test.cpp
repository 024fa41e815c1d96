// Processes killed with SIGKILL at random moments. What one had acknowledged is there after that, the journal verifies, the views
// are what a rebuild gives, and what was cut short goes well when it is run again.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <regex>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/desk.hpp"
#include "tests/fault/fault.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace fs = std::filesystem;

namespace {

using Words = std::vector<std::string>;
using Steady = std::chrono::steady_clock;

// A data directory, and the program on it in forks.
class Forked {
public:
    Words words(Words arguments) const {
        arguments.insert(arguments.begin(), {"--data", (directory_ / "data").string(), "-q"});
        return arguments;
    }
    Outcome run(const Words& arguments) const { return run_forked(words(arguments)); }
    std::string out(const Words& arguments) const {
        const Outcome outcome = run(arguments);
        if (outcome.status != 0) throw std::runtime_error("status " + std::to_string(outcome.status) + ": " + outcome.err);
        return outcome.out.substr(0, outcome.out.find_last_not_of('\n') + 1);
    }
    std::string open_incident(const std::string& title = "Gateway 5xx") const {
        return out({"incident", "create", "--service", "gateway", "--severity", "P1", "--title", title});
    }
    // Whether the journal and the views are sound.
    bool sound() const {
        const Outcome verify = run({"verify"});
        const Outcome views = run({"replay", "--check"});
        UNSCOPED_INFO("verify: " << verify.status << ' ' << verify.err << "replay --check: " << views.status << ' ' << views.err);
        return verify.status == 0 && views.status == 0;
    }
    std::string events() const { return out({"events", "-o", "jsonl"}); }
    std::string path(const std::string& name) const { return (directory_ / name).string(); }

private:
    TemporaryDirectory directory_;
};

Steady::duration time_of(const Forked& desk, const Words& arguments) {
    const auto began = Steady::now();
    (void)desk.out(arguments);
    return Steady::now() - began;
}

// So many rounds, and more where none was killed yet.
bool goes_on(std::size_t round, std::size_t wanted, std::size_t kills) {
    return round < wanted || (kills == 0 && round < 20 * wanted);
}

// Kills the process at a moment of its life, which lasts `usual`, or lets it end. Whether it was killed. `usual` follows what is
// seen: the first one may have lasted long, since the machine was busy.
bool kill_somewhere(Fork& process, Steady::duration& usual, Choices& choices) {
    std::this_thread::sleep_for(usual * static_cast<long>(choices.below(1100)) / 1000);
    process.kill();
    const bool killed = process.wait().status == 128 + SIGKILL;
    usual += killed ? usual / 16 : -usual / 4;
    return killed;
}

// Events of a journal whose ids and moments differ from run to run, without those.
std::string events_without_ids(const Forked& desk) {
    static const std::regex random(
        R"re(inc_[0-9]{8}_[0-9]{4}_[0-9a-z]+|"(seq|event_id|recorded_at|leaf|cause|salt)":("[^"]*"|[0-9]+))re");
    return std::regex_replace(desk.events(), random, "");
}

std::string feed(std::size_t records) {
    std::string lines;
    for (std::size_t i = 0; i < records; ++i) {
        const std::string number = std::to_string(i);
        lines += Report::firing("10:00").id(number).ref(number).kind("k" + std::to_string(i % 40)).line() + '\n';
    }
    return lines;
}

// How often each message stands in rows of JSON.
std::map<std::string, unsigned> times_of_messages(const std::string& rows) {
    const std::string name = "\"message\":\"";
    std::map<std::string, unsigned> times;
    for (std::size_t at = rows.find(name); at != std::string::npos; at = rows.find(name, at)) {
        at += name.size();
        ++times[rows.substr(at, rows.find('"', at) - at)];
    }
    return times;
}

std::vector<std::string> files_with(const fs::path& directory, const std::string& text) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file() && read_file(entry.path()).find(text) != std::string::npos)
            names.push_back(entry.path().string());
    }
    return names;
}

}  // namespace

TEST_CASE("a writer that is killed at any moment loses nothing that it acknowledged, and can be run again", "[fault][crash]") {
    Choices choices;
    INFO(choices.said());
    std::unique_ptr<Forked> desk;
    std::string incident;
    Steady::duration usual{};
    std::size_t kills = 0, written = 0;
    for (std::size_t round = 0; goes_on(round, rounds(30, 1000), kills); ++round) {
        if (round % 25 == 0) {
            desk = std::make_unique<Forked>();
            incident = desk->open_incident();
            usual = time_of(*desk, {"note", incident, "the first"});
        }
        struct Written {
            std::string text;
            Words command;
            std::unique_ptr<Fork> process;
            bool acknowledged = false;
        };
        std::vector<Written> writers(3);
        for (std::size_t i = 0; i < writers.size(); ++i) {
            writers[i].text = "round " + std::to_string(round) + " writer " + std::to_string(i) + '.';
            writers[i].command = {"note", incident, writers[i].text, "--idempotency-key", "key-" + writers[i].text};
            writers[i].process = std::make_unique<Fork>(desk->words(writers[i].command));
        }
        for (std::size_t i = 0; i < 2; ++i) kills += kill_somewhere(*writers[i].process, usual, choices) ? 1U : 0U;
        for (Written& one : writers) {
            const Outcome outcome = one.process->wait();
            one.acknowledged = outcome.status == 0 || !outcome.out.empty();
        }
        REQUIRE(writers[2].acknowledged);
        const std::string events = desk->events();
        for (const Written& one : writers) {
            const std::size_t there = times_in(events, one.text);
            INFO(one.text);
            if (one.acknowledged) REQUIRE(there == 1);
            REQUIRE(there <= 1);
            if (!one.acknowledged && there == 1) ++written;
            REQUIRE(desk->run(one.command).status == 0);
        }
        const std::string after = desk->events();
        for (const Written& one : writers) REQUIRE(times_in(after, one.text) == 1);
        REQUIRE(desk->sound());
    }
    CHECK(kills > 0);
    report("writers: " + std::to_string(kills) + " killed, " + std::to_string(written) + " of them had written without a word");
}

TEST_CASE("an ingest that is killed at any moment ends, when it is run again, in the state of one that was not", "[fault][crash]") {
    Choices choices;
    INFO(choices.said());
    const TemporaryDirectory directory;
    const std::string file = (directory / "feed.jsonl").string();
    write_file(file, feed(long_form() ? 4000 : 1000));
    const Words ingest{"--now", "2026-02-23T12:00:00Z", "ingest", file};
    const Forked whole;
    auto usual = time_of(whole, ingest);
    const std::string expected = events_without_ids(whole);
    std::size_t kills = 0;
    for (std::size_t round = 0; goes_on(round, rounds(5, 150), kills); ++round) {
        const Forked desk;
        for (std::size_t again = choices.below(4) + 1; again != 0; --again) {
            Fork process(desk.words(ingest));
            kills += kill_somewhere(process, usual, choices) ? 1U : 0U;
        }
        (void)desk.out(ingest);
        REQUIRE(events_without_ids(desk) == expected);
        REQUIRE(desk.sound());
    }
    CHECK(kills > 0);
    report("ingest: " + std::to_string(kills) + " killed");
}

TEST_CASE("a server that is killed under load has all that it answered, once", "[fault][crash]") {
    Choices choices;
    INFO(choices.said());
    const Program daybook;
    const std::string incident =
        daybook.out({"-q", "incident", "create", "--service", "gateway", "--severity", "P1", "--title", "Slow"});
    std::vector<std::string> answered;
    for (std::size_t round = 0; round < rounds(3, 60); ++round) {
        Server server(daybook);
        std::mutex mutex;
        std::vector<std::string> last;  // of each client, sent and not answered
        std::atomic<std::size_t> answers = 0;
        std::vector<std::thread> clients;
        for (std::size_t c = 0; c < 8; ++c) {
            clients.emplace_back([&, c] {
                std::string text;
                try {
                    HttpClient client = server.client();
                    for (std::size_t i = 0;; ++i) {
                        text =
                            "round " + std::to_string(round) + " client " + std::to_string(c) + " note " + std::to_string(i) + '.';
                        const std::string body =
                            R"({"action":"incident_append_event","agent_id":"sofiia","params":{"incident_id":")" + incident +
                            R"(","type":"note","message":")" + text + R"(","idempotency_key":")" + text + R"("}})";
                        if (client.post("/v1/tools/oncall_tool", body).status != 200) throw std::runtime_error("refused");
                        const std::lock_guard lock(mutex);
                        answered.push_back(text);
                        ++answers;
                    }
                } catch (const std::exception&) {  // the server is gone
                    const std::lock_guard lock(mutex);
                    last.push_back(text);
                }
            });
        }
        const std::size_t enough = 1 + choices.below(300);
        const bool came = becomes_true([&] { return answers >= enough; });
        server.process().signal(SIGKILL);
        for (std::thread& client : clients) client.join();
        REQUIRE(came);
        REQUIRE(server.process().wait() == 128 + SIGKILL);
        const auto times = times_of_messages(daybook.out({"events", "-o", "jsonl"}));
        const auto times_of = [&](const std::string& text) {
            const auto found = times.find(text);
            return found == times.end() ? 0U : found->second;
        };
        for (const std::string& text : answered) {
            INFO(text);
            REQUIRE(times_of(text) == 1);
        }
        for (const std::string& text : last) REQUIRE(times_of(text) <= 1);
        REQUIRE(daybook.run({"verify"}).status == 0);
        REQUIRE(daybook.run({"replay", "--check"}).status == 0);
    }
    report("server: " + std::to_string(answered.size()) + " writes answered");
}

TEST_CASE("a redaction that is killed at any moment is finished when it is run again, and the text is in no file",
          "[fault][crash]") {
    Choices choices;
    INFO(choices.said());
    const std::string secret = "hunter2-SECRET-marker";
    std::size_t kills = 0;
    Steady::duration usual{};
    for (std::size_t round = 0; goes_on(round, rounds(6, 150), kills); ++round) {
        const Forked desk;
        const std::string incident = desk.open_incident();
        (void)desk.out({"note", incident, "the password is " + secret});
        (void)desk.out({"export", "jsonl", desk.path("layout")});
        const std::string before = desk.events();
        const std::string sequence = std::to_string(times_in(before.substr(0, before.find(secret)), "\n") + 1);
        const Words redact{"redact", sequence, "--reason", "a password"};
        if (round == 0) {
            usual = time_of(desk, redact);
        } else {
            Fork process(desk.words(redact));
            kills += kill_somewhere(process, usual, choices) ? 1U : 0U;
            REQUIRE(desk.run({"redact", "--finish"}).status == 0);
            const int again = desk.run(redact).status;
            REQUIRE((again == 0 || again == 6));  // 6: it was redacted, and --finish did the rest
        }
        REQUIRE(files_with(desk.path(""), secret).empty());
        REQUIRE(desk.sound());
    }
    CHECK(kills > 0);
    report("redact: " + std::to_string(kills) + " killed");
}

TEST_CASE("backup, rebuild, export and checkpoint that are killed leave the journal and the last result whole", "[fault][crash]") {
    Choices choices;
    INFO(choices.said());
    const TemporaryDirectory feeds;
    const std::string file = (feeds / "feed.jsonl").string();
    write_file(file, feed(600));
    const Forked desk;
    (void)desk.out({"ingest", file});
    const std::vector<Words> commands{{"replay", "--rebuild"},
                                      {"export", "jsonl", desk.path("layout")},
                                      {"export", "journal", desk.path("text")},
                                      {"checkpoint", "--save", desk.path("checkpoint")},
                                      {"backup", desk.path("backup")}};
    const auto results = [&] {
        return read_file(desk.path("layout/events.jsonl")) + read_file(desk.path("layout/incidents.jsonl")) +
               read_file(desk.path("text/journal.jsonl")) + read_file(desk.path("checkpoint"));
    };
    std::vector<Steady::duration> usual;
    for (const Words& command : commands) usual.push_back(time_of(desk, command));
    const std::string expected = results();
    std::size_t kills = 0;
    for (std::size_t round = 0; goes_on(round, rounds(10, 400), kills); ++round) {
        const std::size_t which = round % commands.size();
        const bool backup = commands[which].front() == "backup";
        INFO(commands[which].front());
        if (backup) fs::remove_all(desk.path("backup"));
        {
            Fork process(desk.words(commands[which]));
            kills += kill_somewhere(process, usual[which], choices) ? 1U : 0U;
        }
        REQUIRE(results() == expected);  // the old result or the new one, which are the same
        REQUIRE(desk.sound());
        if (!backup || !fs::exists(desk.path("backup"))) (void)desk.out(commands[which]);
        if (!backup) continue;
        fs::remove_all(desk.path("restored"));
        REQUIRE(run_forked({"--data", desk.path("restored"), "-q", "restore", desk.path("backup")}).status == 0);
    }
    REQUIRE(results() == expected);
    for (const auto& entry : fs::directory_iterator(desk.path(""))) {
        CHECK(entry.path().filename().string().find("partial") == std::string::npos);
    }
    CHECK(kills > 0);
    report("backup, rebuild, export, checkpoint: " + std::to_string(kills) + " killed");
}
