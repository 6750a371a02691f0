-- name: configuration
-- Everything that a ticket is made of, in one snapshot: the type and its adapt never come from two different saves.
select head.type_id, head.name as type_name, head.version as type_version, outer_version.description,
    outer_version.document::text as type_document, inner_head.adapt_id, inner_head.version as adapt_version,
    inner_version.document::text as adapt_document, scene.name as scene_name, scene.bucket,
    application.name as application_name
from screening_type as head
join screening_type_version as outer_version
    on outer_version.type_id = head.type_id and outer_version.version = head.version
join screening_adapt as inner_head
    on inner_head.type_id = head.type_id and inner_head.application = %(application)s and inner_head.scene = %(scene)s
join screening_adapt_version as inner_version
    on inner_version.adapt_id = inner_head.adapt_id and inner_version.version = inner_head.version
join scene on scene.application = inner_head.application and scene.scene = inner_head.scene
join application on application.application = scene.application
where head.type_id = %(type_id)s;
