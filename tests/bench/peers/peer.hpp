// One interface for all that events can be kept in durably: daybook, bare LMDB, databases, streams. The same events, the same
// questions; each on a store of its own, on the same disk.
//
// Every one keeps stream, key, type, time and payload of an event, finds the events of a stream by an index, and takes a key once,
// unless its note says otherwise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/wire.hpp"
#include "tests/bench/world.hpp"

namespace daybook::bench {

constexpr std::uint64_t timeline_rows = 20;

// Empty when it is made, and gone with all that it started when it goes. Everything throws where the store says no.
class Peer {
public:
    virtual ~Peer() = default;
    // Appends all of them, as fast as it can; durable when it returns. May use the events up.
    virtual void load(std::vector<ReadyEvent>& events) = 0;
    // After all is loaded: what one would do before reading.
    virtual void settle() {}
    // Appends events one by one by so many writers at once, each durable before its writer goes on, until the time or the events
    // are over. May use them up. How many a second.
    virtual double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) = 0;
    // Reads the first events of a stream, `timeline_rows` at most, payloads and all; how many.
    virtual std::uint64_t timeline(const std::string& stream) = 0;
    // Reads all events in their order, payloads and all; how many.
    virtual std::uint64_t read_all() = 0;
};

enum class Place { in_process, over_a_socket };

struct PeerKind {
    const char* name;
    const char* note;  // what it lacks, or does otherwise; empty for nothing
    Place place;
    std::uint64_t load_max;  // it takes too long to load more
    // In an empty directory. Throws where the peer can't be had.
    std::function<std::unique_ptr<Peer>(const std::filesystem::path& directory)> make;
};

// daybook itself is the first of each place. `packages`: a node_modules folder; DuckDB and message-db are looked for there.
std::vector<PeerKind> peer_kinds(const std::filesystem::path& packages);

// What each file beside this one has. Those over sockets have no constructor that other files could see.
std::unique_ptr<Peer> make_daybook(const std::filesystem::path& directory);
std::unique_ptr<Peer> make_daybook_http(const std::filesystem::path& directory);
std::unique_ptr<Peer> make_bare_lmdb(const std::filesystem::path& directory);
std::unique_ptr<Peer> make_plain_file(const std::filesystem::path& directory);
std::unique_ptr<Peer> make_sqlite(const std::filesystem::path& directory);
std::unique_ptr<Peer> make_duckdb(const std::filesystem::path& directory, const std::filesystem::path& packages, bool indexes);
std::unique_ptr<Peer> make_postgres(const std::filesystem::path& directory);
std::unique_ptr<Peer> make_message_db(const std::filesystem::path& directory, const std::filesystem::path& packages);
std::unique_ptr<Peer> make_redis(const std::filesystem::path& directory, bool indexes);
std::unique_ptr<Peer> make_nats(const std::filesystem::path& directory);

// Calls `append(writer, place)` with the places of `count` events from so many threads, each place once, until the time or the
// events are over. How many a second.
double rate_of_threads(unsigned writers, double seconds, std::size_t count,
                       const std::function<void(unsigned writer, std::size_t place)>& append);

// A server that is spoken to over connections that stay open.
class SocketPeer : public Peer {
public:
    double append_rate(unsigned writers, double seconds, std::vector<ReadyEvent>& events) override;

protected:
    // Opens connection `number`, ready for requests. Used by one writer at a time.
    virtual std::unique_ptr<WireClient> connect(std::size_t number) = 0;
    virtual std::string append_request(std::size_t client, const ReadyEvent& event) = 0;
    WireClient& client(std::size_t number);
    // Sends the appends of all events by client 0, at most `at_once` unanswered.
    void append_all(const std::vector<ReadyEvent>& events, std::size_t at_once);

private:
    std::vector<std::unique_ptr<WireClient>> clients_;
};

}  // namespace daybook::bench
