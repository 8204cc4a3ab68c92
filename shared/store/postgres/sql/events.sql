-- The log: one table with two B-tree indexes. `message` is the complete event as every reader gets it, built once, when it is appended;
-- the other columns are those that the log itself searches. Why `json` and not `jsonb`: it keeps the bytes, and is faster to load.
create table if not exists public.events (
    position bigint primary key,
    stream text not null,
    version bigint not null,
    type text not null,
    recorded_at timestamptz not null,
    message json not null,
    unique (stream, version)
);

create table if not exists public.checkpoints (name text primary key, position bigint not null);
