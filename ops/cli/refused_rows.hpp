// For imports from elsewhere than files: how a person is told of what is refused.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ingest/ingest.hpp"
#include "ops/cli/command_set.hpp"

namespace daybook {

// What is refused, and where a person finds it; of one of the three files.
using TellPlace = std::function<std::string(std::string_view file, const RefusedLine& line)>;
// `layout` needs no name.
ExitStatus import_layout(Session& session, const LayoutToImport& layout, const TellPlace& place);

}  // namespace daybook
