#include "journal/time.hpp"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/support.hpp"

using namespace daybook;
using daybook::test::at;

namespace {

std::string normalised(std::string_view text) {
    const auto time = parse_time(text);
    return time ? format_time(*time) : "none";
}

}  // namespace

TEST_CASE("a time is written as UTC with Z, with six digits of fraction or none", "[time]") {
    CHECK(format_time(from_micros(0)) == "1970-01-01T00:00:00Z");
    CHECK(format_time(from_micros(1)) == "1970-01-01T00:00:00.000001Z");
    CHECK(format_time(from_micros(-1)) == "1969-12-31T23:59:59.999999Z");
    CHECK(normalised("2026-02-23T10:00:00.5Z") == "2026-02-23T10:00:00.500000Z");
    CHECK(normalised("2026-02-23T10:00:00.000Z") == "2026-02-23T10:00:00Z");
    CHECK(normalised("2026-02-23t10:00:00z") == "2026-02-23T10:00:00Z");
}

TEST_CASE("a time with any offset is the same moment in UTC", "[time]") {
    CHECK(normalised("2026-02-23T10:00:00+00:00") == "2026-02-23T10:00:00Z");
    CHECK(normalised("2026-02-23T10:00:00-00:00") == "2026-02-23T10:00:00Z");
    CHECK(normalised("2026-02-23T10:00:00+05:30") == "2026-02-23T04:30:00Z");
    CHECK(normalised("2026-02-23T10:00:00-08:00") == "2026-02-23T18:00:00Z");
    CHECK(normalised("2026-01-01T00:30:00+01:00") == "2025-12-31T23:30:00Z");
    CHECK(normalised("2025-12-31T23:30:00-01:00") == "2026-01-01T00:30:00Z");
    CHECK(normalised("2026-02-23T10:00:00+23:59") == "2026-02-22T10:01:00Z");
}

TEST_CASE("a finer fraction is cut to microseconds, not rounded", "[time]") {
    CHECK(normalised("2026-02-23T10:00:00.123456789Z") == "2026-02-23T10:00:00.123456Z");
    CHECK(normalised("2026-02-23T10:00:00.9999999Z") == "2026-02-23T10:00:00.999999Z");
    CHECK(normalised("2026-02-23T10:00:00.0000009Z") == "2026-02-23T10:00:00Z");
    CHECK(normalised("2026-02-23T10:00:00." + std::string(200, '1') + "Z") == "2026-02-23T10:00:00.111111Z");
}

TEST_CASE("a leap second is the second after", "[time]") {
    CHECK(normalised("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00Z");
    CHECK(normalised("1990-12-31T15:59:60-08:00") == "1991-01-01T00:00:00Z");
    CHECK(normalised("2016-12-31T23:59:60.5Z") == "2017-01-01T00:00:00.500000Z");
    CHECK(normalised("2016-12-31T23:59:61Z") == "none");
}

TEST_CASE("29 February is there in leap years only", "[time]") {
    CHECK(normalised("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00Z");
    CHECK(normalised("2000-02-29T00:00:00Z") == "2000-02-29T00:00:00Z");
    CHECK(normalised("2026-02-29T00:00:00Z") == "none");
    CHECK(normalised("1900-02-29T00:00:00Z") == "none");
}

TEST_CASE("years from 0001 to 9999 are times, after normalising", "[time]") {
    CHECK(normalised("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00Z");
    CHECK(normalised("9999-12-31T23:59:59.999999Z") == "9999-12-31T23:59:59.999999Z");
    CHECK(normalised("0000-12-31T23:59:59Z") == "none");
    CHECK(normalised("0001-01-01T00:00:00+00:01") == "none");
    CHECK(normalised("9999-12-31T23:59:59-00:01") == "none");
    CHECK(normalised("9999-12-31T23:59:60Z") == "none");
    CHECK(normalised("10000-01-01T00:00:00Z") == "none");
}

TEST_CASE("any other text is no time", "[time]") {
    const auto text = GENERATE(
        as<std::string>{}, "", "now", "2026-02-23", "2026-02-23T10:00:00", "2026-02-23 10:00:00Z", "2026-02-23T10:00Z",
        "2026-02-23T10:00:00.Z", "2026-02-23T10:00:00,5Z", "2026-02-23T24:00:00Z", "2026-02-23T10:60:00Z", "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", "26-02-23T10:00:00Z", "+2026-02-23T10:00:00Z",
        "2026-02-23T10:00:00ZZ", " 2026-02-23T10:00:00Z", "2026-02-23T10:00:00Z ", "2026-02-23T10:00:00+0100",
        "2026-02-23T10:00:00+1:00", "2026-02-23T10:00:00+24:00", "2026-02-23T10:00:00+01:60", "2026-02-23T10:00:00+01",
        "2026-02-23T10:00:00.5", "2026-02-23T1a:00:00Z", "1771840800", "20260223T100000Z", "2026-02-23T10:00:00\xC2\xB5Z");
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
}

TEST_CASE("a text with a NUL inside is no time", "[time]") {
    CHECK_FALSE(parse_time(std::string_view("2026-02-23T10:00:00Z\0", 21)));
    CHECK_FALSE(parse_time(std::string_view("2026-02-23T10\0:00:00Z", 21)));
}

TEST_CASE("every time reads back as it was written", "[time]") {
    rc::prop("parse_time(format_time(t)) is t", [] {
        const auto micros = *rc::gen::inRange(to_micros(at("0001-01-01T00:00:00Z")), to_micros(at("9999-12-31T23:59:59.999999Z")));
        const std::string text = format_time(from_micros(micros));
        RC_ASSERT(parse_time(text) == from_micros(micros));
        RC_ASSERT(text.size() == (micros % 1'000'000 == 0 ? 20U : 27U));
    });
}

TEST_CASE("whatever is changed in a time's text, the reader says a time or none", "[time]") {
    rc::prop("one byte is another", [] {
        std::string text = "2026-02-23T10:00:00.123456+05:30";
        text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
        if (const auto time = parse_time(text)) RC_ASSERT(parse_time(format_time(*time)) == time);
    });
}

TEST_CASE("a bare date is its first moment", "[time]") {
    CHECK(parse_date("2026-02-23") == at("2026-02-23T00:00:00Z"));
    CHECK_FALSE(parse_date("2026-02-30"));
    CHECK_FALSE(parse_date("2026-02-23Z"));
    CHECK_FALSE(parse_date("2026-2-3"));
    CHECK_FALSE(parse_date("0000-01-01"));
    CHECK_FALSE(parse_date(""));
}
