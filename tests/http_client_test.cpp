#include "ops/http/http_client.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include "ops/http/http_server.hpp"
#include "tests/integration/background.hpp"
#include "tests/support.hpp"

using namespace daybook;
using namespace daybook::test;

namespace {

// A server in this process, for as long as it lives.
class LocalServer {
public:
    explicit LocalServer(HttpHandler handler)
        : server_({}, std::move(handler), [](const HttpExchange&) {}), running_([this] { server_.run(); }) {}
    ~LocalServer() {
        server_.stop();
        running_.join();
    }
    HttpUrl url(const std::string& target) const {
        return *parse_http_url("http://127.0.0.1:" + std::to_string(server_.port()) + target);
    }

private:
    HttpServer server_;
    std::thread running_;
};

HttpPost post_to(HttpUrl url) {
    HttpPost post;
    post.url = std::move(url);
    post.body = "{\"a\":1}";
    return post;
}

}  // namespace

TEST_CASE("an http or https URL is taken apart, and one with anything else in it is none", "[http]") {
    CHECK(parse_http_url("https://hooks.example.org/a/b?c=%20d") == HttpUrl{true, "hooks.example.org", "443", "/a/b?c=%20d"});
    CHECK(parse_http_url("http://localhost:8080") == HttpUrl{false, "localhost", "8080", "/"});
    CHECK(parse_http_url("http://a?b") == HttpUrl{false, "a", "80", "/?b"});
    CHECK(parse_http_url("http://[::1]:81/x") == HttpUrl{false, "::1", "81", "/x"});
    CHECK(parse_http_url("http://[::1]/")->authority() == "[::1]");
    CHECK(parse_http_url("http://a:81/")->authority() == "a:81");
    for (const char* text : {"", "http://", "https:///x", "ftp://a/", "//a/", "http://user:word@a/", "http://a/#b", "http://a/b c",
                             "http://a/\r\nX: y", "http://a:0/", "http://a:65536/", "http://a:/", "http://a:8x/", "http://[::1/",
                             "http://[::1]x/", "http://\xc3\xa4/", "http://a\\b/"}) {
        INFO(text);
        CHECK_FALSE(parse_http_url(text));
    }
}

TEST_CASE("a post carries its body and headers, and gives the answer's status", "[http]") {
    std::mutex mutex;
    HttpRequest seen;
    const LocalServer server([&](const HttpRequest& request) {
        const std::lock_guard lock(mutex);
        seen = request;
        HttpResponse response;
        response.status = 503;
        response.headers.emplace_back("Retry-After", "7");
        return response;
    });
    HttpPost post = post_to(server.url("/hook?x=1"));
    post.headers = {{"webhook-id", "one"}};
    const HttpReply reply = send(post, {});
    CHECK(reply.status == 503);
    CHECK(reply.retry_after == std::chrono::seconds(7));
    const std::lock_guard lock(mutex);
    CHECK(seen.method == "POST");
    CHECK(seen.path == "/hook");
    CHECK(seen.parameter("x") == "1");
    CHECK(seen.header("webhook-id") == "one");
    CHECK(seen.header("content-type") == "application/json");
    CHECK(seen.body == "{\"a\":1}");
}

TEST_CASE("a header that could begin another one is refused, and nothing is sent", "[http]") {
    std::atomic<int> asked = 0;
    const LocalServer server([&](const HttpRequest&) {
        ++asked;
        return HttpResponse();
    });
    HttpPost post = post_to(server.url("/"));
    const auto refused = [&] {
        const HttpReply reply = send(post, {});
        return reply.status == 0 && reply.error.find("control character") != std::string::npos;
    };
    for (const char* text : {"one\r\nX-Injected: yes", "one\n", "\r", "a\tb", "\x7f"}) {
        post.headers = {{"webhook-id", text}};
        CHECK(refused());
        post.headers = {{text, "one"}};
        CHECK(refused());
    }
    post.headers = {{"webhook-id", "one"}, {"x", "\xc3\xa4"}};
    CHECK(send(post, {}).status == 200);
    post.content_type = "text/plain\r\nX-Injected: yes";
    CHECK(refused());
    CHECK(asked == 1);
}

TEST_CASE("nobody there, nobody who answers in time, and a stop in between end a post with the reason", "[http]") {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false, asked = false;
    const LocalServer server([&](const HttpRequest&) {
        std::unique_lock lock(mutex);
        asked = true;
        changed.notify_all();
        changed.wait(lock, [&] { return over; });
        return HttpResponse();
    });
    HttpPost post = post_to(server.url("/"));
    post.deadline = std::chrono::seconds(1);
    CHECK(send(post, {}).error == "no answer within 1 s");
    post.deadline = std::chrono::seconds(60);
    {
        const std::lock_guard lock(mutex);
        asked = false;
    }
    std::stop_source stop;
    std::thread stopping([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return asked; });
        stop.request_stop();
    });
    const HttpReply stopped = send(post, stop.get_token());
    stopping.join();
    CHECK(stopped.status == 0);
    CHECK(stopped.error == "stopped");
    {
        const std::lock_guard lock(mutex);
        over = true;
    }
    changed.notify_all();
    const HttpUrl nobody = [] { return LocalServer([](const HttpRequest&) { return HttpResponse(); }).url("/"); }();
    const HttpReply refused = send(post_to(nobody), {});
    CHECK(refused.status == 0);
    CHECK(refused.error == "Connection refused");
}

TEST_CASE("over TLS the other end must show a certificate for its name, from someone who is trusted", "[http]") {
    const TemporaryDirectory directory;
    const std::string key = (directory / "key.pem").string(), certificate = (directory / "certificate.pem").string();
    const Outcome made =
        run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate});
    REQUIRE(made.status == 0);
    write_file(directory / "server.py", R"(
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200 if body == b'{"a":1}' else 400)
        self.end_headers()
server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = tls.wrap_socket(server.socket, server_side=True)
print('port', server.server_port, flush=True)
server.serve_forever()
)");
    Background server({"python3", (directory / "server.py").string(), certificate, key});
    const std::string line = server.line_with("port ");
    const std::string port = line.substr(line.find(' ') + 1);
    HttpPost post = post_to(*parse_http_url("https://localhost:" + port + "/"));
    post.ca_file = certificate;
    const HttpReply reply = send(post, {});
    INFO(reply.error);
    CHECK(reply.status == 200);
    post.url.host = "127.0.0.1";  // not what the certificate is for
    CHECK(send(post, {}).error.find("certificate verify failed") != std::string::npos);
    post.url.host = "localhost";
    post.ca_file.clear();  // the system trusts nobody who signs for himself
    CHECK(send(post, {}).error.find("certificate verify failed") != std::string::npos);
    post.ca_file = (directory / "nothing.pem").string();
    CHECK(send(post, {}).status == 0);
}

TEST_CASE("answers that come before the one that counts are passed over", "[http]") {
    boost::asio::io_context io;
    boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::string answers = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    SECTION("few of them") {}
    SECTION("one after the other without an end") {
        for (int i = 0; i < 100; ++i) answers += "HTTP/1.1 100 Continue\r\n\r\n";
    }
    const bool few = answers.size() < 1000;
    answers += "HTTP/1.1 204 No Content\r\nRetry-After: 9\r\n\r\n";
    std::thread server([&] {
        auto socket = acceptor.accept();
        std::string request;
        boost::system::error_code ended;
        boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "{\"a\":1}", ended);
        boost::asio::write(socket, boost::asio::buffer(answers), ended);
    });
    const HttpReply reply =
        send(post_to(*parse_http_url("http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()) + "/")), {});
    server.join();
    CHECK(reply.status == (few ? 204 : 0));
    CHECK(reply.retry_after == (few ? std::optional(std::chrono::seconds(9)) : std::nullopt));
    CHECK(reply.error.empty() == few);
    CHECK(reply.error.find("no answer within") == std::string::npos);  // it does not wait to its deadline
}
