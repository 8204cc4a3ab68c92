-- The places of readers, beside an SQLite log or in a file of their own.
create table if not exists checkpoints (name text primary key, position integer not null) strict, without rowid;
