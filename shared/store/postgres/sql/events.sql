-- The log: one table, two btrees, no other index. `message` is the whole event as every reader gets it, put together once, when it is
-- appended; the columns beside it are what the log itself looks for. `json` and not `jsonb`: the bytes stay, and loads go faster.
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
