// An HTTP/1.1 server (RFC 9110, RFC 9112) for one address: it reads whole requests, hands them to a handler on worker threads, and
// writes what that answers. What is slow or hostile costs only itself: every wait has an end, every buffer a limit.
//
// One thread moves bytes; the workers may wait, as an append does for its sync: many that wait share one. Requests beyond those
// that run and wait, of all or of one caller, are answered at once with 503 and Retry-After. Who only watches is answered apart
// from them, on one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ops/http/http_message.hpp"

namespace daybook {

struct HttpServerOptions {
    std::string address = "127.0.0.1";  // an IPv4 or IPv6 address
    std::uint16_t port = 0;             // 0: a free one
    std::size_t body_bytes_max = 8 * 1024 * 1024;
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t connections_max = 1024;  // one more takes the place of the one whose client has let it wait longest
    std::size_t workers = 96;
    std::size_t requests_max = 512;  // that run or wait for a worker
    // Of one caller, so that others find a worker whatever it asks for.
    std::size_t running_each_max = 64;
    std::size_t requests_each_max = 128;               // from their headers on until they are answered, streams among them
    std::chrono::milliseconds idle_deadline{60'000};   // for the next request's header, from the end of the last answer
    std::chrono::milliseconds body_deadline{30'000};   // for the rest of a request
    std::chrono::milliseconds write_deadline{30'000};  // for an answer, or a piece of it
    std::chrono::milliseconds stop_deadline{9'000};    // for what was accepted, once it stops
    std::chrono::milliseconds keep_alive{15'000};      // a stream without news sends its keep_alive
    std::chrono::milliseconds news_interval{100};      // how often `has_news` is asked, while streams wait
    // Looks at a request without its body, on the thread that moves bytes. May be empty: all are admitted.
    std::function<HttpAdmission(const HttpRequest&)> admit;
    // Whether the answer takes a fraction of a millisecond and waits for nothing. Where nothing else runs it is then made on the
    // thread that moves bytes: two changes of threads would cost more than the answer. May be empty.
    std::function<bool(const HttpRequest&)> is_brief;
    std::function<bool()> has_news;     // whether something happened since it was asked last; called on one thread
    std::function<void()> each_second;  // about so often; on the same thread
    std::function<void()> on_hangup;    // SIGHUP; one call after the other, on a thread of their own: it may wait
    std::function<void()> on_stop;      // it begins to stop
};

// What became of one request, for the log and the metrics.
struct HttpExchange {
    std::string_view id, method;  // empty where the request could not be read so far
    std::string_view route = "other";
    int status = 0;
    std::chrono::microseconds duration{};  // from the whole request to its answer being ready
    std::size_t answer_bytes = 0;
};

struct HttpServerState {
    std::size_t connections = 0, streams = 0;
    std::size_t requests = 0;  // that run or wait for a worker
};

class HttpServer {
public:
    // Listens when it returns. `handler` and `observer` are called on many threads at once.
    // Throws std::runtime_error: the address is none, or is in use.
    HttpServer(HttpServerOptions options, HttpHandler handler, std::function<void(const HttpExchange&)> observer);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::uint16_t port() const;
    // Serves until stop(), SIGTERM or SIGINT; then accepts nothing more, and finishes what was accepted. When `stop_deadline` has
    // passed, what still waits is dropped, and what runs is waited for: `requests` of state() are those that were not answered.
    // A second signal ends the process, as it does by default.
    void run();
    // Thread-safe, as the next two.
    void stop();
    // Streams that wait are asked again at once.
    void news();
    HttpServerState state() const;

    struct Parts;  // of ops/http/ alone

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace daybook
