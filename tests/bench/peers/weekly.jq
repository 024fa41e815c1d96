# Incident state from events.jsonl, as daybook folds it, and how many incidents each ISO week opened and resolved.
# jq -n -r -f weekly.jq events.jsonl
def week: .[0:19] + "Z" | fromdate | strftime("%G-%V");

reduce inputs as $event ({};
    setpath([$event.incident_id]; .[$event.incident_id]  # not |=, which copies all incidents for each event
        | .events += 1
        | if $event.type == "incident_created" then
              .severity = $event.meta.severity | .status = "open" | .started_at = $event.meta.started_at
          elif $event.type == "severity_changed" then .severity = $event.meta.to
          elif $event.type == "status_changed" then
              .status = $event.meta.to
              | if .status == "resolved" then .resolved_at = $event.ts
                elif .status == "closed" then .
                else .resolved_at = null end
          else . end))
| reduce .[] as $state ({};
    .[$state.started_at | week].opened += 1
    | if $state.resolved_at then .[$state.resolved_at | week].resolved += 1 else . end)
| to_entries | sort_by(.key)[]
| "\(.key) \(.value.opened // 0) \(.value.resolved // 0)"
