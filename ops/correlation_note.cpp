#include "ops/correlation_note.hpp"

namespace daybook {

Result<CommandOutcome> append_correlation_note(CommandHandler& commands, const Correlations& correlations, CommandContext context) {
    auto note = correlation_note(correlations);
    if (!note) {
        CommandOutcome nothing;
        nothing.incident_id = correlations.incident.id;
        return nothing;
    }
    AppendEntry entry;
    entry.incident_id = correlations.incident.id;
    entry.message = std::move(note->message);
    entry.meta = JsonText{std::move(note->meta)};
    context.idempotency_key = std::move(note->key);
    return commands.run(entry, context);
}

}  // namespace daybook
