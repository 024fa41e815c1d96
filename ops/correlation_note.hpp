// The note into which a correlation goes, from wherever it was asked for.
#pragma once

#include "ingest/commands.hpp"
#include "projections/correlate.hpp"

namespace daybook {

// Writes the findings into the incident's timeline, once: the same findings again write nothing (the answer says `duplicate`), and
// none write none. `context` says who asks and when; its key is the findings'. Refuses as a note does.
Result<CommandOutcome> append_correlation_note(CommandHandler& commands, const Correlations& correlations, CommandContext context);

}  // namespace daybook
