#include "ops/service/event_stream.hpp"

#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

using Form = EventStream::Form;

EventStream::Read reading(const Journal& journal) {
    return [&journal](bool, const EventStream::Reading& use) {
        const Snapshot snapshot = journal.snapshot();
        use(*snapshot, nullptr);
    };
}

bool always() { return true; }

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
    return found;
}

}  // namespace

TEST_CASE("a piece of a stream ends with the event that fills it, and all pieces hold each event once", "[event_stream]") {
    TestJournal journal;
    constexpr std::size_t events = 30, event_bytes = 200'000;
    for (std::size_t i = 0; i < events; ++i) REQUIRE(journal.append_note(stream_name(), std::string(event_bytes, 'x')));
    for (const Form form : {Form::server_sent, Form::json_lines, Form::csv}) {
        EventStream stream(form, {}, reading(*journal), always);
        std::string all;
        for (auto piece = stream.next(); piece && !piece->empty(); piece = stream.next()) {
            CHECK(piece->size() < 64 * 1024 + event_bytes + 1000);
            all += *piece;
        }
        CHECK(count(all, std::string(event_bytes, 'x')) == events);
        for (std::size_t i = 1; i <= events; ++i) {
            const std::string sequence = std::to_string(i) + ',';
            CHECK(count(all, form == Form::csv ? '\n' + sequence : "{\"seq\":" + sequence) == 1);
        }
    }
}

TEST_CASE("a stream of nothing is a header or nothing, and a live one waits", "[event_stream]") {
    TestJournal journal;
    EventStream csv(Form::csv, {}, reading(*journal), always);
    CHECK(csv.next()->starts_with("seq,"));
    CHECK_FALSE(csv.next());
    EventStream lines(Form::json_lines, {}, reading(*journal), always);
    CHECK_FALSE(lines.next());
    EventStream live(Form::server_sent, {}, reading(*journal), always);
    CHECK(live.next() == "retry: 1000\n\n");
    CHECK(live.next() == "");
    REQUIRE(journal.append_note(stream_name(), "new"));
    CHECK(live.next()->starts_with("id: 1\n"));
    CHECK(live.next() == "");
}

TEST_CASE("a stream is cut before its next piece once its caller may not read any more", "[event_stream]") {
    TestJournal journal;
    for (int i = 0; i < 3; ++i) REQUIRE(journal.append_note(stream_name(), std::string(100'000, 'x')));
    for (const Form form : {Form::server_sent, Form::json_lines, Form::csv}) {
        bool may = true;
        EventStream stream(form, {}, reading(*journal), [&] { return may; });
        REQUIRE(stream.next());
        may = false;
        CHECK_THROWS(stream.next());
    }
}
