-- What the gateways of an installation have to know of each other, for a limited time: rows are deleted once `expires_at` is over.
-- `uses` counts the requests with a key that were not refused: at 0 the key is free.
create table if not exists ended_sessions (id text primary key, expires_at integer not null) strict, without rowid;
create table if not exists command_keys (key text primary key, asked text not null, uses integer not null, expires_at integer not null)
strict, without rowid;
-- A login link, by the digest of its secret; `opens` is sealed with the key of the installation.
create table if not exists login_links (link text primary key, opens text not null, expires_at integer not null) strict, without rowid;
