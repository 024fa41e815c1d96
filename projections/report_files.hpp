// A report as its two files.
#pragma once

#include <string>

namespace daybook {

struct ReportFiles {
    std::string json, markdown;
};

}  // namespace daybook
