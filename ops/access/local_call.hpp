// Whether a call comes from a program on this machine, as far as its header tells: what a server without keys goes by.
//
// It listens on loopback alone, but a browser on this machine reaches it too, for any web page: a page may send it simple requests
// (the Fetch standard, section 2.2.2), and by DNS rebinding read the answers, since the page's own name then leads to loopback. A
// browser can't hide from where it asks: the name stands in Host, the page in Origin and Sec-Fetch-Site.
#pragma once

#include <optional>
#include <string_view>

#include "journal/result.hpp"

namespace daybook {

// What the header of a request says of who calls. A view.
struct CallHeader {
    std::optional<std::string_view> key;  // what is presented as an API key
    std::optional<std::string_view> host, origin, fetch_site;
};

// Nothing where the call is from here. Refuses: not_permitted (by which name it was called, or from which page).
std::optional<Refusal> not_local(const CallHeader& header);

}  // namespace daybook
