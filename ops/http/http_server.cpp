#include "ops/http/http_server.hpp"

#include <stdexcept>

#include <fcntl.h>

#include <boost/asio/post.hpp>

#include "ops/http/connection.hpp"

namespace daybook {

namespace {

// A program that this process starts would keep the port, or the connection, beyond its end here; Asio leaves that to its user.
void keep_from_children(int socket) { ::fcntl(socket, F_SETFD, FD_CLOEXEC); }

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
    keep_from_children(acceptor.native_handle());
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
    if (connections >= options.connections_max && !make_room()) return;
    keep_from_children(socket.native_handle());
    const auto connection = std::make_shared<Connection>(*this, std::move(socket));
    all.remove_if([](const auto& other) { return other.expired(); });
    all.push_back(connection);
    connection->start();
}

// Who waits for its client gives way to a new one; where all are at work, the new one is closed.
bool HttpServer::Parts::make_room() {
    const Connections& longest = idle.empty() ? under_way : idle;
    const auto connection = longest.empty() ? nullptr : longest.front().lock();
    if (connection) connection->close();
    return connection != nullptr;
}

void HttpServer::Parts::wait_for_signals() {
    signals.async_wait([this](error_code error, int) {
        if (!error) stop();
    });
}

void HttpServer::Parts::wait_for_hangup() {
    hangup.async_wait([this](error_code error, int) {
        if (error) return;
        if (options.on_hangup) asio::post(reloading, options.on_hangup);
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
    while (!waiting.empty()) {
        const auto connection = waiting.front().lock();
        connection ? connection->ask_again() : waiting.pop_front();
    }
}

void HttpServer::Parts::stop() {
    if (std::exchange(stopping, true)) return;
    if (options.on_stop) options.on_stop();
    error_code ignored;
    signals.clear(ignored);  // they do again what they do by default
    acceptor.close(ignored);
    for (const auto& place : all) {
        const auto connection = place.lock();
        if (!connection) continue;
        connection->close_if_idle();
        connection->end_stream();
    }
    end.expires_after(options.stop_deadline);
    end.async_wait([this](error_code) {
        drop_waiting();
        io.stop();
    });
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

void HttpServer::Parts::drop_waiting() {
    for (const auto& [name, caller] : callers) caller->waiting.clear();
    workers.stop();
    watching.stop();
    reloading.stop();
}

void HttpServer::Parts::join() {
    workers.join();
    watching.join();
    reloading.join();
}

HttpServer::HttpServer(HttpServerOptions options, HttpHandler handler, std::function<void(const HttpExchange&)> observer)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(handler), std::move(observer))) {
    parts_->listen();
}

HttpServer::~HttpServer() {
    parts_->drop_waiting();
    parts_->join();
}

std::uint16_t HttpServer::port() const { return parts_->port; }

void HttpServer::run() {
    parts_->accept();
    parts_->wait_for_signals();
    parts_->wait_for_hangup();
    parts_->wait_a_second();
    parts_->io.run();
    parts_->join();
}

void HttpServer::stop() {
    asio::post(parts_->io, [parts = parts_.get()] { parts->stop(); });
}

void HttpServer::news() {
    asio::post(parts_->io, [parts = parts_.get()] { parts->tell_news(); });
}

HttpServerState HttpServer::state() const { return {parts_->connections, parts_->streams, parts_->requests}; }

}  // namespace daybook
