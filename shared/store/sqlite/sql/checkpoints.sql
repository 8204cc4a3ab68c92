-- How far each reader of the log has got.
create table if not exists checkpoints (name text primary key, position integer not null) strict, without rowid;

-- How often each lease was given: the token of its last holder (lease.py).
create table if not exists leases (name text primary key, token integer not null) strict, without rowid;
