#include <catch2/catch.hpp>

#include "projections/iso_week.hpp"
#include "tests/support.hpp"

using namespace daybook;
using daybook::test::at;

TEST_CASE("a week runs from Monday 00:00 UTC to the next", "[iso_week]") {
    const IsoWeek week{2026, 8};
    CHECK(week.from() == at("2026-02-16T00:00:00Z"));
    CHECK(week.to() == at("2026-02-23T00:00:00Z"));
    CHECK(iso_week_of(at("2026-02-16T00:00:00Z")) == week);
    CHECK(iso_week_of(at("2026-02-22T23:59:59.999999Z")) == week);
    CHECK(iso_week_of(at("2026-02-23T00:00:00Z")) == IsoWeek{2026, 9});
}

TEST_CASE("the days around New Year lie in the week of their Thursday", "[iso_week]") {
    CHECK(iso_week_of(at("2027-01-01T00:00:00Z")) == IsoWeek{2026, 53});
    CHECK(iso_week_of(at("2027-01-03T23:59:59Z")) == IsoWeek{2026, 53});
    CHECK(iso_week_of(at("2027-01-04T00:00:00Z")) == IsoWeek{2027, 1});
    CHECK(iso_week_of(at("2024-12-30T00:00:00Z")) == IsoWeek{2025, 1});
    CHECK(iso_week_of(at("2021-01-03T12:00:00Z")) == IsoWeek{2020, 53});
    CHECK(iso_week_of(at("0001-01-01T00:00:00Z")) == IsoWeek{1, 1});
    CHECK(iso_week_of(at("1969-12-31T23:59:59Z")) == IsoWeek{1970, 1});
}

TEST_CASE("a week is read and written as YYYY-WW", "[iso_week]") {
    CHECK(parse_iso_week("2026-08") == IsoWeek{2026, 8});
    CHECK(format_iso_week({2026, 8}) == "2026-08");
    CHECK(format_iso_week({987, 12}) == "0987-12");
    CHECK(parse_iso_week("2026-53") == IsoWeek{2026, 53});
}

TEST_CASE("a text that names no week is refused", "[iso_week]") {
    for (const char* text : {"2025-53", "2026-54", "2026-00", "2026-W08", "2026-8", "2026-008", "0000-01", "9999-01", "", "2026",
                             "2026/08", " 2026-08", "2026-08 ", "-026-08", "2026-+8"}) {
        INFO(text);
        CHECK_FALSE(parse_iso_week(text));
    }
}

TEST_CASE("the weeks of 400 years follow each other without a gap, and 71 of the years have 53", "[iso_week]") {
    IsoWeek week{1999, 1};
    Time end = week.from();
    int long_years = 0;
    for (int year = 1999; year < 2399; ++year) {
        if (iso_weeks_in(year) == 53) ++long_years;
    }
    CHECK(long_years == 71);
    for (int i = 0; i < 400 * 53; ++i) {
        REQUIRE(week.from() == end);
        REQUIRE(iso_week_of(week.from()) == week);
        REQUIRE(parse_iso_week(format_iso_week(week)) == week);
        REQUIRE(week.next().previous() == week);
        REQUIRE(week < week.next());
        end = week.to();
        week = week.next();
    }
}

TEST_CASE("the last complete week is the one before the week of now", "[iso_week]") {
    CHECK(last_complete_week(at("2026-02-22T23:59:59Z")) == IsoWeek{2026, 7});
    CHECK(last_complete_week(at("2026-02-23T00:00:00Z")) == IsoWeek{2026, 8});
    CHECK(last_complete_week(at("2027-01-04T08:00:00Z")) == IsoWeek{2026, 53});
}

TEST_CASE("a range of weeks names its first and its last", "[iso_week]") {
    CHECK(parse_iso_week_range("2026-50..2027-02") == IsoWeekRange{{2026, 50}, {2027, 2}});
    CHECK(parse_iso_week_range("2026-08") == IsoWeekRange{{2026, 8}, {2026, 8}});
    for (const char* text : {"2026-09..2026-08", "2026-08..", "..2026-08", "2026-08...2026-09", "2026-08..2025-53", ".."}) {
        INFO(text);
        CHECK_FALSE(parse_iso_week_range(text));
    }
}
