// Prometheus Alertmanager, the real one, that sends its webhooks to the real server.
#include <catch2/catch.hpp>

#include "journal/time.hpp"
#include "tests/integration/server.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

class Alertmanager {
public:
    Alertmanager(const Program& daybook, std::uint16_t daybook_port)
        : port_(free_port()), process_(command(daybook, daybook_port, port_), daybook.directory().string()) {
        process_.line_with("Listening on");
    }
    // An alert of the service gateway; `end` empty: it fires.
    void add(const std::string& name, const std::string& end = "") const {
        std::vector<std::string> words{"amtool",
                                       "--alertmanager.url=http://127.0.0.1:" + std::to_string(port_),
                                       "alert",
                                       "add",
                                       "alertname=" + name,
                                       "service=gateway",
                                       "env=prod",
                                       "severity=critical"};
        if (!end.empty()) words.push_back("--end=" + end);
        const Outcome outcome = test::run(words);
        if (outcome.status != 0) throw std::runtime_error("amtool: " + outcome.err);
    }

private:
    static std::vector<std::string> command(const Program& daybook, std::uint16_t daybook_port, std::uint16_t port) {
        write_file(daybook / "alertmanager.yml",
                   "route:\n  receiver: daybook\n  group_by: ['...']\n  group_wait: 100ms\n  group_interval: 200ms\n"
                   "  repeat_interval: 1h\nreceivers:\n  - name: daybook\n    webhook_configs:\n      - url: http://127.0.0.1:" +
                       std::to_string(daybook_port) + "/v1/ingest/alertmanager?agent_id=helion\n");
        return {"prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alertmanager-data",
                "--web.listen-address=127.0.0.1:" + std::to_string(port), "--cluster.listen-address="};
    }
    std::uint16_t port_;
    Background process_;
};

std::string now_text() { return format_time(std::chrono::floor<Microseconds>(std::chrono::system_clock::now())); }

// How many incidents there are in that state, of all that `incident list` shows.
std::size_t count(const Program& daybook, const std::string& status) {
    const Outcome outcome = daybook.run({"incident", "list", "--status", status, "--ids"});
    return outcome.status == 0 ? lines_of(outcome.out).size() : 0;
}

}  // namespace

TEST_CASE("Alertmanager's alerts become incidents, resolve, and flap into a reopening; a server that was away loses nothing",
          "[serve][alertmanager]") {
    if (test::run({"sh", "-c", "command -v prometheus-alertmanager amtool"}).status != 0)
        return skip("prometheus-alertmanager is not installed");
    const Program daybook;
    auto server = std::make_unique<Server>(daybook);
    const std::uint16_t port = server->port();
    const Alertmanager alertmanager(daybook, port);

    alertmanager.add("HighErrorRate");
    REQUIRE(becomes_true([&] { return count(daybook, "open") == 1; }));
    const std::string id = daybook.out({"incident", "list", "--ids"});

    alertmanager.add("HighErrorRate", now_text());
    REQUIRE(becomes_true([&] { return count(daybook, "resolved") == 1; }));

    alertmanager.add("HighErrorRate");
    REQUIRE(becomes_true([&] { return count(daybook, "open") == 1; }));
    CHECK(daybook.out({"incident", "list", "--ids"}) == id);
    CHECK(daybook.out({"events", "--incident", id, "--type", "status_changed", "-o", "jsonl"}).find("the alert came back") !=
          std::string::npos);

    // While the server is away, Alertmanager tries again.
    CHECK(server->stop() == 0);
    alertmanager.add("DiskFull");
    alertmanager.add("HighErrorRate", now_text());
    server = std::make_unique<Server>(daybook, std::vector<std::string>{}, port);
    REQUIRE(becomes_true([&] { return count(daybook, "all") == 2; }));
    REQUIRE(becomes_true([&] { return count(daybook, "open") == 1 && count(daybook, "resolved") == 1; }));
    CHECK(count(daybook, "all") == 2);
    CHECK(server->stop() == 0);
    CHECK(daybook.run({"verify"}).status == 0);
}
