-- name: of_order
select held.lot_id, held.points, points_lot.expires_at, released.kind
from points_posting as held
join points_lot using (lot_id)
left join points_posting as released
    on released.order_id = held.order_id and released.lot_id = held.lot_id and released.kind <> 2
where held.order_id = %(order_id)s and held.kind = 2
order by points_lot.expires_at, held.lot_id;
