// Webhooks out, through the real binary: who is told what, in which order, and how often.
#include <algorithm>
#include <atomic>
#include <map>
#include <set>

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "journal/base64.hpp"
#include "journal/hmac.hpp"
#include "tests/integration/receiver.hpp"

using namespace daybook;
using namespace daybook::test;
using Json = nlohmann::json;

namespace {

constexpr const char* secret = "0123456789abcdef0123456789abcdef";

// The policy that names these receivers, each with some lines of its own.
void name_receivers(const Program& daybook, const std::vector<std::pair<const TestReceiver*, std::string>>& receivers) {
    std::filesystem::create_directories(daybook / "ops/policy");
    write_file(daybook / "secret", std::string(secret) + "\n");
    ::chmod((daybook / "secret").c_str(), 0600);
    std::string policy = "receivers:\n";
    int number = 0;
    for (const auto& [receiver, lines] : receivers) {
        policy += "  - name: r" + std::to_string(++number) + "\n    url: http://127.0.0.1:" + std::to_string(receiver->port()) +
                  "/hook?a=1\n    secret_file: secret\n" + lines;
    }
    write_file(daybook / "ops/policy/notify.yml", policy);
}

std::vector<std::string> kinds_of(const std::vector<TestReceiver::Delivery>& deliveries) {
    std::vector<std::string> kinds;
    for (const auto& delivery : deliveries) kinds.push_back(Json::parse(delivery.body)["kind"]);
    return kinds;
}

std::string incident_of(const TestReceiver::Delivery& delivery) { return Json::parse(delivery.body)["incident"]["id"]; }

std::string open_incident(const Program& daybook, const std::string& title, const std::string& severity = "P1") {
    return daybook.out({"incident", "create", "--service", "gateway", "--severity", severity, "--title", title});
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a receiver is told of what it asked for, signed, in order, with the incident as it was then", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [opened, severity, resolved, reopened]\n    severity: P2\n"}});
    const Server server(daybook);
    const std::string id = open_incident(daybook, "Gateway 5xx", "P2");
    open_incident(daybook, "a small one", "P3");
    daybook.out({"incident", "ack", id});
    daybook.out({"incident", "severity", id, "P1"});
    daybook.out({"incident", "resolve", id});
    daybook.out({"incident", "reopen", id});
    REQUIRE(receiver.takes(4));
    const auto told = receiver.taken();
    CHECK(kinds_of(told) == Words{"opened", "severity", "resolved", "reopened"});
    for (const auto& delivery : told) {
        const Json body = Json::parse(delivery.body);
        CHECK(body["id"] == delivery.id);
        CHECK(body["event"]["event_id"] == delivery.id);
        CHECK(body["incident"]["id"] == id);
        const Digest digest = hmac_sha256(secret, {delivery.id, ".", delivery.timestamp, ".", delivery.body});
        CHECK(delivery.signature == "v1," + to_base64(bytes_of(digest)));
    }
    CHECK(Json::parse(told[0].body)["incident"]["severity"] == "P2");
    CHECK(Json::parse(told[1].body)["incident"]["severity"] == "P1");
    CHECK(Json::parse(told[2].body)["incident"]["status"] == "resolved");
    CHECK(Json::parse(told[3].body)["incident"]["status"] == "open");
}

TEST_CASE("a receiver that fails, stalls and dies in turn is told everything once it is back, and holds up nobody else",
          "[notify]") {
    const Program daybook;
    std::atomic<bool> stalled = true;
    TestReceiver troubled([](const TestReceiver::Delivery&) { return 503; });
    const TestReceiver steady;
    name_receivers(daybook, {{&troubled, "    events: [opened]\n    timeout_seconds: 1\n"}, {&steady, "    events: [opened]\n"}});
    const Server server(daybook);
    HttpClient client = server.client();
    open_incident(daybook, "while it fails");
    REQUIRE(becomes_true([&] { return !troubled.all().empty(); }));
    REQUIRE(steady.takes(1));
    troubled.answer_with([&](const TestReceiver::Delivery&) {
        becomes_true([&] { return !stalled; });
        return 503;
    });
    open_incident(daybook, "while it stalls");
    REQUIRE(steady.takes(2));
    REQUIRE(becomes_true([&] {
        return client.get("/metrics").body.find("daybook_notifications_total{receiver=\"r1\",outcome=\"failed\"} 1") ==
               std::string::npos;
    }));
    stalled = false;
    troubled.stop();
    open_incident(daybook, "while it is dead");
    REQUIRE(steady.takes(3));
    const Json ready = Json::parse(client.get("/readyz").body);
    CHECK(ready["ok"] == true);
    CHECK(ready["receivers"][0]["name"] == "r1");
    CHECK(ready["receivers"][0]["failing"] == true);
    CHECK(ready["receivers"][1]["failing"] == false);
    troubled.answer_with([](const TestReceiver::Delivery&) { return 200; });
    troubled.start();
    REQUIRE(troubled.takes(3));
    const auto told = troubled.taken();
    CHECK(told[0].has("while it fails"));
    CHECK(told[1].has("while it stalls"));
    CHECK(told[2].has("while it is dead"));
    CHECK(steady.all().size() == 3);
}

TEST_CASE("an event that a receiver refuses holds up its own incident alone, and is told when it is taken", "[notify]") {
    const Program daybook;
    TestReceiver receiver([](const TestReceiver::Delivery& delivery) { return delivery.has("too long for it") ? 400 : 200; });
    name_receivers(daybook, {{&receiver, "    events: [opened, acknowledged, resolved]\n"}});
    Server server(daybook);
    const std::string refused = open_incident(daybook, "too long for it");
    daybook.out({"incident", "ack", refused});
    const std::string other = open_incident(daybook, "another");
    daybook.out({"incident", "resolve", refused});
    daybook.out({"incident", "resolve", other});
    REQUIRE(receiver.takes(2));
    for (const auto& delivery : receiver.taken()) CHECK(incident_of(delivery) == other);
    HttpClient client = server.client();
    CHECK(becomes_true([&] { return Json::parse(client.get("/readyz").body)["receivers"][0]["held_incidents"] == 1; }));
    // Another server knows what waits.
    REQUIRE(server.stop() == 0);
    receiver.answer_with([](const TestReceiver::Delivery&) { return 200; });
    const Server next(daybook);
    REQUIRE(receiver.takes(5));
    auto told = receiver.taken();
    told.erase(told.begin(), told.begin() + 2);
    CHECK(kinds_of(told) == Words{"opened", "acknowledged", "resolved"});
    for (const auto& delivery : told) CHECK(incident_of(delivery) == refused);
    HttpClient again = next.client();
    CHECK(becomes_true([&] { return Json::parse(again.get("/readyz").body)["receivers"][0]["held_incidents"] == 0; }));
}

TEST_CASE("a server that is killed repeats at most the last delivery, and leaves none out", "[notify]") {
    const Program daybook;
    constexpr std::size_t rounds = 4, incidents = 60, each = 25;
    std::atomic<std::size_t> seen = 0, quick = each;  // beyond so many an answer waits until the server is dead
    std::atomic<bool> waiting = false, dead = false;
    const TestReceiver receiver([&](const TestReceiver::Delivery&) {
        if (++seen <= quick) return 200;
        waiting = true;
        becomes_true([&] { return dead.load(); });
        return 200;
    });
    name_receivers(daybook, {{&receiver, "    events: [opened, acknowledged]\n    timeout_seconds: 60\n"}});
    {
        Server first(daybook);  // gives the receiver its place
        REQUIRE(first.stop() == 0);
    }
    for (std::size_t i = 0; i < incidents; ++i) daybook.out({"incident", "ack", open_incident(daybook, std::to_string(i))});
    for (std::size_t round = 0; round < rounds; ++round) {
        Server server(daybook);
        REQUIRE(becomes_true([&] { return waiting.load(); }));
        server.process().signal(SIGKILL);
        server.process().wait();
        dead = true;
        REQUIRE(becomes_true([&] { return receiver.all().size() == seen; }));
        waiting = dead = false;
        quick = seen + each;
    }
    quick = SIZE_MAX;
    const Server last(daybook);
    HttpClient client = last.client();
    REQUIRE(becomes_true([&] { return Json::parse(client.get("/readyz").body)["receivers"][0]["lag_events"] == 0; }));
    std::set<std::string> told;
    std::map<std::string, std::int64_t> newest;
    for (const auto& delivery : receiver.all()) {
        const Json body = Json::parse(delivery.body);
        const std::int64_t sequence = body["event"]["seq"];
        told.insert(delivery.id);
        CHECK(sequence >= newest[body["incident"]["id"]]);
        newest[body["incident"]["id"]] = sequence;
    }
    CHECK(told.size() == 2 * incidents);
    CHECK(receiver.all().size() == told.size() + rounds);  // each kill came in the middle of one
}

TEST_CASE("what was there before a receiver was named is told nobody, nor what an import or a replay brings", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    open_incident(daybook, "before");
    name_receivers(daybook, {{&receiver, "    events: [opened]\n"}});
    Server server(daybook);
    std::filesystem::create_directories(daybook / "old");
    write_file(daybook / "old/incidents.jsonl",
               R"({"id":"inc_20200101_0000_aaaa","service":"a","title":"old","started_at":"2020-01-01T00:00:00Z"})"
               "\n");
    daybook.out({"import", "jsonl", (daybook / "old").string()});
    daybook.out({"replay", "--rebuild"});
    open_incident(daybook, "after");
    REQUIRE(receiver.takes(1));
    REQUIRE(server.stop() == 0);
    daybook.out({"replay", "--rebuild"});
    const Server again(daybook);
    open_incident(daybook, "later");
    REQUIRE(receiver.takes(2));
    const auto told = receiver.all();
    REQUIRE(told.size() == 2);
    CHECK(told[0].has("\"title\":\"after\""));
    CHECK(told[1].has("\"title\":\"later\""));
}

TEST_CASE("an alert that has fired for days is told when it comes, and one that came and went is not", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [opened]\n"}});
    Server server(daybook);
    const auto alert = [](const std::string& service, const std::string& end) {
        return R"({"version":"4","groupKey":"g","status":"firing","receiver":"r","alerts":[{"status":")" +
               std::string(end.empty() ? "firing" : "resolved") + R"(","labels":{"alertname":"Down","service":")" + service +
               R"(","severity":"critical"},"annotations":{},"startsAt":"2026-02-01T10:00:00Z","endsAt":")" +
               (end.empty() ? "0001-01-01T00:00:00Z" : end) + "\"}]}\n";
    };
    daybook.write("alerts", alert("short", "") + alert("short", "2026-02-01T11:00:00Z") + alert("silenced", ""));
    daybook.out({"ingest", "alerts"});
    REQUIRE(receiver.takes(1));
    open_incident(daybook, "after");
    REQUIRE(receiver.takes(2));
    const auto told = receiver.all();
    CHECK(Json::parse(told[0].body)["incident"]["service"] == "silenced");
    CHECK(server.client().get("/metrics").body.find("outcome=\"given_up\"} 1\n") != std::string::npos);
}

TEST_CASE("a follow-up that becomes overdue is told once, and one that is done in time is not", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [overdue]\n"}});
    Server server(daybook);
    const std::string id = open_incident(daybook, "with promises");
    const std::string soon =
        format_time(std::chrono::ceil<std::chrono::seconds>(std::chrono::system_clock::now()) + std::chrono::seconds(2));
    const std::string done = daybook.out({"followup", "add", id, "done in time", "--due", soon});
    daybook.out({"followup", "add", id, "forgotten", "--due", soon, "--owner", "nora"});
    daybook.out({"followup", "done", done});
    REQUIRE(receiver.takes(1));
    const Json body = Json::parse(receiver.taken().front().body);
    CHECK(body["kind"] == "overdue");
    CHECK(receiver.taken().front().id.starts_with(body["followup"]["followup_id"].get<std::string>() + '-'));
    CHECK(body["followup"]["title"] == "forgotten");
    CHECK(body["followup"]["owner"] == "nora");
    CHECK(body["incident"]["id"] == id);
    REQUIRE(server.stop() == 0);
    const Server again(daybook);
    // One that is written down when it is overdue already is told too; the others are not told again.
    daybook.out({"followup", "add", id, "late from the start", "--due", soon});
    REQUIRE(receiver.takes(2));
    CHECK(receiver.all().size() == 2);
    CHECK(Json::parse(receiver.taken().back().body)["followup"]["title"] == "late from the start");
}

TEST_CASE("an overdue follow-up is told once its incident is one that the receiver asked for", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [overdue]\n    severity: P1\n"}});
    const Server server(daybook);
    const auto promise = [&](const std::string& id, const char* title) {
        daybook.out({"followup", "add", id, title, "--due",
                     format_time(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()))});
    };
    const auto title_of = [](const TestReceiver::Delivery& told) { return Json::parse(told.body)["followup"]["title"]; };
    const std::string small = open_incident(daybook, "a small one", "P2");
    promise(small, "of the small one");
    promise(open_incident(daybook, "a great one", "P1"), "of the great one");
    REQUIRE(receiver.takes(1));
    CHECK(title_of(receiver.taken().back()) == "of the great one");
    daybook.out({"incident", "severity", small, "P0"});
    REQUIRE(receiver.takes(2));
    CHECK(title_of(receiver.taken().back()) == "of the small one");
}

TEST_CASE("an id that no header or signature should hold is told by its SHA-256", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [opened, overdue]\n"}});
    const Server server(daybook);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const std::string at_now = format_time(now), due = format_time(now - std::chrono::seconds(1));
    const std::string event = R"({"incident_id":"inc_20260223_1000_aaaa","ts":")" + at_now + R"(","message":"",)";
    daybook.write("old/incidents.jsonl",
                  R"({"id":"inc_20260223_1000_aaaa","service":"a","title":"t","started_at":")" + at_now + "\"}\n");
    daybook.write("old/events.jsonl", event + R"("type":"incident_created","event_id":"ev.1"})" + '\n' + event +
                                          R"("type":"followup","meta":{"title":"t","followup_id":"fu.1","due_at":")" + due +
                                          "\"}}\n");
    daybook.out({"import", "jsonl", "old"});
    REQUIRE(receiver.takes(2));
    const auto told = receiver.taken();
    REQUIRE(kinds_of(told) == Words{"opened", "overdue"});
    Sha256 sha256;
    CHECK(told[0].id == to_hex(sha256({"ev.1"})));
    for (const auto& delivery : told) {
        CHECK(delivery.id.size() == 64);
        CHECK(delivery.id.find_first_not_of("0123456789abcdef") == std::string::npos);
        CHECK(Json::parse(delivery.body)["id"] == delivery.id);
        const Digest digest = hmac_sha256(secret, {delivery.id, ".", delivery.timestamp, ".", delivery.body});
        CHECK(delivery.signature == "v1," + to_base64(bytes_of(digest)));
    }
    CHECK(Json::parse(told[0].body)["event"]["event_id"] == "ev.1");
    CHECK(Json::parse(told[1].body)["followup"]["followup_id"] == "fu.1");
}

TEST_CASE("SIGHUP names new receivers, and a wrong policy leaves those that there were", "[notify]") {
    const Program daybook;
    const TestReceiver first, second;
    name_receivers(daybook, {{&first, ""}});
    Server server(daybook);
    open_incident(daybook, "one");
    REQUIRE(first.takes(1));
    name_receivers(daybook, {{&first, ""}, {&second, ""}});
    server.process().signal(SIGHUP);
    server.process().line_with("are read again");
    HttpClient client = server.client();
    REQUIRE(becomes_true([&] { return std::filesystem::exists(daybook.data() / "outbox/r2.json"); }));
    open_incident(daybook, "two");
    REQUIRE(first.takes(2));
    REQUIRE(second.takes(1));
    write_file(daybook / "ops/policy/notify.yml", "receivers:\n  - name: r1\n");
    server.process().signal(SIGHUP);
    server.process().line_with("what held before holds on");
    open_incident(daybook, "three");
    REQUIRE(first.takes(3));
    REQUIRE(second.takes(2));
    CHECK(second.taken().front().has("\"title\":\"two\""));
}

TEST_CASE("of two servers on one journal only one tells, and the other goes on when that ends", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [opened]\n"}});
    Server first(daybook);
    open_incident(daybook, "one");
    REQUIRE(receiver.takes(1));
    Server second(daybook);
    second.process().line_with("another server tells the receivers");
    open_incident(daybook, "two");
    REQUIRE(receiver.takes(2));
    REQUIRE(first.stop() == 0);
    open_incident(daybook, "three");
    REQUIRE(receiver.takes(3));
    CHECK(receiver.all().size() == 3);
}

TEST_CASE("a secret that others can read, or that is not there, keeps a server from starting and says what to do", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, ""}});
    ::chmod((daybook / "secret").c_str(), 0644);
    Outcome outcome = daybook.run({"serve", "--listen", "127.0.0.1:0"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("ops/policy/notify.yml:4: receivers[0].secret_file") != std::string::npos);
    CHECK(outcome.err.find("chmod 600 secret") != std::string::npos);
    std::filesystem::remove(daybook / "secret");
    outcome = daybook.run({"serve", "--listen", "127.0.0.1:0"});
    CHECK(outcome.status == 1);
    CHECK(outcome.err.find("openssl rand -hex 32 >secret") != std::string::npos);
}

TEST_CASE("where its place can't be written, a receiver is told no more than one thing until it can", "[notify]") {
    const Program daybook;
    const TestReceiver stuck, steady;
    name_receivers(daybook, {{&stuck, "    events: [opened]\n"}, {&steady, "    events: [opened]\n"}});
    Server server(daybook);
    const auto in_the_way = daybook.data() / "outbox/.r1.json.partial";
    REQUIRE(becomes_true([&] { return std::filesystem::exists(daybook.data() / "outbox/r1.json"); }));
    std::filesystem::create_directories(in_the_way / "x");
    for (std::size_t i = 1; i <= 3; ++i) {
        open_incident(daybook, "number " + std::to_string(i));
        REQUIRE(steady.takes(i));
        if (i == 1) REQUIRE(stuck.takes(1));
    }
    REQUIRE(becomes_true([&] {  // it tries, in vain
        const auto lines = lines_of(server.process().said());
        return std::count_if(lines.begin(), lines.end(),
                             [](const auto& line) { return line.find("receiver r1: ") != line.npos; }) >= 3;
    }));
    CHECK(stuck.all().size() == 1);
    std::filesystem::remove_all(in_the_way);
    REQUIRE(stuck.takes(3));
    CHECK(stuck.all().size() == 3);
}

TEST_CASE("a follow-up that was added while the views could not be read is told once it is overdue", "[notify]") {
    const Program daybook;
    const TestReceiver receiver;
    name_receivers(daybook, {{&receiver, "    events: [overdue]\n"}});
    Server server(daybook);
    const std::string id = open_incident(daybook, "Gateway 5xx");
    const auto current = daybook.data() / "views/CURRENT";
    REQUIRE(becomes_true([&] { return std::filesystem::exists(current); }));
    const std::string name = read_file(current);
    std::filesystem::remove(current);
    std::filesystem::create_directories(current / "x");
    const Time due = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + std::chrono::seconds(5);
    daybook.out({"followup", "add", id, "Add a canary", "--due", format_time(due)});
    server.process().line_with("receiver r1: ");
    CHECK(receiver.all().empty());
    std::filesystem::remove_all(current);
    write_file(current, name);
    REQUIRE(receiver.takes(1));
    CHECK(kinds_of(receiver.taken()) == Words{"overdue"});
}
