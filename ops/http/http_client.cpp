#include "ops/http/http_client.hpp"

#include <utility>  // before Asio, which forgets it

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "journal/control.hpp"

namespace daybook {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

std::optional<std::chrono::seconds> seconds_in(std::string_view text) {
    unsigned seconds = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
    return std::chrono::seconds(seconds);
}

template <class Stream>
asio::awaitable<HttpReply> exchange(Stream& stream, const HttpPost& post) {
    http::request<http::string_body> request{http::verb::post, post.url.target, 11};
    request.set(http::field::host, post.url.authority());
    request.set(http::field::user_agent, "daybook/" DAYBOOK_VERSION);
    request.set(http::field::content_type, post.content_type);
    request.set(http::field::connection, "close");
    for (const auto& [name, value] : post.headers) request.set(name, value);
    request.body() = post.body;
    request.prepare_payload();
    co_await http::async_write(stream, request, asio::use_awaitable);

    boost::beast::flat_buffer buffer;
    std::optional<http::response_parser<http::empty_body>> answer;
    int interim_left = 16;  // answers of 100 to 199, which come before the one that counts
    do {
        if (interim_left-- == 0) throw boost::system::system_error(http::error::bad_status);
        answer.emplace();
        answer->header_limit(16 * 1024);
        co_await http::async_read_header(stream, buffer, *answer, asio::use_awaitable);
    } while (answer->get().result_int() < 200);
    HttpReply reply;
    reply.status = static_cast<int>(answer->get().result_int());
    const auto retry_after = answer->get()[http::field::retry_after];
    reply.retry_after = seconds_in({retry_after.data(), retry_after.size()});
    co_return reply;
}

asio::awaitable<HttpReply> send_over_tls(tcp::socket socket, const HttpPost& post) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_verify_mode(asio::ssl::verify_peer);
    if (post.ca_file.empty()) {
        tls.set_default_verify_paths();
    } else {
        tls.load_verify_file(post.ca_file);
    }
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
    stream.set_verify_callback(asio::ssl::host_name_verification(post.url.host));
    boost::system::error_code no_address;
    asio::ip::make_address(post.url.host, no_address);
    if (no_address) {  // a name: which one is meant (RFC 6066 section 3), as the macro SSL_set_tlsext_host_name says it
        SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(post.url.host.c_str()));
    }
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_return co_await exchange(stream, post);
}

asio::awaitable<HttpReply> send_over(asio::io_context& io, const HttpPost& post) {
    tcp::resolver resolver(io);
    const auto endpoints = co_await resolver.async_resolve(post.url.host, post.url.port, asio::use_awaitable);
    tcp::socket socket(io);
    co_await asio::async_connect(socket, endpoints, asio::use_awaitable);
    if (post.url.tls) co_return co_await send_over_tls(std::move(socket), post);
    co_return co_await exchange(socket, post);
}

}  // namespace

std::string HttpUrl::authority() const {
    const std::string name = host.find(':') == std::string::npos ? host : '[' + host + ']';
    return port == (tls ? "443" : "80") ? name : name + ':' + port;
}

std::optional<HttpUrl> parse_http_url(std::string_view text) {
    HttpUrl url;
    constexpr std::string_view plain = "http://", over_tls = "https://";
    url.tls = text.starts_with(over_tls);
    if (!url.tls && !text.starts_with(plain)) return std::nullopt;
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '#' && c != '\\'; }))
        return std::nullopt;
    text.remove_prefix(url.tls ? over_tls.size() : plain.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    std::string_view authority = text.substr(0, end);
    url.target = text.substr(end);
    if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
    if (authority.find('@') != std::string_view::npos) return std::nullopt;
    url.port = url.tls ? "443" : "80";
    const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::size_t colon = authority.find(':', bracket);
    if (colon != std::string_view::npos) {
        url.port = authority.substr(colon + 1);
        unsigned port = 0;
        const auto read = std::from_chars(url.port.data(), url.port.data() + url.port.size(), port);
        if (read.ec != std::errc() || read.ptr != url.port.data() + url.port.size() || port == 0 || port > 65'535)
            return std::nullopt;
        authority = authority.substr(0, colon);
    }
    url.host = bracket == 0 ? authority : authority.substr(1, bracket - 1);
    if (url.host.empty() || (bracket != 0 && authority.size() != bracket + 1)) return std::nullopt;
    return url;
}

HttpReply send(const HttpPost& post, const std::stop_token& stop) {
    HttpReply reply;
    // What could end a header's line and begin another (RFC 9110 section 5.5).
    const bool unsafe = has_control(post.content_type) ||
                        std::any_of(post.headers.begin(), post.headers.end(),
                                    [](const auto& one) { return has_control(one.first) || has_control(one.second); });
    if (unsafe) {
        reply.error = "a header holds a control character: nothing was sent";
        return reply;
    }
    reply.error = "no answer within " + std::to_string(post.deadline.count()) + " s";
    asio::io_context io{1};
    const std::stop_callback cancel(stop, [&io] { io.stop(); });
    asio::co_spawn(io, send_over(io, post), [&](const std::exception_ptr& failed, HttpReply answer) {
        if (!failed) {
            reply = std::move(answer);
            return;
        }
        try {
            std::rethrow_exception(failed);
        } catch (const boost::system::system_error& error) {
            reply.error = error.code().message();
        }
    });
    io.run_for(post.deadline);
    if (stop.stop_requested() && reply.status == 0) reply.error = "stopped";
    return reply;
}

}  // namespace daybook
