#include "tests/bench/peers/peer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

#include "tests/bench/bench.hpp"

namespace daybook::bench {

std::vector<PeerKind> peer_kinds(const std::filesystem::path& packages) {
    constexpr std::uint64_t all = UINT64_MAX;
    return {
        {"daybook", "", Place::in_process, all, make_daybook},
        {"bare LMDB", "one index, no key, no hash", Place::in_process, all, make_bare_lmdb},
        {"plain file", "no index, no key", Place::in_process, all, make_plain_file},
        {"SQLite", "WAL, synchronous=FULL; writers take turns, each syncs", Place::in_process, all, make_sqlite},
        {"DuckDB", "unique key and an index", Place::in_process, all,
         [=](const auto& directory) { return make_duckdb(directory, packages, true); }},
        {"DuckDB without indexes", "no key; a timeline is a scan", Place::in_process, all,
         [=](const auto& directory) { return make_duckdb(directory, packages, false); }},
        {"daybook over HTTP", "each append decides as a command does", Place::over_a_socket, all, make_daybook_http},
        {"PostgreSQL", "", Place::over_a_socket, all, make_postgres},
        {"message-db", "its locks let one writer a category commit at a time", Place::over_a_socket, 50'000,
         [=](const auto& directory) { return make_message_db(directory, packages); }},
        {"Redis", "appendfsync always; key, log and stream in one script", Place::over_a_socket, 200'000,
         [](const auto& directory) { return make_redis(directory, true); }},
        {"Redis, XADD alone", "appendfsync always; no key, a timeline is a scan", Place::over_a_socket, 200'000,
         [](const auto& directory) { return make_redis(directory, false); }},
        {"NATS JetStream, unsynced", "it does not sync before it acknowledges, and knows a key for two minutes",
         Place::over_a_socket, 200'000, make_nats},
    };
}

double rate_of_threads(unsigned writers, double seconds, std::size_t count,
                       const std::function<void(unsigned writer, std::size_t place)>& append) {
    std::atomic<std::size_t> next = 0;
    std::atomic<std::size_t> done = 0;
    std::mutex mutex;
    std::exception_ptr failed;
    const double taken = seconds_of([&] {
        const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
        const auto write = [&](unsigned writer) {
            while (std::chrono::steady_clock::now() < end) {
                const std::size_t place = next++;
                if (place >= count) return;
                append(writer, place);
                ++done;
            }
        };
        std::vector<std::thread> all;
        for (unsigned writer = 0; writer < writers; ++writer) {
            all.emplace_back([&, writer] {
                try {
                    write(writer);
                } catch (...) {
                    const std::lock_guard lock(mutex);
                    failed = std::current_exception();
                }
            });
        }
        for (std::thread& thread : all) thread.join();
    });
    if (failed) std::rethrow_exception(failed);
    return static_cast<double>(done) / taken;
}

WireClient& SocketPeer::client(std::size_t number) {
    while (clients_.size() <= number) clients_.push_back(connect(clients_.size()));
    return *clients_[number];
}

double SocketPeer::append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) {
    client(writers - 1);
    return load_clients(std::span(clients_).first(writers), seconds, events.size(),
                        [&](std::size_t writer, std::uint64_t number) { return append_request(writer, events[number]); })
        .rate;
}

void SocketPeer::append_all(const std::vector<ReadyEvent>& events, std::size_t at_once) {
    for (std::size_t done = 0; done < events.size();) {
        const std::size_t end = std::min(events.size(), done + at_once);
        std::string requests;
        for (std::size_t i = done; i < end; ++i) requests += append_request(0, events[i]);
        client(0).send(requests);
        for (; done < end; ++done) {
            while (!client(0).receive(true)) {
            }
            client(0).take();
        }
    }
}

}  // namespace daybook::bench
