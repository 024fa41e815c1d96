// The words of a title as correlation compares them: numbers, ids and hosts are masked, so that "disk full on db-3" and "Disk full
// on db-7" are the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace daybook {

// In the order of the title; none for "[redacted]". A word is a run of letters, digits, bytes beyond ASCII and . _ - : / @ inside
// of it; ASCII letters become small.
//   <number>  5  12.5  10:30  500ms  80gb
//   <id>      8 characters or more with letters and digits, a UUID, 0x7f
//   <host>    db-3  web01  db.example.org  10.0.0.1:8080  (a name that ends with a number, two labels or more, an address)
// Other words stay: 5xx, p99 and s3 as they are, since a name before a number has two letters or a dash.
std::vector<std::string> title_tokens(std::string_view title);

// ⌊10 × |a ∩ b| ÷ |a ∪ b|⌋ of two sets that are sorted; 0 where both are empty.
template <class Token>
int jaccard_tenths(const std::vector<Token>& a, const std::vector<Token>& b) {
    std::size_t both = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        if (a[i] < b[j]) {
            ++i;
        } else if (b[j] < a[i]) {
            ++j;
        } else {
            ++both, ++i, ++j;
        }
    }
    const std::size_t either = a.size() + b.size() - both;
    return either == 0 ? 0 : static_cast<int>(10 * both / either);
}

}  // namespace daybook
