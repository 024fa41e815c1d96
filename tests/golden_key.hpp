// The key of RFC 8032 section 7.1 test 1, under the name of the golden checkpoint.
#pragma once

#include <algorithm>
#include <string>

#include "journal/ed25519.hpp"
#include "journal/sha256.hpp"

namespace daybook::test {

inline const std::string golden_name = "example.com/daybook";
inline const std::string golden_vkey = "example.com/daybook+fe5422fe+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";

inline Ed25519PrivateKey golden_private_key() {
    Ed25519Seed seed;
    const std::string bytes = from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value();
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(seed.data()));
    return Ed25519PrivateKey(seed);
}

}  // namespace daybook::test
