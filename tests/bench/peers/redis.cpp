// Redis: events in a stream, appended to its file and synced before it answers.
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/peers/peer.hpp"
#include "tests/integration/background.hpp"

namespace daybook::bench {
namespace {

// A command as RESP has it.
std::string command(std::initializer_list<std::string_view> words) {
    std::string out = fmt::format("*{}\r\n", words.size());
    for (const std::string_view word : words) {
        out += fmt::format("${}\r\n", word.size());
        (out += word) += "\r\n";
    }
    return out;
}

// The place behind the value that begins at `at`; nothing where it is not whole.
std::optional<std::size_t> end_of_value(std::string_view said, std::size_t at) {
    const std::size_t line_end = said.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::nullopt;
    if (said[at] == '-') throw std::runtime_error("Redis: " + std::string(said.substr(at, line_end - at)));
    std::int64_t number = 0;
    std::from_chars(said.data() + at + 1, said.data() + line_end, number);
    std::optional<std::size_t> end = line_end + 2;
    if (said[at] == '$' && number >= 0) {
        *end += static_cast<std::size_t>(number) + 2;
        return *end <= said.size() ? end : std::nullopt;
    }
    if (said[at] == '*') {
        for (; number > 0 && end; --number) end = *end < said.size() ? end_of_value(said, *end) : std::nullopt;
    }
    return end;
}

// The event goes to the log, its place there to the stream of its incident.
constexpr const char* append_script =
    "if not redis.call('SET', KEYS[1], 1, 'NX') then return redis.error_reply('known key') end "
    "local id = redis.call('XADD', 'log', '*', 's', ARGV[1], 't', ARGV[2], 'o', ARGV[3], 'p', ARGV[4]) "
    "redis.call('XADD', KEYS[2], '*', 'i', id) return id";
constexpr const char* timeline_script =
    "local out = {} for n, e in ipairs(redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[1])) do "
    "out[n] = redis.call('XRANGE', 'log', e[2][2], e[2][2])[1] end return out";

class Redis final : public SocketPeer {
public:
    Redis(const std::filesystem::path& directory, bool indexes)
        : indexes_(indexes),
          port_(test::free_port()),
          server_({"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir", directory.string(), "--save",
                   "", "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"}) {
        server_.line_with("Ready to accept connections");
        append_ = load_script(append_script);
        timeline_ = load_script(timeline_script);
    }
    void load(std::vector<ReadyEvent>& events) override { append_all(events, 1000); }
    std::uint64_t timeline(const std::string& stream) override {
        if (!indexes_) return 0;
        return first_number(client(0).call(command({"EVALSHA", timeline_, "1", stream, std::to_string(timeline_rows)})));
    }
    std::uint64_t read_all() override {
        std::string after = "-";
        std::uint64_t rows = 0;
        while (true) {
            const std::string_view page = client(0).call(command({"XRANGE", "log", after, "+", "COUNT", "500"}));
            const std::uint64_t size = first_number(page);
            if (size == 0) return rows;
            rows += size;
            // Each entry is an array of two, its id and its fields.
            const std::size_t entry = page.rfind("*2\r\n$");
            const std::size_t id = page.find("\r\n", entry + 4) + 2;
            after = '(' + std::string(page.substr(id, page.find("\r\n", id) - id));
        }
    }

protected:
    std::unique_ptr<WireClient> connect(std::size_t) override {
        return std::make_unique<WireClient>(connect_to_loopback(port_),
                                            [](std::string_view said) { return end_of_value(said, 0); });
    }
    std::string append_request(std::size_t, const ReadyEvent& ready) override {
        const NewEvent& event = ready.event;
        const std::string type = std::to_string(static_cast<int>(event.payload.type));
        const std::string time = std::to_string(event.occurred_at.time_since_epoch().count());
        if (indexes_)
            return command({"EVALSHA", append_, "2", ready.input.key, event.stream, event.stream, type, time, event.payload.text});
        return command({"XADD", "log", "*", "s", event.stream, "t", type, "o", time, "p", event.payload.text});
    }

private:
    static std::uint64_t first_number(std::string_view answer) {
        std::uint64_t number = 0;
        std::from_chars(answer.data() + 1, answer.data() + answer.size(), number);
        return number;
    }
    std::string load_script(const char* script) {
        const std::string_view answer = client(0).call(command({"SCRIPT", "LOAD", script}));
        const std::size_t begin = answer.find('\n') + 1;
        return std::string(answer.substr(begin, answer.find('\r', begin) - begin));
    }
    bool indexes_;
    std::uint16_t port_;
    test::Background server_;
    std::string append_, timeline_;  // names of the scripts
};

}  // namespace

std::unique_ptr<Peer> make_redis(const std::filesystem::path& directory, bool indexes) {
    return std::make_unique<Redis>(directory, indexes);
}

}  // namespace daybook::bench
