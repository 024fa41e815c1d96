#include "ops/own_events.hpp"

#include <utility>

namespace daybook {

Batch OwnEvents::batch(const std::vector<Payload>& payloads) const {
    Batch batch;
    for (const Payload& payload : payloads) {
        NewEvent event;
        event.stream = stream;
        event.payload = encode(payload);
        event.occurred_at = occurred_at;
        event.actor = actor;
        event.source = source;
        batch.events.push_back(std::move(event));
    }
    return batch;
}

AppendRequest append_request(const OwnEvents& where, const std::vector<Payload>& payloads, std::optional<KeyedInput> input) {
    AppendRequest request;
    request.input = std::move(input);
    request.decide = [batch = where.batch(payloads)](const JournalView&, Time) -> Result<Batch> { return batch; };
    return request;
}

}  // namespace daybook
