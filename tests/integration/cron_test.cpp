// The cron file before the real cron. Its daemon reads /etc/cron.d and no other place, so the test gives its parser, `crontab -n`
// (Debian's), the lines as a user's crontab has them: without the user's column, which the test reads itself.
#include <catch2/catch.hpp>

#include "tests/integration/program.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// Splits off the words of a schedule: one where it begins with @, else five.
std::size_t end_of_schedule(const std::string& line) {
    std::size_t end = line.find(' ');
    for (int word = line.starts_with('@') ? 5 : 1; word < 5; ++word) end = line.find(' ', end + 1);
    return end;
}

bool is_job(const std::string& line) {
    return !line.empty() && (line[0] == '@' || line[0] == '*' || (line[0] >= '0' && line[0] <= '9'));
}

// Takes the column out. Jobs of another user than `daybook` are counted.
std::string as_users_crontab(const std::string& file, int& others) {
    std::string text;
    for (std::string line : lines_of(file)) {
        constexpr std::string_view user = " daybook ";
        const std::size_t end = end_of_schedule(line);
        if (is_job(line)) {
            if (end == std::string::npos || line.compare(end, user.size(), user) != 0)
                ++others;
            else
                line.erase(end, user.size() - 1);
        }
        text += line + '\n';
    }
    return text;
}

}  // namespace

TEST_CASE("Debian's cron takes the cron file, and refuses it with any one of its lines broken", "[jobs]") {
    if (run({"sh", "-c", "command -v crontab"}).status != 0) return skip("there is no crontab");
    const Program daybook;
    int others = 0;
    const std::string crontab = as_users_crontab(daybook.out({"jobs", "cron"}) + '\n', others);
    CHECK(others == 0);
    const auto judge = [](const std::string& text) { return run({"crontab", "-n", "-"}, text); };
    const Outcome whole = judge(crontab);
    INFO(whole.err);
    REQUIRE(whole.status == 0);

    // That it looks at each line: no hour is 24, and there is no such word.
    int jobs = 0;
    std::size_t start = 0;
    for (const std::string& line : lines_of(crontab)) {
        if (is_job(line)) {
            ++jobs;
            std::string broken = crontab;
            broken.replace(start, end_of_schedule(line), line.starts_with('@') ? "@nosuchtime" : "0 24 * * *");
            INFO(line);
            CHECK(judge(broken).status != 0);
        }
        start += line.size() + 1;
    }
    CHECK(jobs == 9);
}

TEST_CASE("cron's jobs and the service run as one user in one directory, with one data directory", "[jobs]") {
    const std::string unit = read_file(project_file("ops/systemd/daybook.service"));
    const auto value_of = [&](const std::string& name) {
        for (const std::string& line : lines_of(unit)) {
            if (line.starts_with(name + '=')) return line.substr(name.size() + 1);
        }
        return std::string();
    };
    const std::string directory = value_of("WorkingDirectory");
    REQUIRE(value_of("User") == "daybook");
    CHECK("/var/lib/" + value_of("StateDirectory") == directory);
    const std::string started = value_of("ExecStart");
    const std::string data = started.substr(started.find("--data ") + 7, started.find(" serve") - started.find("--data ") - 7);
    int jobs = 0;
    for (const std::string& line : lines_of(read_file(project_file("ops/cron/jobs.cron")))) {
        if (line.starts_with("DAYBOOK_DATA=")) CHECK(line == "DAYBOOK_DATA=" + data);
        if (!is_job(line)) continue;
        ++jobs;
        CHECK(line.substr(end_of_schedule(line)).starts_with(" daybook cd " + directory + " && daybook -q jobs "));
    }
    CHECK(jobs == 9);
}
