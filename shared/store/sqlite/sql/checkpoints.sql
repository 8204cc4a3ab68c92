-- How far each reader of the log has got.
create table if not exists checkpoints (name text primary key, position integer not null) strict, without rowid;
