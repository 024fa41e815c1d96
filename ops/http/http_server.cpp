#include <utility>  // before Asio, which forgets it

#include "ops/http/http_server.hpp"

#include <atomic>
#include <csignal>
#include <deque>
#include <list>
#include <optional>
#include <stdexcept>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace daybook {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

class Connection;

}  // namespace

// All but the workers runs on the one thread in run().
struct HttpServer::Parts {
    Parts(HttpServerOptions o, HttpHandler h, std::function<void(const HttpExchange&)> seen)
        : options(std::move(o)),
          handler(std::move(h)),
          observer(std::move(seen)),
          acceptor(io),
          signals(io, SIGTERM, SIGINT),
          hangup(io, SIGHUP),
          pause(io),
          end(io),
          ticker(io),
          second(io),
          workers(options.workers) {}

    void listen();
    void accept();
    void take(tcp::socket socket);
    void wait_for_signals();
    void wait_for_hangup();
    void tick();
    void wait_a_second();
    void tell_news();
    void stop();
    void leave();
    std::string next_id() { return "req_" + std::to_string(++last_id); }

    HttpServerOptions options;
    HttpHandler handler;
    std::function<void(const HttpExchange&)> observer;

    asio::io_context io{1};
    tcp::acceptor acceptor;
    asio::signal_set signals, hangup;
    asio::steady_timer pause;                      // after an accept that failed for want of files
    asio::steady_timer end;                        // of the time to stop in
    asio::steady_timer ticker;                     // asks for news
    asio::steady_timer second;                     // passes
    std::list<std::weak_ptr<Connection>> idle;     // between two requests, the one that has been so longest first
    std::list<std::weak_ptr<Connection>> waiting;  // streams without news
    std::list<std::weak_ptr<Connection>> all;
    std::atomic<std::size_t> connections = 0, requests = 0, streams = 0;
    std::uint64_t last_id = 0;
    bool stopping = false;
    bool ticking = false;
    std::uint16_t port = 0;
    asio::thread_pool workers;  // the last member: its threads end first
};

namespace {

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string lower(beast::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// One client, one request after the other.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(HttpServer::Parts& server, tcp::socket socket) : server_(server), stream_(std::move(socket)), timer_(server.io) {
        ++server_.connections;
    }
    ~Connection() {
        --server_.connections;
        if (body_) --server_.streams;
    }

    void start() {
        error_code ignored;
        stream_.socket().set_option(tcp::no_delay(true), ignored);
        read_header();
    }
    // Ends it, whatever it is doing.
    void close() {
        closed_ = true;
        leave_idle();
        timer_.cancel();
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        stream_.close();
    }
    void close_if_idle() {
        if (idle_place_) close();
    }
    // There may be another piece for the stream.
    void ask_again() {
        if (waits_) {
            waits_ = false;
            timer_.cancel();
            next_piece();
        }
    }
    void end_stream() {
        if (body_) close();
    }

private:
    using Parser = http::request_parser<http::string_body>;

    void read_header() {
        if (server_.stopping) return close();
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(server_.options.header_bytes_max));
        parser_->body_limit(server_.options.body_bytes_max);
        idle_place_ = server_.idle.insert(server_.idle.end(), weak_from_this());
        stream_.expires_after(server_.options.idle_deadline);
        http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            self->leave_idle();
            if (error) return self->refuse(error);
            self->read_body();
        });
    }

    void read_body() {
        const auto& header = parser_->get();
        if (const char* wrong = wrong_framing(header)) return answer_and_close(http_error(400, "invalid", wrong));
        stream_.expires_after(server_.options.body_deadline);
        const bool expects = view_of(header[http::field::expect]) == "100-continue" && !parser_->is_done();
        if (!expects) return read_rest();
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(stream_, asio::buffer(go_on), [self = shared_from_this()](error_code error, std::size_t) {
            error ? self->close() : self->read_rest();
        });
    }

    void read_rest() {
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
            error ? self->refuse(error) : self->dispatch();
        });
    }

    // What would let two readers see different requests (RFC 9112 sections 3.2 and 6.3).
    static const char* wrong_framing(const http::request<http::string_body>& header) {
        const bool chunked = header.count(http::field::transfer_encoding) != 0;
        if (chunked && header.count(http::field::content_length) != 0) return "Content-Length beside Transfer-Encoding";
        if (header.count(http::field::content_length) > 1) return "Content-Length twice";
        if (header.count(http::field::transfer_encoding) > 1) return "Transfer-Encoding twice";
        if (chunked && !beast::iequals(header[http::field::transfer_encoding], "chunked")) return "a Transfer-Encoding but chunked";
        if (header.version() == 11 && header.count(http::field::host) != 1) return "not one Host";
        return nullptr;
    }

    void refuse(error_code error) {
        if (error == http::error::header_limit) return answer_and_close(http_error(431, "too_large", "the header is too large"));
        if (error == http::error::body_limit) return answer_and_close(http_error(413, "too_large", "the body is too large"));
        const bool is_over = error == http::error::end_of_stream || error == beast::error::timeout;
        if (is_over || error.category() != http::make_error_code(http::error::bad_method).category()) return close();
        answer_and_close(http_error(400, "invalid", "not an HTTP request: " + error.message()));
    }

    void dispatch() {
        auto message = parser_->release();
        keep_alive_ = message.keep_alive();
        is_head_ = message.method() == http::verb::head;
        auto request = std::make_shared<HttpRequest>();
        request->id = server_.next_id();
        request->method = std::string(message.method_string());
        if (is_head_) request->method = "GET";
        for (const auto& field : message) request->headers.emplace_back(lower(field.name_string()), std::string(field.value()));
        auto target = parse_target(view_of(message.target()));
        if (!target) return answer(http_error(400, "invalid", "the path or the query is malformed"), request->id);
        request->path = std::move(target->path);
        request->query = std::move(target->query);
        request->body = std::move(message.body());
        if (server_.requests >= server_.options.requests_max) {
            HttpResponse busy = http_error(503, "unavailable", "too many requests wait: send it again");
            busy.headers.emplace_back("Retry-After", "1");
            observe(*request, busy, SteadyClock::now());
            return answer(std::move(busy), request->id);
        }
        ++server_.requests;
        stream_.expires_never();
        asio::post(server_.workers, [self = shared_from_this(), request, began = SteadyClock::now()] {
            auto response = std::make_shared<HttpResponse>(self->handle(*request));
            self->observe(*request, *response, began);
            --self->server_.requests;
            asio::post(self->server_.io, [self, request, response] { self->answer(std::move(*response), request->id); });
        });
    }

    HttpResponse handle(const HttpRequest& request) const {
        try {
            return server_.handler(request);
        } catch (const std::exception& error) {
            return http_error(500, "internal", error.what());
        }
    }

    void observe(const HttpRequest& request, const HttpResponse& response, SteadyClock::time_point began) const {
        HttpExchange exchange;
        exchange.id = request.id;
        exchange.method = request.method;
        exchange.path = request.path;
        exchange.status = response.status;
        exchange.duration = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - began);
        exchange.answer_bytes = response.body.size();
        server_.observer(exchange);
    }

    void answer_and_close(HttpResponse response) {
        keep_alive_ = false;
        HttpExchange exchange;
        exchange.status = response.status;
        server_.observer(exchange);
        answer(std::move(response), server_.next_id());
    }

    void answer(HttpResponse response, const std::string& id) {
        if (closed_) return;
        if (server_.stopping) keep_alive_ = false;
        auto message = std::make_shared<http::response<http::string_body>>(static_cast<http::status>(response.status), 11u);
        message->set(http::field::content_type, response.content_type);
        message->set("X-Request-Id", id);
        message->set("X-Content-Type-Options", "nosniff");
        message->set(http::field::cache_control, "no-store");
        for (const auto& [name, value] : response.headers) message->set(name, value);
        stream_.expires_after(server_.options.write_deadline);
        if (response.stream && !is_head_) return start_stream(std::move(response), *message);
        message->keep_alive(keep_alive_);
        message->body() = std::move(response.body);
        message->prepare_payload();
        if (is_head_) message->body().clear();
        http::async_write(stream_, *message, [self = shared_from_this(), message](error_code error, std::size_t) {
            if (error || !self->keep_alive_) return self->finish(error);
            self->read_header();
        });
    }

    // The last answer is on its way: what the client still sends is left unread, but not answered with a reset that could overtake
    // the answer.
    void finish(error_code error) {
        if (error) return close();
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        stream_.expires_after(std::chrono::seconds(1));
        drain();
    }
    void drain() {
        drained_.resize(16 * 1024);
        stream_.async_read_some(asio::buffer(drained_), [self = shared_from_this()](error_code error, std::size_t) {
            error ? self->close() : self->drain();
        });
    }

    void start_stream(HttpResponse response, const http::response<http::string_body>& like) {
        body_ = std::move(response.stream);
        ++server_.streams;
        auto head = std::make_shared<http::response<http::empty_body>>();
        head->result(static_cast<http::status>(response.status));
        for (const auto& field : like) head->set(field.name_string(), field.value());
        head->chunked(true);
        head->keep_alive(false);
        auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*head);
        http::async_write_header(stream_, *serializer,
                                 [self = shared_from_this(), head, serializer](error_code error, std::size_t) {
                                     error ? self->close() : self->next_piece();
                                 });
    }

    void next_piece() {
        stream_.expires_never();
        asio::post(server_.workers, [self = shared_from_this()] {
            std::optional<std::string> piece;
            try {
                piece = self->body_->next();
            } catch (const std::exception&) {  // the client sees a body without its end, and asks again
                return asio::post(self->server_.io, [self] { self->close(); });
            }
            asio::post(self->server_.io, [self, piece = std::move(piece)]() mutable { self->send_piece(std::move(piece)); });
        });
    }

    void send_piece(std::optional<std::string> piece) {
        if (closed_) return;
        if (!piece) return end_chunks();
        if (piece->empty()) return wait_for_news();
        piece_ = std::move(*piece);
        stream_.expires_after(server_.options.write_deadline);
        asio::async_write(stream_, http::make_chunk(asio::buffer(piece_)),
                          [self = shared_from_this()](error_code error, std::size_t) {
                              error || self->server_.stopping ? self->close() : self->next_piece();
                          });
    }

    void end_chunks() {
        stream_.expires_after(server_.options.write_deadline);
        asio::async_write(stream_, http::make_chunk_last(),
                          [self = shared_from_this()](error_code error, std::size_t) { self->finish(error); });
    }

    void wait_for_news() {
        if (server_.stopping) return close();
        waits_ = true;
        server_.waiting.push_back(weak_from_this());
        server_.tick();
        timer_.expires_after(server_.options.keep_alive);
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (error || !self->waits_) return;
            self->waits_ = false;
            const std::string_view text = self->body_->keep_alive();
            text.empty() ? self->next_piece() : self->send_piece(std::string(text));
        });
    }

    void leave_idle() {
        if (idle_place_) server_.idle.erase(*idle_place_);
        idle_place_.reset();
    }

    HttpServer::Parts& server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    std::optional<std::list<std::weak_ptr<Connection>>::iterator> idle_place_;
    asio::steady_timer timer_;
    std::unique_ptr<HttpBodyStream> body_;
    std::string piece_, drained_;
    bool keep_alive_ = false, is_head_ = false, waits_ = false, closed_ = false;
};

}  // namespace

void HttpServer::Parts::listen() {
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) throw std::runtime_error("cannot listen on " + options.address + ": it is no IP address");
    const tcp::endpoint endpoint(address, options.port);
    const auto demand = [&](const char* what) {
        if (error)
            throw std::runtime_error("cannot listen on " + options.address + " port " + std::to_string(options.port) + ": " + what +
                                     error.message());
    };
    acceptor.open(endpoint.protocol(), error);
    demand("");
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    demand("");
    acceptor.bind(endpoint, error);
    demand("");
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    demand("");
    port = acceptor.local_endpoint().port();
}

void HttpServer::Parts::accept() {
    acceptor.async_accept([this](error_code error, tcp::socket socket) {
        if (stopping || error == asio::error::operation_aborted) return;
        if (!error) {
            take(std::move(socket));
            return accept();
        }
        // No more files, most likely: some will be free soon.
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait([this](error_code cancelled) {
            if (!cancelled) accept();
        });
    });
}

void HttpServer::Parts::take(tcp::socket socket) {
    if (connections >= options.connections_max) {
        const auto longest = idle.empty() ? nullptr : idle.front().lock();
        if (!longest) return;  // all are at work: the new one is closed
        longest->close();
    }
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    all.remove_if([](const auto& other) { return other.expired(); });
    all.push_back(connection);
    connection->start();
}

void HttpServer::Parts::wait_for_signals() {
    signals.async_wait([this](error_code error, int) {
        if (!error) stop();
    });
}

void HttpServer::Parts::wait_for_hangup() {
    hangup.async_wait([this](error_code error, int) {
        if (error) return;
        if (options.on_hangup) options.on_hangup();
        wait_for_hangup();
    });
}

// While streams wait, looks now and then whether there is news that nobody told.
void HttpServer::Parts::tick() {
    if (ticking || !options.has_news) return;
    ticking = true;
    ticker.expires_after(options.news_interval);
    ticker.async_wait([this](error_code error) {
        ticking = false;
        if (error) return;
        if (options.has_news()) tell_news();
        if (!waiting.empty()) tick();
    });
}

void HttpServer::Parts::wait_a_second() {
    second.expires_after(std::chrono::seconds(1));
    second.async_wait([this](error_code error) {
        if (error || stopping) return;
        if (options.each_second) options.each_second();
        wait_a_second();
    });
}

void HttpServer::Parts::tell_news() {
    for (const auto& stream : std::exchange(waiting, {})) {
        if (const auto connection = stream.lock()) connection->ask_again();
    }
}

void HttpServer::Parts::stop() {
    if (std::exchange(stopping, true)) return;
    error_code ignored;
    acceptor.close(ignored);
    for (const auto& place : all) {
        const auto connection = place.lock();
        if (!connection) continue;
        connection->close_if_idle();
        connection->end_stream();
    }
    end.expires_after(options.stop_deadline);
    end.async_wait([this](error_code) { io.stop(); });
    leave();
}

// Ends when the last connection has.
void HttpServer::Parts::leave() {
    if (connections == 0) return io.stop();
    pause.expires_after(std::chrono::milliseconds(5));
    pause.async_wait([this](error_code error) {
        if (!error) leave();
    });
}

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler, std::function<void(const HttpExchange&)> observer)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(handler), std::move(observer))) {
    parts_->listen();
}

HttpServer::~HttpServer() {
    parts_->workers.stop();
    parts_->workers.join();
}

std::uint16_t HttpServer::port() const { return parts_->port; }

void HttpServer::run() {
    parts_->accept();
    parts_->wait_for_signals();
    parts_->wait_for_hangup();
    parts_->wait_a_second();
    parts_->io.run();
    parts_->workers.join();
}

void HttpServer::stop() {
    asio::post(parts_->io, [parts = parts_.get()] { parts->stop(); });
}

void HttpServer::news() {
    asio::post(parts_->io, [parts = parts_.get()] { parts->tell_news(); });
}

HttpServerState HttpServer::state() const { return {parts_->connections, parts_->requests, parts_->streams}; }

}  // namespace daybook
