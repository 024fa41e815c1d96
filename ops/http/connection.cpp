#include "ops/http/connection.hpp"

#include <cerrno>

#include <sys/socket.h>

#include <boost/asio/post.hpp>

namespace daybook {
namespace {

std::string_view view_of(beast::string_view text) { return {text.data(), text.size()}; }

std::string lower(beast::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

// What would let two readers see different requests (RFC 9112 sections 3.2 and 6.3).
const char* wrong_framing(const http::request<http::string_body>& header) {
    const bool chunked = header.count(http::field::transfer_encoding) != 0;
    if (chunked && header.count(http::field::content_length) != 0) return "Content-Length beside Transfer-Encoding";
    if (header.count(http::field::content_length) > 1) return "Content-Length twice";
    if (header.count(http::field::transfer_encoding) > 1) return "Transfer-Encoding twice";
    if (chunked && !beast::iequals(header[http::field::transfer_encoding], "chunked")) return "a Transfer-Encoding but chunked";
    const std::size_t hosts = header.count(http::field::host);
    if (hosts > 1 || (header.version() == 11 && hosts == 0)) return "not one Host";
    return nullptr;
}

HttpResponse busy(std::string_view why) {
    HttpResponse response = http_error(503, "unavailable", why);
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace

Connection::Connection(HttpServer::Parts& server, tcp::socket socket)
    : server_(server), stream_(std::move(socket)), timer_(server.io) {
    ++server_.connections;
}

Connection::~Connection() {
    --server_.connections;
    if (body_) --server_.streams;
}

void Connection::start() {
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
    read_header();
}

void Connection::close() {
    closed_ = true;
    leave();
    give_share_back();
    timer_.cancel();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.close();
}

void Connection::close_if_idle() {
    if (list_ == &server_.idle) close();
}

void Connection::ask_again() {
    leave();
    if (waits_) {
        waits_ = false;
        timer_.cancel();
        next_piece();
    }
}

void Connection::end_stream() {
    if (body_) close();
}

void Connection::read_header() {
    give_share_back();
    if (server_.stopping) return close();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(server_.options.header_bytes_max));
    parser_->body_limit(server_.options.body_bytes_max);
    stand_in(server_.idle);
    stream_.expires_after(server_.options.idle_deadline);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
        if (error) return self->refuse(error);
        self->read_body();
    });
}

void Connection::read_body() {
    if (closed_) return;
    stand_in(server_.under_way);
    const auto& header = parser_->get();
    if (const char* wrong = wrong_framing(header)) return answer_and_close(http_error(400, "invalid", wrong));
    request_ = std::make_shared<HttpRequest>();
    request_->id = server_.next_id();
    began_ = SteadyClock::now();
    request_->method = std::string(header.method_string());
    is_head_ = header.method() == http::verb::head;
    if (is_head_) request_->method = "GET";
    // Now, and not behind the body: Beast adds the fields of a trailer to these, and no trailer may say who calls (RFC 9110
    // section 6.5.1).
    for (const auto& field : header) request_->headers.emplace_back(lower(field.name_string()), std::string(field.value()));
    auto target = parse_target(view_of(header.target()));
    if (!target) return answer_unread(http_error(400, "invalid", "the path or the query is malformed"));
    request_->path = std::move(target->path);
    request_->query = std::move(target->query);
    HttpAdmission admission = admit();
    if (admission.refusal) return answer_unread(std::move(*admission.refusal));
    only_watches_ = admission.only_watches;
    if (admission.caller && !take_share(*admission.caller)) {
        return answer_unread(busy("too many requests of this caller wait: send it again when some are answered"));
    }
    stream_.expires_after(server_.options.body_deadline);
    const bool expects = view_of(header[http::field::expect]) == "100-continue" && !parser_->is_done();
    if (!expects) return read_rest();
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(go_on),
                      [self = shared_from_this()](error_code error, std::size_t) { error ? self->close() : self->read_rest(); });
}

HttpAdmission Connection::admit() const {
    try {
        return server_.options.admit ? server_.options.admit(*request_) : HttpAdmission();
    } catch (const std::exception& error) {
        HttpAdmission failed;
        failed.refusal = http_error(500, "internal", error.what());
        return failed;
    }
}

void Connection::read_rest() {
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
        error ? self->refuse(error) : self->dispatch();
    });
}

void Connection::refuse(error_code error) {
    if (error == http::error::header_limit) return answer_and_close(http_error(431, "too_large", "the header is too large"));
    if (error == http::error::body_limit) return answer_and_close(http_error(413, "too_large", "the body is too large"));
    const bool is_over = error == http::error::end_of_stream || error == beast::error::timeout;
    if (is_over || error.category() != http::make_error_code(http::error::bad_method).category()) return close();
    answer_and_close(http_error(400, "invalid", "not an HTTP request: " + error.message()));
}

bool Connection::take_share(const std::string& name) {
    auto& caller = server_.callers[name];
    if (!caller) caller = std::make_shared<HttpCaller>(name);
    if (caller->requests >= server_.options.requests_each_max) return false;
    ++caller->requests;
    caller_ = caller;
    return true;
}

void Connection::give_share_back() {
    if (caller_ && --caller_->requests == 0) server_.callers.erase(caller_->name);
    caller_ = nullptr;
}

void Connection::dispatch() {
    if (closed_) return;
    leave();
    auto message = parser_->release();
    keep_alive_ = message.keep_alive();
    request_->body = std::move(message.body());
    began_ = SteadyClock::now();
    if (only_watches_) return answer_apart();
    if (server_.requests >= server_.options.requests_max) {
        HttpResponse response = busy("too many requests wait: send it again");
        observe(response);
        return answer(std::move(response));
    }
    if (server_.requests == 0 && server_.options.is_brief && server_.options.is_brief(*request_)) {
        HttpResponse response = handle();
        observe(response);
        return answer(std::move(response));
    }
    ++server_.requests;
    stream_.expires_never();
    const bool waits = caller_ && caller_->running >= server_.options.running_each_max;
    waits ? caller_->waiting.push_back(shared_from_this()) : work();
}

void Connection::work() {
    if (caller_) ++caller_->running;
    asio::post(server_.workers, [self = shared_from_this(), caller = caller_] {
        auto response = std::make_shared<HttpResponse>(self->handle());
        self->observe(*response);
        asio::post(self->server_.io, [self, caller, response] {
            --self->server_.requests;
            if (caller) self->start_next(*caller);
            self->answer(std::move(*response));
        });
    });
}

// A request of `caller` has run: its next one may, if the client still waits for that.
void Connection::start_next(HttpCaller& caller) {
    --caller.running;
    while (!caller.waiting.empty() && caller.running < server_.options.running_each_max) {
        const auto next = std::move(caller.waiting.front());
        caller.waiting.pop_front();
        if (!next->client_is_gone()) return next->work();
        --server_.requests;
        next->close();
    }
}

bool Connection::client_is_gone() {
    char byte = 0;
    const auto got = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

void Connection::answer_apart() {
    stream_.expires_never();
    asio::post(server_.watching, [self = shared_from_this()] {
        auto response = std::make_shared<HttpResponse>(self->handle());
        self->observe(*response);
        asio::post(self->server_.io, [self, response] { self->answer(std::move(*response)); });
    });
}

HttpResponse Connection::handle() const {
    try {
        return server_.handler(*request_);
    } catch (const std::exception& error) {
        return http_error(500, "internal", error.what());
    }
}

void Connection::observe(const HttpResponse& response) const {
    HttpExchange exchange;
    exchange.id = request_->id;
    exchange.method = request_->method;
    exchange.route = response.route;
    exchange.status = response.status;
    exchange.duration = std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - began_);
    exchange.answer_bytes = response.body.size();
    server_.observer(exchange);
}

// To what is no request.
void Connection::answer_and_close(HttpResponse response) {
    keep_alive_ = false;
    request_ = std::make_shared<HttpRequest>();
    request_->id = server_.next_id();
    HttpExchange exchange;
    exchange.status = response.status;
    server_.observer(exchange);
    answer(std::move(response));
}

// Of the body nothing was read; where there is one, the connection ends.
void Connection::answer_unread(HttpResponse response) {
    keep_alive_ = parser_->is_done() && parser_->get().keep_alive();
    observe(response);
    answer(std::move(response));
}

void Connection::answer(HttpResponse response) {
    if (closed_) return;
    if (server_.stopping) keep_alive_ = false;
    stand_in(server_.under_way);
    auto message = std::make_shared<http::response<http::string_body>>(static_cast<http::status>(response.status), 11u);
    message->set(http::field::content_type, response.content_type);
    message->set("X-Request-Id", request_->id);
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
void Connection::finish(error_code error) {
    if (error) return close();
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(std::chrono::seconds(1));
    drain();
}

void Connection::drain() {
    drained_.resize(16 * 1024);
    stream_.async_read_some(asio::buffer(drained_),
                            [self = shared_from_this()](error_code error, std::size_t) { error ? self->close() : self->drain(); });
}

void Connection::start_stream(HttpResponse response, const http::response<http::string_body>& like) {
    body_ = std::move(response.stream);
    ++server_.streams;
    auto head = std::make_shared<http::response<http::empty_body>>();
    head->result(static_cast<http::status>(response.status));
    for (const auto& field : like) head->set(field.name_string(), field.value());
    head->chunked(true);
    head->keep_alive(false);
    auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*head);
    http::async_write_header(stream_, *serializer, [self = shared_from_this(), head, serializer](error_code error, std::size_t) {
        error ? self->close() : self->next_piece();
    });
}

void Connection::next_piece() {
    leave();
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

void Connection::send_piece(std::optional<std::string> piece) {
    if (closed_) return;
    if (!piece) return end_chunks();
    if (piece->empty()) return wait_for_news();
    piece_ = std::move(*piece);
    stand_in(server_.under_way);
    stream_.expires_after(server_.options.write_deadline);
    asio::async_write(stream_, http::make_chunk(asio::buffer(piece_)), [self = shared_from_this()](error_code error, std::size_t) {
        error || self->server_.stopping ? self->close() : self->next_piece();
    });
}

void Connection::end_chunks() {
    stand_in(server_.under_way);
    stream_.expires_after(server_.options.write_deadline);
    asio::async_write(stream_, http::make_chunk_last(),
                      [self = shared_from_this()](error_code error, std::size_t) { self->finish(error); });
}

void Connection::wait_for_news() {
    if (server_.stopping) return close();
    waits_ = true;
    stand_in(server_.waiting);
    server_.tick();
    timer_.expires_after(server_.options.keep_alive);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (error || !self->waits_) return;
        self->waits_ = false;
        self->leave();
        const std::string_view text = self->body_->keep_alive();
        text.empty() ? self->next_piece() : self->send_piece(std::string(text));
    });
}

void Connection::stand_in(HttpServer::Parts::Connections& list) {
    leave();
    place_ = list.insert(list.end(), weak_from_this());
    list_ = &list;
}

void Connection::leave() {
    if (list_ != nullptr) list_->erase(place_);
    list_ = nullptr;
}

}  // namespace daybook
