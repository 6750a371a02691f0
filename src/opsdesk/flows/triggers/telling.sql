-- name: by_event
where event = %(event)s and flow_trigger.state = 'active'
order by trigger_id
limit %(limit)s
