-- name: by_event
where event = %(event)s and flow_trigger.state = 'active'
order by trigger_id
limit %(limit)s

-- name: events_wanted
select distinct event from flow_trigger where event = any(%(names)s) and state = 'active'
