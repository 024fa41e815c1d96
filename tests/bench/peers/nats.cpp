// NATS JetStream: a subject for each incident, one stream of all of them in files.
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/peers/peer.hpp"
#include "tests/integration/background.hpp"
#include "tests/support.hpp"

namespace daybook::bench {
namespace {

constexpr const char* stream_settings =
    R"({"name":"EVENTS","subjects":["events.>"],"retention":"limits","discard":"old","storage":"file","num_replicas":1,)"
    R"("max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"duplicate_window":120000000000})";

// One message for the client, with what the server says between messages before it:
//   MSG subject number size  or  HMSG subject number header_size size
std::optional<std::size_t> end_of_message(std::string_view said) {
    std::size_t at = 0;
    while (true) {
        const std::size_t line_end = said.find("\r\n", at);
        if (line_end == std::string_view::npos) return std::nullopt;
        const std::string_view line = said.substr(at, line_end - at);
        if (line.starts_with("-ERR")) throw std::runtime_error("NATS: " + std::string(line));
        at = line_end + 2;
        if (!line.starts_with("MSG ") && !line.starts_with("HMSG ")) continue;
        std::size_t size = 0;
        const std::size_t number = line.rfind(' ') + 1;
        std::from_chars(line.data() + number, line.data() + line.size(), size);
        const std::size_t end = at + size + 2;
        if (end > said.size()) return std::nullopt;
        // An acknowledgement and an answer of the interface tell of an error in JSON, a lack of who answers by a status.
        const std::string_view body = said.substr(at, size);
        if (body.find("\"error\":{") != std::string_view::npos || body.starts_with("NATS/1.0 503"))
            throw std::runtime_error("NATS: " + std::string(body));
        return end;
    }
}

class Nats final : public SocketPeer {
public:
    explicit Nats(const std::filesystem::path& directory) : port_(test::free_port()) {
        const auto settings = directory / "nats.conf";
        test::write_file(settings,
                         fmt::format("listen: \"127.0.0.1:{}\"\nping_interval: \"1h\"\njetstream {{ store_dir: \"{}\" }}\n", port_,
                                     directory.string()));
        server_ = std::make_unique<test::Background>(std::vector<std::string>{"nats-server", "-c", settings.string()});
        server_->line_with("Server is ready");
        ask("$JS.API.STREAM.CREATE.EVENTS", stream_settings);
    }
    void load(std::vector<ReadyEvent>& events) override { append_all(events, 1000); }
    std::uint64_t timeline(const std::string& stream) override {
        const std::string consumer = begin_reading("events." + stream);
        const std::uint64_t rows = fetch(consumer, timeline_rows);
        ask("$JS.API.CONSUMER.DELETE.EVENTS." + consumer, "");
        return rows;
    }
    std::uint64_t read_all() override {
        const std::string consumer = begin_reading("events.>");
        std::uint64_t rows = 0;
        for (std::uint64_t more = 1; more != 0; rows += more) more = fetch(consumer, 1000);
        ask("$JS.API.CONSUMER.DELETE.EVENTS." + consumer, "");
        return rows;
    }

protected:
    std::unique_ptr<WireClient> connect(std::size_t number) override {
        auto client = std::make_unique<WireClient>(connect_to_loopback(port_), end_of_message);
        client->send(
            fmt::format("CONNECT {{\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true}}\r\n"
                        "SUB inbox.{} 1\r\n",
                        number));
        return client;
    }
    std::string append_request(std::size_t client, const ReadyEvent& ready) override {
        const NewEvent& event = ready.event;
        const std::string header =
            fmt::format("NATS/1.0\r\nNats-Msg-Id: {}\r\ntype: {}\r\noccurred-at: {}\r\n\r\n", ready.input.key,
                        static_cast<int>(event.payload.type), event.occurred_at.time_since_epoch().count());
        return fmt::format("HPUB events.{} inbox.{} {} {}\r\n{}{}\r\n", event.stream, client, header.size(),
                           header.size() + event.payload.text.size(), header, event.payload.text);
    }

private:
    std::string_view ask(const std::string& subject, std::string_view body) {
        return client(0).call(fmt::format("PUB {} inbox.0 {}\r\n{}\r\n", subject, body.size(), body));
    }
    // A consumer of its own; its name.
    std::string begin_reading(const std::string& subject) {
        std::string name = "reader" + std::to_string(++readers_);
        ask("$JS.API.CONSUMER.CREATE.EVENTS." + name + '.' + subject,
            fmt::format(R"({{"stream_name":"EVENTS","config":{{"name":"{}","filter_subject":"{}","deliver_policy":"all",)"
                        R"("ack_policy":"none","max_deliver":-1,"replay_policy":"instant","mem_storage":true}}}})",
                        name, subject));
        return name;
    }
    // The next messages, at most so many; how many came.
    std::uint64_t fetch(const std::string& consumer, std::uint64_t count) {
        const std::string body = fmt::format(R"({{"batch":{},"no_wait":true}})", count);
        client(0).send(fmt::format("PUB $JS.API.CONSUMER.MSG.NEXT.EVENTS.{} inbox.0 {}\r\n{}\r\n", consumer, body.size(), body));
        for (std::uint64_t rows = 0; rows < count; ++rows) {
            while (!client(0).receive(true)) {
            }
            const std::string_view message = client(0).take();
            // A status in the place of a message: there are no more.
            if (message.find("NATS/1.0 404") != std::string_view::npos || message.find("NATS/1.0 408") != std::string_view::npos)
                return rows;
        }
        return count;
    }

    std::uint16_t port_;
    std::unique_ptr<test::Background> server_;
    std::uint64_t readers_ = 0;
};

}  // namespace

std::unique_ptr<Peer> make_nats(const std::filesystem::path& directory) { return std::make_unique<Nats>(directory); }

}  // namespace daybook::bench
