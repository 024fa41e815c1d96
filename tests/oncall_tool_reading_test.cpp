#include <atomic>
#include <set>
#include <thread>

#include "tests/tool_desk.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

struct ReadingDesk : ToolDesk {
    // The ids of a list's pages, one after the other; `between` runs before each page but the first.
    std::vector<std::string> pages(const std::string& fields, const std::function<void()>& between = [] {}) {
        std::vector<std::string> ids;
        std::string cursor;
        do {
            if (!cursor.empty()) between();
            oncall("incident_list", fields + (cursor.empty() ? "" : R"(,"cursor":")" + cursor + '"'));
            for (int i = 0; result("/incidents/" + std::to_string(i)) != "absent"; ++i) {
                ids.push_back(result("/incidents/" + std::to_string(i) + "/id"));
            }
            cursor = result("/next_cursor");
        } while (cursor != "absent" && ids.size() < 1000);
        return ids;
    }
    std::string count(const std::string& fields) {
        oncall("incident_list", fields);
        return refused() == "taken" ? result("/count") : refused();
    }
};

}  // namespace

TEST_CASE("incident_list gives each incident once, newest start first, while others are added", "[tools]") {
    ReadingDesk desk;
    std::set<std::string> ids;
    for (int i = 0; i < 23; ++i) ids.insert(desk.create(i % 3 == 0 ? "10:00" : "10:0" + std::to_string(i % 9)));
    const auto all = desk.pages(R"("limit":500)");
    CHECK(std::set(all.begin(), all.end()) == ids);
    for (const int limit : {1, 2, 7, 22, 23, 24}) {
        CHECK(desk.pages(R"("limit":)" + std::to_string(limit)) == all);
    }
    const std::vector<std::string> backwards(all.rbegin(), all.rend());
    CHECK(desk.pages(R"("limit":4,"order":"oldest")") == backwards);
    // Newer ones do not move the pages; older ones come behind.
    auto seen = desk.pages(R"("limit":5)", [&] { desk.create("11:00"); });
    CHECK(seen == all);
    std::size_t older = 0;
    seen = desk.pages(R"("limit":5,"until":"2026-02-23T10:30:00Z")", [&] {
        if (older < 2) desk.create("09:0" + std::to_string(older++));
    });
    CHECK(seen.size() == all.size() + 2);
    CHECK(std::equal(all.begin(), all.end(), seen.begin()));
}

TEST_CASE("incident_list refuses a cursor that it did not give", "[tools]") {
    ReadingDesk desk;
    desk.create("10:00");
    desk.create("10:01");
    desk.oncall("incident_list", R"("limit":1)");
    const std::string cursor = desk.result("/next_cursor");
    CHECK(cursor.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos);
    CHECK(desk.count(R"("limit":1,"cursor":")" + cursor + '"') == "1");
    CHECK(desk.result("/next_cursor") == "absent");
    CHECK(desk.count(R"("order":"oldest","cursor":")" + cursor + '"') == "invalid /params/cursor");
    for (const std::string& bad :
         {std::string(""), std::string("n"), cursor.substr(1), cursor + "-", "o" + cursor, cursor.substr(0, 20)}) {
        CHECK(desk.count(R"("cursor":")" + bad + '"') == "invalid /params/cursor");
    }
}

TEST_CASE("incident_list filters", "[tools]") {
    ReadingDesk desk;
    const std::string first = desk.create("10:00", R"(,"severity":"P1","kind":"http_5xx","labels":{"team":"edge"})");
    const std::string second = desk.create("10:10", R"(,"env":"staging","summary":"the Checkout is down")");
    const std::string third = desk.create("10:20");
    desk.oncall("incident_mitigate", desk.of(second));
    desk.oncall("incident_close", desk.of(third));
    CHECK(desk.count("") == "3");
    CHECK(desk.count(R"("status":"all")") == "3");
    CHECK(desk.count(R"("status":"open")") == "2");
    CHECK(desk.count(R"("status":"mitigated")") == "1");
    CHECK(desk.count(R"("status":"closed")") == "1");
    CHECK(desk.count(R"("status":"resolved")") == "0");
    CHECK(desk.count(R"("service":"gateway")") == "3");
    CHECK(desk.count(R"("service":"no")") == "0");
    CHECK(desk.count(R"("env":"staging")") == "1");
    CHECK(desk.count(R"("severity":"P1")") == "1");
    CHECK(desk.count(R"("kind":"http_5xx")") == "1");
    CHECK(desk.count(R"("label":"team=edge")") == "1");
    CHECK(desk.count(R"("label":"team=core")") == "0");
    CHECK(desk.count(R"("label":"team")") == "invalid /params/label");
    CHECK(desk.count(R"("text":"checkout")") == "1");
    CHECK(desk.count(R"("since":"2026-02-23T10:10:00Z")") == "2");
    CHECK(desk.count(R"("until":"2026-02-23T10:10:00Z")") == "1");
    CHECK(desk.count(R"("since":"2026-02-23T10:10:00Z","until":"2026-02-23T10:20:00Z","order":"oldest")") == "1");
    CHECK(desk.count(R"("order":"best")") == "invalid /params/order");
    CHECK(desk.commands().run(ArchiveIncident{first, "a test"}, Desk::by_ada("12:30")));
    CHECK(desk.count("") == "2");
    CHECK(desk.count(R"("archived":true)") == "3");
}

TEST_CASE("reading takes as_of, known_at and at_seq", "[tools]") {
    ReadingDesk desk;
    desk.journal().set_time(when("11:00"));
    const std::string id = desk.create("10:00");
    desk.journal().set_time(when("12:00"));
    desk.oncall("incident_resolve", desk.of(id, R"("occurred_at":"2026-02-23T10:30:00Z")"));
    desk.journal().set_time(when("13:00"));
    desk.create("09:00");
    const auto status = [&](const std::string& past) {
        desk.oncall("incident_get", desk.of(id, past));
        return desk.refused() == "taken" ? desk.result("/incident/status") + ' ' + desk.result("/version") : desk.refused();
    };
    CHECK(status("") == "resolved 2");
    CHECK(status(R"("as_of":"2026-02-23T10:29:59Z")") == "open 2");
    CHECK(status(R"("as_of":"2026-02-23T10:30:00Z")") == "resolved 2");
    CHECK(status(R"("known_at":"2026-02-23T11:59:00Z")") == "open 1");
    CHECK(status(R"("at_seq":1)") == "open 1");
    CHECK(status(R"("at_seq":0)") == "not_found /params/incident_id");
    CHECK(status(R"("as_of":"2026-02-23T09:00:00Z")") == "not_found /params/incident_id");
    CHECK(status(R"("at_seq":4)") == "invalid /params/at_seq");
    CHECK(status(R"("as_of":"yesterday")") == "invalid /params/as_of");
    const auto events = [&](const std::string& past) {
        desk.oncall("incident_timeline", desk.of(id, past));
        return desk.result("/events/0/seq") + ' ' + desk.result("/events/1/seq");
    };
    CHECK(events("") == "1 2");
    CHECK(events(R"("as_of":"2026-02-23T10:10:00Z")") == "1 absent");
    CHECK(events(R"("known_at":"2026-02-23T11:10:00Z")") == "1 absent");
    CHECK(events(R"("at_seq":2)") == "1 2");
    CHECK(desk.count(R"("status":"open")") == "1");
    CHECK(desk.count(R"("status":"open","as_of":"2026-02-23T10:29:59Z")") == "2");
    CHECK(desk.count(R"("at_seq":1)") == "1");
    CHECK(desk.count(R"("known_at":"2026-02-23T10:00:00Z")") == "0");
    CHECK(desk.count(R"("at_seq":4)") == "invalid /params/at_seq");
}

TEST_CASE("incident_timeline gives rows of events.jsonl, page by page", "[tools]") {
    ReadingDesk desk;
    const std::string id = desk.create("10:00");
    for (int i = 0; i < 9; ++i) {
        desk.oncall("incident_append_event", desk.of(id, R"("type":"note","message":"n)" + std::to_string(i) + '"'));
        if (i % 2 == 0) desk.create("09:00");
    }
    desk.oncall("incident_timeline", desk.of(id));
    CHECK(desk.result("/version") == "10");
    CHECK(desk.result("/next_after_seq") == "absent");
    CHECK(desk.result("/events/1/message") == "n0");
    CHECK(desk.result("/events/1/type") == "note");
    CHECK(desk.result("/events/1/incident_id") == id);
    CHECK(desk.result("/events/1/meta") == "{}");
    for (const int limit : {1, 3, 9, 10, 11}) {
        std::string told, after = "0";
        do {
            desk.oncall("incident_timeline", desk.of(id, R"("limit":)" + std::to_string(limit) + R"(,"after_seq":)" + after));
            for (int i = 0; desk.result("/events/" + std::to_string(i)) != "absent"; ++i) {
                told += desk.result("/events/" + std::to_string(i) + "/message").substr(0, 2) + ' ';
            }
            after = desk.result("/next_after_seq");
        } while (after != "absent" && told.size() < 100);
        CHECK(told == "Op n0 n1 n2 n3 n4 n5 n6 n7 n8 ");
    }
    // From a seq that is another incident's.
    desk.oncall("incident_timeline", desk.of(id, R"("after_seq":3)"));
    CHECK(desk.result("/events/0/message") == "n1");
    CHECK(desk.refusal_of("incident_timeline", desk.of(id, R"("limit":10001)")) == "invalid /params/limit");
}

TEST_CASE("a page ends before it grows too large", "[tools]") {
    ReadingDesk desk;
    const std::string id = desk.create("10:00");
    const std::string meta(200'000, 'm');
    for (int i = 0; i < 30; ++i) {
        desk.oncall("incident_append_event", desk.of(id, R"("type":"log","message":"l","meta":{"m":")" + meta + R"("})"));
    }
    desk.oncall("incident_timeline", desk.of(id));
    CHECK(desk.answer.size() < (std::size_t{5} << 20));
    CHECK(desk.result("/next_after_seq") != "absent");
    desk.oncall("incident_timeline", desk.of(id, R"("after_seq":)" + desk.result("/next_after_seq")));
    CHECK(desk.result("/next_after_seq") == "absent");
}

TEST_CASE("weekly_digest is the digest of the command line, and is saved once for a key", "[tools]") {
    ReadingDesk desk;
    desk.create("10:00");
    const auto digest = [&](const std::string& fields) {
        desk.call(R"({"action":"weekly_digest")" + fields + "}", "incident_intelligence_tool");
        return desk.refused();
    };
    CHECK(digest(R"(,"week":"2026-09")") == "taken");
    CHECK(desk.result("/digest/provenance/journal_size") == "1");
    CHECK(desk.result("/markdown").starts_with("#"));
    CHECK(desk.result("/saved") == "absent");
    CHECK(desk.size() == 1);
    desk.now = when("2026-03-05T00:00:00Z");
    CHECK(digest(R"(,"week":"2026-09","save_artifacts":true,"idempotency_key":"w9")") == "taken");
    CHECK(desk.result("/saved/duplicate") == "false");
    CHECK(at_pointer(read_file(desk.directory() / "weekly" / "2026-09.json"), "") == desk.result("/digest"));
    CHECK(read_file(desk.directory() / "weekly" / "2026-09.md") == desk.result("/markdown"));
    CHECK(read_file(desk.directory() / "exports.jsonl").find("weekly_digests") != std::string::npos);
    const SeenEvent event = desk.events(1).at(0);
    CHECK(event.stream == "$jobs");
    CHECK(event.source == "incident_intelligence_tool");
    CHECK(digest(R"(,"week":"2026-09","save_artifacts":true,"idempotency_key":"w9")") == "taken");
    CHECK(desk.result("/saved/duplicate") == "true");
    CHECK(desk.size() == 2);
    // The same bytes again are no news.
    CHECK(digest(R"(,"week":"2026-09","save_artifacts":true)") == "taken");
    CHECK(desk.result("/saved/seq") == "null");
    CHECK(desk.result("/saved/written") == "0");
    CHECK(desk.size() == 2);
    CHECK(digest(R"(,"week":"2026-08","save_artifacts":true,"idempotency_key":"w9")") == "idempotency_conflict /idempotency_key");
    CHECK(digest(R"(,"week":"2026-09","at_seq":0)") == "taken");
    CHECK(desk.result("/digest/provenance/journal_size") == "0");
    CHECK(digest(R"(,"week":"2026-60")") == "invalid /week");
    CHECK(digest(R"(,"week":"2027-01")") == "invalid /week");
    CHECK(digest(R"(,"at_seq":3)") == "invalid /at_seq");
    CHECK(digest(R"(,"as_of":"2026-02-23T10:00:00Z")") == "invalid /as_of");
    CHECK(desk.problems() == "");
}

TEST_CASE("eight threads create, get and list at once, and each reads what it wrote", "[tools]") {
    ReadingDesk desk;
    constexpr int each = 25;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
            ToolCallReader reader;
            const auto call = [&](const std::string& body) {
                const auto read = reader.read("oncall_tool", body);
                const auto result = desk.tools.run(*read, {"helion"});
                if (!result) ++wrong;
                return result ? *result : "{}";
            };
            for (int i = 0; i < each; ++i) {
                const std::string service = "s" + std::to_string(thread);
                const std::string id =
                    at_pointer(call(R"({"action":"incident_create","title":"t","service":")" + service + R"("})"), "/incident_id");
                call(R"({"action":"incident_acknowledge","incident_id":")" + id + R"("})");
                const std::string got = call(R"({"action":"incident_get","incident_id":")" + id + R"("})");
                if (at_pointer(got, "/version") != "2" || at_pointer(got, "/incident/event_count") != "2") ++wrong;
                const std::string listed = call(R"({"action":"incident_list","limit":500,"service":")" + service + R"("})");
                if (at_pointer(listed, "/count") != std::to_string(i + 1)) ++wrong;
                if (i % 10 == 0) call(R"({"action":"incident_list","status":"all","at_seq":1})");
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(desk.size() == 2 * 8 * each);
    CHECK(desk.problems() == "");
}

TEST_CASE("incident_get is as of now, however far behind the views are", "[tools]") {
    ReadingDesk desk;
    const std::string id = desk.create("10:00");
    CHECK(desk.count("") == "1");
    for (int notes = 1; notes <= 200; ++notes) {
        desk.oncall("incident_append_event", desk.of(id, R"("type":"note","message":"n")"));
        if (desk.result("/incident/event_count") != std::to_string(notes + 1)) FAIL(desk.answer);
    }
    desk.oncall("incident_get", desk.of(id));
    CHECK(desk.result("/incident/event_count") == "201");
    CHECK(desk.result("/version") == "201");
}

TEST_CASE("readers go on while the views are rebuilt elsewhere", "[tools]") {
    ReadingDesk desk;
    const std::string id = desk.create("10:00");
    CHECK(desk.count("") == "1");
    CHECK(Child([&] {
              SeededEntropy entropy(7);
              JournalOptions options;
              options.clock = [&] { return when("12:00"); };
              options.entropy = &entropy;
              options.read_only = true;
              const Journal journal(desk.journal().directory(), options);
              Views(desk.directory() / "views", journal).rebuild({});
              return std::string("rebuilt");
          }).wait() == "rebuilt");
    CHECK(desk.count("") == "1");
    desk.create("10:01");
    CHECK(desk.count("") == "2");
    desk.oncall("incident_get", desk.of(id));
    CHECK(desk.result("/incident/id") == id);
}
