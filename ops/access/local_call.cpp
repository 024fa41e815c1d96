#include "ops/access/local_call.hpp"

#include <algorithm>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "ops/visible.hpp"

namespace daybook {
namespace {

constexpr const char* way_out = ", or make a key with `daybook key create`";

bool is_localhost(std::string_view name) {
    constexpr std::string_view localhost = "localhost";
    return std::equal(name.begin(), name.end(), localhost.begin(), localhost.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

// HOST or HOST:PORT (RFC 3986 section 3.2). A name that leads to loopback is none of it: anyone can make one.
bool is_loopback(std::string_view authority) {
    const bool in_brackets = authority.starts_with('[');
    const std::size_t end = in_brackets ? authority.find(']') : authority.find(':');
    const std::string host(authority.substr(in_brackets ? 1 : 0, in_brackets && end != std::string_view::npos ? end - 1 : end));
    in_addr v4{};
    in6_addr v6{};
    if (in_brackets) return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
    if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return is_localhost(host);
}

bool is_loopback_page(std::string_view origin) {
    const std::size_t scheme = origin.find("://");
    return scheme != std::string_view::npos && is_loopback(origin.substr(scheme + 3));
}

Refusal refused(const std::string& why) { return {RefusalCode::not_permitted, why + way_out, ""}; }

}  // namespace

std::optional<Refusal> not_local(const CallHeader& header) {
    if (header.host && !is_loopback(*header.host)) {
        return refused("without a key the server answers only who calls it 127.0.0.1, [::1] or localhost, not " +
                       visible(*header.host, Breaks::escape) + ": call it by one of those");
    }
    const bool from_elsewhere = header.origin ? !is_loopback_page(*header.origin) : header.fetch_site == "cross-site";
    if (!from_elsewhere) return std::nullopt;
    return refused("without a key the server answers no web page of elsewhere, such as " +
                   visible(header.origin.value_or("one that leads here"), Breaks::escape) + ": call it from a program");
}

}  // namespace daybook
