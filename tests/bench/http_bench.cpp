// The daemon under clients that write and read at once, clients included; beside it PostgreSQL with as many connections, which does
// single-row inserts and look-ups by key of the same size (pgbench). Both sync before they answer, on the same file system.
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/bench.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/integration/background.hpp"
#include "tests/integration/http_client.hpp"
#include "tests/integration/postgres_server.hpp"
#include "tests/support.hpp"

#include "places.hpp"  // made by meson

namespace daybook::bench {
namespace {

constexpr double run_seconds = 3;
constexpr std::size_t incidents = 200;
constexpr int timeline_events = 20;

// `daybook serve` on a journal of its own.
class Daemon {
public:
    // Quiet, so that nobody writes down or reads a log of each request.
    explicit Daemon(const std::filesystem::path& data)
        : port_(test::free_port()),
          process_({DAYBOOK_PROGRAM, "-q", "--data", data.string(), "serve", "--listen", "127.0.0.1:" + std::to_string(port_),
                    "--rate-limit", "0", "--backend", "none"}) {
        const bool listens = test::becomes_true([&] {
            try {
                return test::HttpClient(port_).get("/healthz").status == 200;
            } catch (const std::exception&) {
                return false;  // not yet
            }
        });
        if (!listens) throw std::runtime_error("the server does not listen: " + process_.said());
    }
    std::uint16_t port() const { return port_; }

private:
    std::uint16_t port_;
    test::Background process_;
};

std::string call(const std::string& action, const std::string& params) {
    return http_post("/v1/tools/oncall_tool",
                     fmt::format(R"({{"action":"{}","agent_id":"sofiia","params":{{{}}}}})", action, params));
}

std::string create(std::uint64_t number) {
    return call("incident_create",
                fmt::format(R"("service":"gateway","env":"prod","severity":"P2","title":"Gateway 5xx rate over )"
                            R"(its threshold, the {}th time","started_at":"2026-02-23T10:00:00Z","summary":"5xx )"
                            R"(at 7.2% for ten minutes on node1, first seen by the monitor of the edge")",
                            number));
}

// Incidents with a timeline of 20 events each; their ids.
std::vector<std::string> fill_with_incidents(std::uint16_t port) {
    test::HttpClient client(port);
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < incidents; ++i) {
        const auto answer = [&](const std::string& request) {
            client.send(request);
            return client.receive()->body;
        };
        const std::string body = answer(create(i));
        const std::size_t at = body.find("inc_");
        ids.push_back(body.substr(at, body.find('"', at) - at));
        for (int event = 1; event < timeline_events; ++event) {
            answer(
                call("incident_append_event", fmt::format(R"("incident_id":"{}","type":"note","message":"step {}: the rollback of )"
                                                          R"(2.7.1 goes on, two of five nodes are done")",
                                                          ids.back(), event)));
        }
    }
    return ids;
}

class PostgresPeer {
public:
    explicit PostgresPeer(const std::filesystem::path& directory)
        : server_(std::vector<std::string>{}), directory_(directory), url_(server_.new_database()) {
        test::PostgresServer::ask(url_,
                                  "CREATE TABLE event (seq bigserial PRIMARY KEY, stream text NOT NULL, recorded_at timestamptz "
                                  "NOT NULL DEFAULT now(), payload jsonb NOT NULL)");
        test::PostgresServer::ask(url_,
                                  "CREATE TABLE incident AS SELECT 'inc_' || i AS id, repeat('x', 400) AS row FROM "
                                  "generate_series(1, 200) i");
        test::PostgresServer::ask(url_, "ALTER TABLE incident ADD PRIMARY KEY (id)");
    }
    double insert_rate(unsigned clients) {
        return rate(clients,
                    "INSERT INTO event (stream, payload) VALUES ('inc_20260223_1000_abcdef', '{\"service\":\"gateway\",\"env\":"
                    "\"prod\",\"severity\":\"P2\",\"title\":\"Gateway 5xx rate over its threshold\",\"summary\":\"5xx at 7.2% for "
                    "ten minutes on node1, first seen by the monitor of the edge\",\"started_at\":\"2026-02-23T10:00:00Z\"}');\n");
    }
    double look_up_rate(unsigned clients) {
        return rate(clients, "\\set i random(1, 200)\nSELECT row FROM incident WHERE id = 'inc_' || :i;\n");
    }

private:
    double rate(unsigned clients, const std::string& script) {
        test::write_file(directory_ / "script.sql", script);
        const auto program = *test::PostgresServer::programs() / "pgbench";
        const test::Outcome outcome =
            test::run({program.string(), "-n", "-M", "prepared", "-c", std::to_string(clients), "-j", "1", "-T",
                       std::to_string(static_cast<int>(run_seconds)), "-f", (directory_ / "script.sql").string(), url_});
        const std::size_t at = outcome.out.find("tps = ");
        if (outcome.status != 0 || at == std::string::npos) throw std::runtime_error("pgbench: " + outcome.out + outcome.err);
        return std::stod(outcome.out.substr(at + 6));
    }
    test::PostgresServer server_;
    std::filesystem::path directory_;
    std::string url_;
};

}  // namespace

void bench_http(const Setup& setup, Fixture&, Table& table) {
    const Scratch scratch(setup.directory / "http");
    std::filesystem::create_directories(scratch.path());
    const Daemon daemon(scratch / "data");
    PostgresPeer peer(scratch.path());
    const std::vector<std::string> ids = fill_with_incidents(daemon.port());
    std::uint64_t created = 0;
    const auto measure = [&](const std::string& work, unsigned clients, const std::function<std::string(std::uint64_t)>& request,
                             const std::string& what, const std::function<double()>& peer_rate) {
        std::vector<double> rates, peers, slowest;
        for (int run = 0; run < setup.runs; ++run) {
            peers.push_back(peer_rate());
            const Load load = load_http(daemon.port(), clients, run_seconds, request);
            rates.push_back(load.rate);
            slowest.push_back(load.p99_micros);
        }
        table.rate(work, "requests/s", rates, what, peers);
        table.text(work + ": 99 of 100 are answered within", grouped(median(slowest)) + " µs");
    };
    for (const unsigned clients : {16U, 64U}) {
        measure(
            fmt::format("HTTP, {} clients that write", clients), clients, [&](std::uint64_t) { return create(created++); },
            "PostgreSQL, single-row inserts", [&] { return peer.insert_rate(clients); });
    }
    measure(
        "HTTP, 64 clients that ask for an incident", 64,
        [&](std::uint64_t i) { return call("incident_get", fmt::format(R"("incident_id":"{}")", ids[i % ids.size()])); },
        "PostgreSQL, a row by its key", [&] { return peer.look_up_rate(64); });
    measure(
        "HTTP, 64 clients that ask for a timeline of 20", 64,
        [&](std::uint64_t i) { return http_get("/v1/incidents/" + ids[i % ids.size()] + "/timeline"); },
        "PostgreSQL, a row by its key", [&] { return peer.look_up_rate(64); });
}

}  // namespace daybook::bench
