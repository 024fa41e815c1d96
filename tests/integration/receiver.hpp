// Who is told by webhooks: an HTTP server in this process that writes down what comes, and answers as it is told to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ops/http/http_server.hpp"
#include "tests/integration/server.hpp"

namespace daybook::test {

class TestReceiver {
public:
    struct Delivery {
        std::string id, timestamp, signature, body;
        int status = 0;  // what it was answered

        // Whether the body holds the text, such as "\"kind\":\"opened\"".
        bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
    };
    // The status to answer with; called on threads of the server's.
    using Answer = std::function<int(const Delivery&)>;

    explicit TestReceiver(Answer answer = [](const Delivery&) { return 200; }) : answer_(std::move(answer)) { start(); }
    ~TestReceiver() { stop(); }
    TestReceiver(const TestReceiver&) = delete;
    TestReceiver& operator=(const TestReceiver&) = delete;

    // It dies; and comes back on the port that it had.
    void stop() {
        if (!server_) return;
        server_->stop();
        running_.join();
        server_.reset();
    }
    void start() {
        HttpServerOptions options;
        options.port = port_;
        server_ = std::make_unique<HttpServer>(
            options, [this](const HttpRequest& request) { return take(request); }, [](const HttpExchange&) {});
        port_ = server_->port();
        running_ = std::thread([this] { server_->run(); });
    }
    std::uint16_t port() const { return port_; }
    void answer_with(Answer answer) {
        const std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
    }
    std::vector<Delivery> all() const {
        const std::lock_guard lock(mutex_);
        return deliveries_;
    }
    // Those that it took.
    std::vector<Delivery> taken() const {
        std::vector<Delivery> taken = all();
        std::erase_if(taken, [](const Delivery& delivery) { return delivery.status != 200; });
        return taken;
    }
    // Waits until it has taken that many; whether it did.
    bool takes(std::size_t count) const {
        return becomes_true([&] { return taken().size() >= count; });
    }

private:
    HttpResponse take(const HttpRequest& request) {
        Delivery delivery;
        delivery.id = request.header("webhook-id").value_or("");
        delivery.timestamp = request.header("webhook-timestamp").value_or("");
        delivery.signature = request.header("webhook-signature").value_or("");
        delivery.body = request.body;
        Answer answer;
        {
            const std::lock_guard lock(mutex_);
            answer = answer_;
        }
        delivery.status = answer(delivery);
        HttpResponse response;
        response.status = delivery.status;
        const std::lock_guard lock(mutex_);
        deliveries_.push_back(std::move(delivery));
        return response;
    }

    mutable std::mutex mutex_;
    Answer answer_;
    std::vector<Delivery> deliveries_;
    std::uint16_t port_ = 0;
    std::unique_ptr<HttpServer> server_;
    std::thread running_;
};

}  // namespace daybook::test
