#include "ops/http/http_server.hpp"

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/integration/background.hpp"
#include "tests/integration/http_client.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A server in this process that repeats what it is told.
class EchoServer {
public:
    explicit EchoServer(HttpServerOptions options = {}, HttpHandler handler = echo)
        : server_(std::move(options), std::move(handler), [](const HttpExchange&) {}), running_([this] { server_.run(); }) {}
    ~EchoServer() {
        server_.stop();
        running_.join();
    }
    HttpClient client() const { return HttpClient(server_.port()); }
    HttpServer& operator*() { return server_; }
    HttpServer* operator->() { return &server_; }

    static HttpResponse echo(const HttpRequest& request) {
        HttpResponse response;
        response.content_type = "text/plain";
        response.body = request.method + ' ' + request.path + ' ' + request.body;
        return response;
    }

private:
    HttpServer server_;
    std::thread running_;
};

HttpServerOptions impatient() {
    HttpServerOptions options;
    options.idle_deadline = std::chrono::milliseconds(1000);
    options.body_deadline = std::chrono::milliseconds(1000);
    return options;
}

std::string get_text(const std::string& target, const std::string& headers = "Host: a\r\n") {
    return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

}  // namespace

TEST_CASE("requests on one connection are answered one after the other", "[http]") {
    const EchoServer server;
    HttpClient client = server.client();
    CHECK(client.get("/a").body == "GET /a ");
    CHECK(client.post("/b", "text").body == "POST /b text");
    client.send(get_text("/1") + get_text("/2") + get_text("/3"));
    CHECK(client.receive()->body == "GET /1 ");
    CHECK(client.receive()->body == "GET /2 ");
    CHECK(client.receive()->body == "GET /3 ");
}

TEST_CASE("a path is decoded once, and one that leads upwards or is malformed is refused", "[http]") {
    const EchoServer server;
    HttpClient client = server.client();
    CHECK(client.get("/a%20b%2525?x=1").body == "GET /a b%25 ");
    for (const char* target : {"/../etc/passwd", "/a/./b", "/%2e%2e/x", "/a%00b", "/%zz", "/%4", "/%ff"}) {
        INFO(target);
        CHECK(client.get(target).status == 400);
    }
    client.send(get_text("http://elsewhere/"));
    CHECK(client.receive()->status == 400);
}

TEST_CASE("a body over the limit is refused before it is read, whether its length is told or not", "[http]") {
    HttpServerOptions options;
    options.body_bytes_max = 1000;
    const EchoServer server(options);
    HttpClient told = server.client();
    told.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n");
    CHECK(told.receive()->status == 413);
    CHECK(told.closed());
    HttpClient untold = server.client();
    untold.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "100\r\n" + std::string(256, 'x') + "\r\n";
    for (int i = 0; i < 8; ++i) untold.send(chunk);
    CHECK(untold.receive()->status == 413);
    CHECK(untold.closed());
    HttpClient fits = server.client();
    CHECK(fits.post("/", std::string(1000, 'y')).status == 200);
}

TEST_CASE("who is not admitted is answered before its body is read, and the connection goes on where there is none", "[http]") {
    HttpServerOptions options;
    options.admit = [](const HttpRequest& request) {
        HttpAdmission admission;
        if (!request.header("x-api-key")) admission.refusal = http_error(401, "unauthenticated", request.path);
        return admission;
    };
    const EchoServer server(options);
    HttpClient client = server.client();
    CHECK(client.get("/a").status == 401);
    CHECK(client.post("/b", "text", {{"X-API-Key", "k"}}).body == "POST /b text");
    client.send("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nthe body never ends");
    const auto answer = client.receive();
    REQUIRE(answer);
    CHECK(answer->status == 401);
    CHECK(answer->body.find("/c") != std::string::npos);
    CHECK(client.closed());
    HttpClient careful = server.client();
    careful.send("POST /d HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(careful.receive_header().status == 401);
}

TEST_CASE("a header over 16 KiB is refused", "[http]") {
    const EchoServer server;
    HttpClient client = server.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(20'000, 'x') + "\r\n\r\n");
    CHECK(client.receive()->status == 431);
    CHECK(client.closed());
}

TEST_CASE("a field of a trailer is none of the request's headers: it can't say who calls", "[http]") {
    const EchoServer server({}, [](const HttpRequest& request) {
        HttpResponse response;
        response.body = std::string(request.header("authorization").value_or("nobody")) + ' ' + request.body;
        return response;
    });
    HttpClient client = server.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nAuthorization: Bearer b\r\n\r\n");
    CHECK(client.receive()->body == "nobody x");
}

TEST_CASE("what two readers could take for different requests is refused", "[http]") {
    const EchoServer server;
    for (const char* headers :
         {"Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
          "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
          "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", "Host: a\r\nHost: b\r\n", "X: y\r\n",
          "Host: a\r\nContent-Length: -1\r\n", "Host: a\r\nContent-Length : 3\r\n", "Host: a\r\nContent-Length: 0x3\r\n"}) {
        INFO(headers);
        HttpClient client = server.client();
        client.send(std::string("POST / HTTP/1.1\r\n") + headers + "\r\nabcd");
        const auto answer = client.receive();
        REQUIRE(answer);
        CHECK(answer->status == 400);
        CHECK(client.closed());
    }
}

TEST_CASE("two hosts are refused in HTTP/1.0 too, where none is needed", "[http]") {
    const EchoServer server;
    HttpClient two = server.client();
    two.send("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n");
    CHECK(two.receive()->status == 400);
    HttpClient none = server.client();
    none.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(none.receive()->status == 200);
}

TEST_CASE("what is no HTTP is refused, and the connection closed", "[http]") {
    const EchoServer server;
    for (const char* bytes : {"\x16\x03\x01\x02\x01", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"}) {
        HttpClient client = server.client();
        client.send(bytes);
        client.send("\r\n\r\n");
        const auto answer = client.receive();
        if (answer) CHECK(answer->status == 400);
        CHECK(client.closed());
    }
}

TEST_CASE("a client that is slow with its header or its body is cut off, and others do not notice", "[http]") {
    const EchoServer server(impatient());
    HttpClient slow_header = server.client(), slow_body = server.client(), silent = server.client();
    slow_header.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
    slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    HttpClient other = server.client();
    CHECK(other.get("/").status == 200);
    CHECK(slow_header.closed());
    CHECK(slow_body.closed());
    CHECK(silent.closed());
    HttpClient later = server.client();
    CHECK(later.get("/").status == 200);
}

TEST_CASE("when there are too many connections, the one that was idle longest makes room", "[http]") {
    HttpServerOptions options;
    options.connections_max = 10;
    EchoServer server(options);
    HttpClient first = server.client();
    CHECK(first.get("/").status == 200);
    std::vector<HttpClient> idle;
    for (int i = 0; i < 40; ++i) {
        idle.push_back(server.client());
        HttpClient busy = server.client();
        REQUIRE(busy.get("/").status == 200);
    }
    CHECK(first.closed());
    CHECK(server->state().connections <= 12);
}

TEST_CASE("more requests than may wait are answered with 503 and Retry-After, and nothing else happens to them", "[http]") {
    HttpServerOptions options;
    options.workers = 1;
    options.requests_max = 2;
    std::atomic<bool> go = false;
    std::atomic<int> handled = 0;
    EchoServer server(options, [&](const HttpRequest& request) {
        go.wait(false);
        ++handled;
        return EchoServer::echo(request);
    });
    HttpClient a = server.client(), b = server.client();
    a.send(get_text("/a"));
    b.send(get_text("/b"));
    while (server->state().requests < 2) std::this_thread::yield();
    HttpClient c = server.client();
    const HttpAnswer refused = c.get("/c");
    CHECK(refused.status == 503);
    CHECK(refused.headers.at("retry-after") == "1");
    go = true;
    go.notify_all();
    CHECK(a.receive()->status == 200);
    CHECK(b.receive()->status == 200);
    CHECK(handled == 2);
    CHECK(c.get("/c").status == 200);
}

TEST_CASE("a caller has its share of workers and of waiting; what waits for a client that has gone is not begun", "[http]") {
    HttpServerOptions options;
    options.workers = 3;
    options.running_each_max = 2;
    options.requests_each_max = 6;
    options.admit = [](const HttpRequest& request) {
        HttpAdmission admission;
        admission.caller = std::string(request.path.substr(0, 2));
        return admission;
    };
    std::atomic<bool> go = false;
    std::atomic<int> handled = 0;
    EchoServer server(options, [&](const HttpRequest& request) {
        if (request.path.starts_with("/a")) {
            go.wait(false);
            ++handled;
        }
        return EchoServer::echo(request);
    });
    std::vector<std::optional<HttpClient>> a;
    for (std::size_t i = 1; i <= 6; ++i) {
        a.emplace_back(server.client());
        a.back()->send(get_text("/a" + std::to_string(i)));
        while (server->state().requests < i) std::this_thread::yield();
    }
    HttpClient seventh = server.client(), b = server.client();
    const HttpAnswer refused = seventh.get("/a7");
    CHECK(refused.status == 503);
    CHECK(refused.headers.at("retry-after") == "1");
    CHECK(b.get("/b").status == 200);
    a[2].reset();
    a[3].reset();
    go = true;
    go.notify_all();
    for (const std::size_t i : {0U, 1U, 4U, 5U}) CHECK(a[i]->receive()->body == "GET /a" + std::to_string(i + 1) + ' ');
    CHECK(handled == 4);
    CHECK(seventh.get("/a8").status == 200);
    CHECK(server->state().requests == 0);
}

TEST_CASE("a server that stops answers what it has accepted, and takes nothing more", "[http]") {
    std::atomic<bool> go = false;
    auto server = std::make_unique<EchoServer>(HttpServerOptions{}, [&](const HttpRequest& request) {
        go.wait(false);
        return EchoServer::echo(request);
    });
    HttpClient busy = server->client(), idle = server->client();
    busy.send(get_text("/last"));
    while ((*server)->state().requests < 1) std::this_thread::yield();
    (*server)->stop();
    CHECK(idle.closed());
    go = true;
    go.notify_all();
    const auto answer = busy.receive();
    REQUIRE(answer);
    CHECK(answer->body == "GET /last ");
    CHECK(busy.closed());
}

TEST_CASE("requests are answered while a SIGHUP is seen to, and each is", "[http]") {
    std::atomic<int> heard = 0;
    std::atomic<bool> go = false;
    HttpServerOptions options;
    options.on_hangup = [&] {
        ++heard;
        heard.notify_all();
        go.wait(false);
    };
    const EchoServer server(options);
    HttpClient client = server.client();
    CHECK(client.get("/a").status == 200);  // it runs, and hears signals
    ::raise(SIGHUP);
    heard.wait(0);
    CHECK(client.get("/b").status == 200);
    ::raise(SIGHUP);
    CHECK(client.get("/c").status == 200);
    CHECK(heard == 1);
    go = true;
    go.notify_all();
    heard.wait(1);
    CHECK(client.get("/d").status == 200);
}

TEST_CASE("what a handler throws is answered with 500, and the server goes on", "[http]") {
    const EchoServer server({}, [](const HttpRequest& request) -> HttpResponse {
        if (request.path == "/bad") throw std::runtime_error("broken \"thing\"");
        return EchoServer::echo(request);
    });
    HttpClient client = server.client();
    const HttpAnswer answer = client.get("/bad");
    CHECK(answer.status == 500);
    CHECK(answer.body.find("broken \\\"thing\\\"") != std::string::npos);
    CHECK(client.get("/good").status == 200);
}

TEST_CASE("HEAD is answered as GET without the body", "[http]") {
    const EchoServer server;
    HttpClient client = server.client();
    client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const HttpAnswer header = client.receive_header();
    CHECK(header.status == 200);
    CHECK(client.get("/y").body == "GET /y ");
}

TEST_CASE("a client that waits for 100 Continue gets it before its body, and 413 instead where the body is too large", "[http]") {
    HttpServerOptions options;
    options.body_bytes_max = 100;
    const EchoServer server(options);
    HttpClient client = server.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.receive_header().status == 100);
    client.send("body");
    CHECK(client.receive()->body == "POST / body");
    HttpClient large = server.client();
    large.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 400\r\nExpect: 100-continue\r\n\r\n");
    CHECK(large.receive_header().status == 413);
}

namespace {

// Gives the numbers below `end` as they become known.
class Numbers final : public HttpBodyStream {
public:
    explicit Numbers(const std::atomic<int>& end) : end_(end) {}
    std::optional<std::string> next() override { return next_ < end_ ? std::to_string(next_++) + ";" : std::string(); }
    std::string_view keep_alive() const override { return "."; }

private:
    const std::atomic<int>& end_;
    int next_ = 0;
};

}  // namespace

TEST_CASE("a stream sends what there is, then what comes, and is kept alive between", "[http]") {
    std::atomic<int> end = 3;
    HttpServerOptions options;
    options.keep_alive = std::chrono::milliseconds(50);
    EchoServer server(options, [&](const HttpRequest&) {
        HttpResponse response;
        response.stream = std::make_unique<Numbers>(end);
        return response;
    });
    HttpClient client = server.client();
    client.send(get_text("/"));
    CHECK(client.receive_header().status == 200);
    CHECK(client.receive_until("2;") == "0;1;2;");
    CHECK(client.receive_until("..") == "..");
    end = 5;
    server->news();
    CHECK(client.receive_until("4;").find("3;") != std::string::npos);
    CHECK(server->state().streams == 1);
}

TEST_CASE("a client that does not read its stream holds no more than a piece, and is cut off", "[http]") {
    struct Endless final : HttpBodyStream {
        explicit Endless(std::atomic<int>& asked) : pieces(asked) {}
        std::optional<std::string> next() override {
            ++pieces;
            return std::string(64 * 1024, 'x');
        }
        std::atomic<int>& pieces;
    };
    std::atomic<int> pieces = 0;
    HttpServerOptions options;
    options.write_deadline = std::chrono::milliseconds(300);
    EchoServer server(options, [&](const HttpRequest& request) {
        if (request.path != "/stream") return EchoServer::echo(request);
        HttpResponse response;
        response.stream = std::make_unique<Endless>(pieces);
        return response;
    });
    HttpClient slow = server.client();
    slow.send(get_text("/stream"));
    CHECK(slow.receive_header().status == 200);
    HttpClient other = server.client();
    while (server->state().streams != 0) REQUIRE(other.get("/").status == 200);
    CHECK(pieces < 500);  // what the kernel's buffers take
}

TEST_CASE("an address in use, or none, is said when the server is made", "[http]") {
    EchoServer server;
    HttpServerOptions options;
    options.port = server->port();
    CHECK_THROWS_WITH(HttpServer(options, EchoServer::echo, [](const HttpExchange&) {}), Catch::Contains("Address already in use"));
    options.address = "nowhere";
    CHECK_THROWS_WITH(HttpServer(options, EchoServer::echo, [](const HttpExchange&) {}), Catch::Contains("no IP address"));
}

TEST_CASE("a port is free once its server is gone, whatever programs were started meanwhile", "[http]") {
    HttpServerOptions options;
    std::optional<EchoServer> server(std::in_place);
    options.port = (*server)->port();
    Background other({"sh", "-c", "echo started; exec sleep 60"});
    other.line_with("started");
    server.reset();
    const EchoServer again(options);
    CHECK(again.client().get("/a").body == "GET /a ");
}
