// One client: reads its requests, one after the other, and writes what they are answered with. For ops/http/ alone: Beast stands
// in it.
#pragma once

#include "ops/http/server_parts.hpp"

#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace daybook {

namespace beast = boost::beast;
namespace http = beast::http;

// All but the handler's work runs on the server's one thread.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(HttpServer::Parts& server, tcp::socket socket);
    ~Connection();

    void start();
    // Ends it, whatever it is doing.
    void close();
    void close_if_idle();
    // There may be another piece for the stream.
    void ask_again();
    // Ends it if it sends a stream.
    void end_stream();

private:
    using Parser = http::request_parser<http::string_body>;
    using SteadyClock = std::chrono::steady_clock;

    // A request comes in …
    void read_header();
    void read_body();
    HttpAdmission admit() const;
    void read_rest();
    void refuse(error_code error);
    bool take_share(const std::string& name);
    void give_share_back();
    void dispatch();
    void work();
    void start_next(HttpCaller& caller);
    bool client_is_gone();
    void answer_apart();
    HttpResponse handle() const;
    void observe(const HttpResponse& response) const;
    // … is answered …
    void answer_and_close(HttpResponse response);
    void answer_unread(HttpResponse response);
    void answer(HttpResponse response);
    void finish(error_code error);
    void drain();
    // … or with a stream.
    void start_stream(HttpResponse response, const http::response<http::string_body>& like);
    void next_piece();
    void send_piece(std::optional<std::string> piece);
    void end_chunks();
    void wait_for_news();
    // Takes its place among those that wait for the same: in one list at most.
    void stand_in(HttpServer::Parts::Connections& list);
    void leave();

    HttpServer::Parts& server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    std::shared_ptr<HttpRequest> request_;  // that is being read, or answered
    std::shared_ptr<HttpCaller> caller_;    // whose request that is, as far as it takes a share
    SteadyClock::time_point began_{};
    HttpServer::Parts::Connections* list_ = nullptr;    // in which it stands
    HttpServer::Parts::Connections::iterator place_{};  // there
    asio::steady_timer timer_;
    std::unique_ptr<HttpBodyStream> body_;
    std::string piece_, drained_;
    bool keep_alive_ = false, is_head_ = false, only_watches_ = false, waits_ = false, closed_ = false;
};

}  // namespace daybook
