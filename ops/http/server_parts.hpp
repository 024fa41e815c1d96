// What the server and its connections share. For ops/http/ alone: Asio stands in it.
#pragma once

#include <utility>  // before Asio, which forgets it

#include <atomic>
#include <csignal>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "ops/http/http_server.hpp"

namespace daybook {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

class Connection;

// Whose requests share a limit.
struct HttpCaller {
    explicit HttpCaller(std::string known_as) : name(std::move(known_as)) {}
    const std::string name;
    std::size_t requests = 0, running = 0;
    std::deque<std::shared_ptr<Connection>> waiting;  // until fewer run
};

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
          workers(options.workers),
          watching(1),
          reloading(1) {}

    void listen();
    void accept();
    void take(tcp::socket socket);
    bool make_room();
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
    asio::steady_timer pause;   // after an accept that failed for want of files
    asio::steady_timer end;     // of the time to stop in
    asio::steady_timer ticker;  // asks for news
    asio::steady_timer second;  // passes
    using Connections = std::list<std::weak_ptr<Connection>>;
    Connections idle;       // between two requests, the one that has been so longest first; as the next
    Connections under_way;  // a body comes or an answer goes, as quickly as the client has it
    Connections waiting;    // streams without news
    Connections all;
    std::map<std::string, std::shared_ptr<HttpCaller>, std::less<>> callers;  // who has requests
    std::atomic<std::size_t> connections = 0, requests = 0, streams = 0;
    std::uint64_t last_id = 0;
    bool stopping = false;
    bool ticking = false;
    std::uint16_t port = 0;
    void drop_waiting();
    void join();

    // The last members: their threads end first.
    asio::thread_pool workers;
    asio::thread_pool watching;   // answers who only watches
    asio::thread_pool reloading;  // hears SIGHUP
};

}  // namespace daybook
