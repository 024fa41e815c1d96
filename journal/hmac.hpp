// HMAC-SHA256 (RFC 2104, FIPS 198-1), with which webhooks are signed, those that come and those that go.
#pragma once

#include <initializer_list>
#include <string_view>

#include "journal/sha256.hpp"

namespace daybook {

// Of the parts, one after the other.
Digest hmac_sha256(std::string_view key, std::initializer_list<std::string_view> parts);

// Whether both are equal, in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace daybook
